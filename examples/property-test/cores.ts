/** The protocol without sessions, in every order of events: `npx tsx examples/property-test/cores.ts` */
import { explore, Pair } from "holdfast/sim";

/** Waits of one length: so there are few different times, and all of them can be tried. */
const WAITS = { rtoInitialMs: 900, rtoMinMs: 900, rtoMaxMs: 900, silenceLimitMs: 86_400_000 };

const pair = new Pair({
  client: { ...WAITS, carriersMax: 1, reconnectDelayMinMs: 100, reconnectDelayMaxMs: 100 },
  server: { ...WAITS, holdTimeMs: 2_000 },
  clientScript: [{ kind: "send", bytes: 10 }],
  serverScript: [{ kind: "send", bytes: 10 }],
  losses: 1,
  hurries: 0,
  clockStepMs: 500,
  timersExcluded: ["silence", "close", "tombstone"],
});
const { states, isExhausted, failure } = explore(pair);
if (failure !== undefined) throw new Error([failure.message, ...failure.trace].join("\n"));
console.log(
  `${states} states, ${isExhausted ? "all that there are" : "and more"}: nothing is lost.`,
);
