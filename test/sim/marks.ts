// What random runs of cores have to meet, or they show nothing.

import type { SimulationMark } from "../../src/sim/index.ts";

/** What the runs of all seeds are meant to meet. */
export const MARKS: readonly SimulationMark[] = [
  // Lines.
  "lost",
  "burst",
  "late",
  "doubled",
  "truncated",
  "damaged",
  "queue full",
  // HTTP.
  "answer lost",
  "request fails",
  "client aborts",
  "gateway",
  "page",
  "replayed",
  "buffered",
  "idle cut",
  "too large",
  "middle restarts",
  "given up",
  // Times without a network.
  "partition",
  "partition up",
  "partition down",
  "cut off",
  "held up",
  // Hosts.
  "server crash",
  "client crash",
  "reload",
  "wake",
  "sleep",
  "leap",
  "begun again",
  "seen gone",
  "seen gone late",
  // Applications.
  "refused",
  "opened",
  "finished",
  "reset",
  "parts",
  "sent",
  "consumed",
  // Ends.
  "ended: silence",
  "ended: lost",
  "ended: peer-ended",
  "ended: unreadable",
  "ended: closed",
  "short limits",
];
