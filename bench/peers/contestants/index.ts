import type { Contestant } from "../contestant.ts";
import { engineIo } from "./engine-io.ts";
import { holdfast } from "./holdfast.ts";
import { coalescedTcp, rawTcp } from "./raw-tcp.ts";
import { socketIo } from "./socket-io.ts";
import { ws } from "./ws.ts";

/** In the order of the tables. */
export const contestants: readonly Contestant[] = [
  rawTcp,
  coalescedTcp,
  ws,
  ...engineIo,
  ...socketIo,
  ...holdfast,
];
