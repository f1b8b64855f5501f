import type { Contestant } from "../contestant.ts";
import { engineIo } from "./engine-io.ts";
import { fayeWebSocket } from "./faye.ts";
import { holdfast } from "./holdfast.ts";
import { plainPost } from "./plain-post.ts";
import { coalescedTcp, rawTcp } from "./raw-tcp.ts";
import { socketIo } from "./socket-io.ts";
import { sockJs } from "./sockjs.ts";
import { sse } from "./sse.ts";
import { ws } from "./ws.ts";

/** In the order of the tables. */
export const contestants: readonly Contestant[] = [
  rawTcp,
  coalescedTcp,
  ws,
  ...engineIo,
  ...socketIo,
  ...sockJs,
  fayeWebSocket,
  plainPost,
  sse,
  ...holdfast,
];
