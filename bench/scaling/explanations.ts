/**
 * Why a curve bends upwards, and up to what. A bend that has no explanation here, or is beyond it,
 * is reported as such. Figures in them were measured on the machine of the results, the collector's
 * time by `perf_hooks`.
 */
export interface Explanation {
  /** How many times as much it explains. */
  readonly upTo: number;
  readonly reason: string;
}

const MANY_KEPT: Explanation = {
  upTo: 2.5,
  reason:
    "A million messages that are kept are 209 MB of small objects, which the collector copies " +
    "once and goes over again: its share is 10 ns of a message where 1,000 are kept and 130 where " +
    "a million are, and as much again on threads of its own.",
};

const OWN_CACHES: Explanation = {
  upTo: 4,
  reason:
    "Each session is touched once in as many turns as there are others, so that its 15 KB, of both " +
    "sides, come from memory: 20,000 sessions take 306 MB, and the processor's caches hold 34. How " +
    "many there are costs little by itself: the series of the same 100, beside others that are " +
    "parked, does not bend.",
};

const PARTS: Explanation = {
  upTo: 4,
  reason:
    "A message above 16 KiB travels in parts, each of which is copied out of its body, and again " +
    "when all are there. With these copies a batch of 1 MiB is four, where a processor has 1 MiB " +
    "of its own cache, so the checksum, two fifths of the time, waits for memory; and a third is " +
    "the collector's threads, as large arrays are given back one by one.",
};

const OWN_RUNS: Explanation = {
  upTo: 10,
  reason:
    "Where messages go round many channels each is a run of its own, with the channel's number and " +
    "place, instead of one of a thousand; and the channel's state, touched once in 10,000 " +
    "messages, comes from memory. A channel that has nothing to say costs nothing: the series " +
    "beside does not bend.",
};

const SENT_AGAIN: Explanation = {
  upTo: 1.5,
  reason:
    "What was lost is sent again: at 30% a message leaves up to 1 / 0.7 = 1.43 times, and what " +
    "acknowledges it is lost as often.",
};

const TWO_CONNECTIONS: Explanation = {
  upTo: 2,
  reason:
    "As for sessions that take turns, with what the system and Node keep of two connections for " +
    "each, where the other links have one.",
};

/** By curve and series. */
export const explanations: Readonly<Record<string, Readonly<Record<string, Explanation>>>> = {
  "in-flight": {
    "up, kept back by the receiver, batches of 1,000": MANY_KEPT,
    "down, kept back by the receiver, batches of 1,000": MANY_KEPT,
  },
  sessions: {
    "up, 100 sessions at a time, all by turns": OWN_CACHES,
    "down, 100 sessions at a time, all by turns": OWN_CACHES,
  },
  size: { up: PARTS, down: PARTS },
  channels: {
    "messages go round all channels, batches of 10,000": OWN_RUNS,
    "over the session layer and TCP, round all channels, batches of 10,000": OWN_RUNS,
  },
  loss: {
    "up, batches of 10": SENT_AGAIN,
    "up, batches of 1,000": SENT_AGAIN,
    "down, batches of 10": SENT_AGAIN,
    "down, batches of 1,000": SENT_AGAIN,
  },
  sockets: { "holdfast poll": TWO_CONNECTIONS },
};
