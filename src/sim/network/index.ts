/** A network without I/O: lines, partitions, and HTTP with its vices. */
export { type HttpFaults, type HttpMark, NO_HTTP_FAULTS } from "./http-faults.ts";
export {
  type Carried,
  type GilbertElliott,
  Line,
  type LineMark,
  type LineOptions,
  PERFECT_LINE,
} from "./line.ts";
export {
  Network,
  type NetworkMark,
  type NetworkNames,
  type NetworkOptions,
  PERFECT_NETWORK,
} from "./network.ts";
export {
  type Cut,
  NO_PARTITIONS,
  type PartitionMark,
  type PartitionOptions,
  Partitions,
} from "./partitions.ts";
export { NO_PIPE_FAULTS, type PipeFaultMark, type PipeFaults } from "./pipe-faults.ts";
