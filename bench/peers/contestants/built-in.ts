import type { Contestant } from "../contestant.ts";
import { holdfast } from "./holdfast.ts";
import { coalescedTcp, rawTcp } from "./raw-tcp.ts";
import { ws } from "./ws.ts";

/** Those that need nothing but what this package itself has installed. */
export const contestants: readonly Contestant[] = [rawTcp, coalescedTcp, ws, ...holdfast];
