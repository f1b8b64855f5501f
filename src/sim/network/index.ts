/** A network without I/O: lines, partitions, and HTTP with its vices. */
export * from "./http-faults.ts";
export * from "./line.ts";
export * from "./network.ts";
export * from "./partitions.ts";
