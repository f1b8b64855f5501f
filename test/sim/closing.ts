// Two applications that send, give messages up, reset a channel and close, at any moment: what is
// still on its way, unread or unsent when a session closes has an end of its own. A scenario of few
// questions, so that every way in which little goes wrong can be tried.

import { UsageError } from "../../src/core/index.ts";
import {
  BrokenPromise,
  checkState,
  type Command,
  Pair,
  type PairOptions,
  type Play,
  type Scenario,
  SIDES,
  type SideName,
} from "../../src/sim/index.ts";

/** How often, of a thousand steps, another one comes before it. */
const OTHER_PERMILLE = 50;
/** More than any way takes. */
const STEPS_MAX = 400;
/** The client's first channel beside channel 0. */
const CHANNEL = 2;
const TTL_MS = 1_000;
const DAY_MS = 86_400_000;
/** One message of a channel may be on its way: the next one waits until it is read. */
const NARROW = {
  channelsMax: 1,
  channelUnits: 1,
  windowMessages: 3,
  windowBytes: 49_152,
  rtoInitialMs: 900,
  rtoMinMs: 900,
  rtoMaxMs: 900,
  // No session ends by these, whatever the order; the core waits for nothing beyond them.
  silenceLimitMs: DAY_MS,
  closeTimeoutMs: DAY_MS,
};

export const closing: Scenario = {
  name: "closing",
  run(play): void {
    play.showParties(...SIDES);
    const pair = new Pair(optionsFor(play));
    for (let count = 0; !hasEnded(pair); count++) {
      if (count === STEPS_MAX) throw new BrokenPromise("6: closing takes for ever");
      step(pair, play);
      checkState(pair);
    }
    for (const side of SIDES) checkEnd(pair, side);
  },
};

function optionsFor(play: Play): PairOptions {
  const isRead = play.pick(2, "messages are held when they are read") === 1;
  const hold = play.expand("hold", isRead ? "consumed" : "delivered");
  const kinds = ["none", "with a time to live", "reset by the server"] as const;
  const channel = play.expand("channel", kinds[play.pick(3, "a channel")]);
  const both = { ...NARROW, hold, consume: "explicit", earlyMessages: false } as const;
  const ttl = channel === "with a time to live" ? { ttlMs: TTL_MS } : {};
  const onChannel: readonly Command[] = [
    { kind: "open", mode: "ordered", ...ttl },
    { kind: "send", channel: CHANNEL, bytes: 8 },
    { kind: "send", channel: CHANNEL, bytes: 8 },
  ];
  const reset: readonly Command[] = [{ kind: "reset", channel: CHANNEL }];
  const send: Command = { kind: "send", bytes: 8 };
  return {
    client: { ...both, carriersMax: 1 },
    server: both,
    clientScript: [send, ...(channel === "none" ? [] : onChannel), { kind: "close" }],
    serverScript: [send, ...(channel === "reset by the server" ? reset : [])],
    losses: 2,
    timersExcluded: ["silence", "close", "tombstone"],
  };
}

/** What helps most happens, or one of the others comes before it. */
function step(pair: Pair, play: Play): void {
  const [first, ...others] = pair.steps();
  if (first === undefined) throw new BrokenPromise("6: nothing can happen");
  const other = others.find(({ label }) => play.pick(2, label, OTHER_PERMILLE) === 1);
  const { label } = other ?? first;
  if (other !== undefined) play.mark("another order");
  if (label.includes("lost")) play.mark("lost");
  play.note(
    pair.clocks.client,
    /^(client|answer)|at the client/.test(label) ? "client" : "server",
    label,
  );
  try {
    pair.apply(other ?? first);
  } catch (error) {
    // The channel to be reset may not be there yet, or no longer.
    if (!(error instanceof UsageError)) throw error;
    play.mark("refused");
  }
}

function hasEnded(pair: Pair): boolean {
  return SIDES.every((side) => pair.logs[side].ended !== undefined);
}

/** Closed in order: nobody is in doubt. */
function checkEnd(pair: Pair, side: SideName): void {
  const ended = pair.logs[side].ended;
  if (ended?.reason !== "closed") throw new BrokenPromise(`3: the ${side} says ${ended?.reason}`);
  const { unknown, neverSent } = ended;
  if (unknown.length + neverSent.length === 0) return;
  throw new BrokenPromise(`3: closed, and the ${side} does not know of ${unknown.length}`);
}
