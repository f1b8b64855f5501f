/**
 * The curves of scaling.ts: what is varied, at which points, and the work of one point. Each
 * round of a curve is a process of its own (round.ts).
 */
import { Pair, type PairOptions, type Way } from "../pair.ts";
import { Crowd } from "./crowd.ts";
import { Layer } from "./layer.ts";
import { Numbered } from "./numbered.ts";

/** The work of one point. */
export interface Load {
  /** Of one call of `run`. */
  readonly messages: number;
  run(): void | Promise<void>;
  /** Throws unless every message that was sent was delivered once. */
  verify(): void;
  close?(): Promise<void>;
}

export interface Series {
  readonly name: string;
  readonly points: readonly number[];
  make(x: number): Load | Promise<Load>;
}

export interface Curve {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly series: readonly Series[];
  /** Of the message at a point, where cost per KiB means something. */
  readonly messageBytes?: (x: number) => number;
  /** How often a point runs before it is measured, where the usual does not reach all of its code. */
  readonly repetitions?: number;
}

const SMALL_BYTES = 64;
const DECADES = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/** Messages that one call of `run` carries at least, so that clocks can tell. */
const RUN_MESSAGES = 1_000;

/** Payload bytes of one batch of large messages, unless one alone is larger. */
const BATCH_BYTES = 1 << 20;

/** Half of what channels may borrow has to be enough for a million messages in flight. */
const WIDEST = { windowMessages: 1 << 22, windowBytes: 1 << 29 };

interface Batches extends Omit<PairOptions, "look"> {
  readonly way: Way;
  readonly batch: number;
  readonly bytes?: number;
}

/**
 * Batches through one pair, each until it is released; with a lag that many are in flight already.
 * A batch goes once, or several times, round all channels.
 */
function batches({ way, batch, bytes = SMALL_BYTES, ...options }: Batches): Load {
  const numbered = new Numbered(bytes);
  /** Messages delivered, by channel. */
  const delivered = new Map<number, number>();
  /** By channel, its place in the round. */
  const places = new Map<number, number>();
  const pair = new Pair({
    ...options,
    look: (from, channel, payloads) => {
      if (from !== way) throw new Error("a message went the wrong way");
      const before = delivered.get(channel) ?? 0;
      const round = Math.max(1, places.size);
      numbered.check(payloads, before * round + (places.get(channel) ?? 0), round);
      delivered.set(channel, before + payloads.length);
    },
  });
  for (const [place, channel] of pair.channels.entries()) places.set(channel, place);
  if (places.size > 0 && batch % places.size !== 0) throw new Error("a batch is no whole round");
  let sent = 0;
  const send = (count: number): void => {
    pair.send(way, numbered.take(sent, count));
    sent += count;
    pair.settle();
  };
  // What lies behind the receiver's lag is in flight from the start.
  for (let left = options.lag ?? 0; left > 0; left -= RUN_MESSAGES) {
    send(Math.min(left, RUN_MESSAGES));
  }
  const times =
    bytes > BATCH_BYTES ? 1 : Math.ceil(RUN_MESSAGES / batch / Math.max(1, bytes / 1_024));
  return {
    messages: times * batch,
    run: () => {
      for (let time = 0; time < times; time++) send(batch);
    },
    verify: () => pair.verify(way, bytes),
  };
}

const inFlight: Curve = {
  name: "in-flight",
  title: "Cost per message against messages in flight (64 B)",
  xLabel: "messages in flight",
  series: [
    ...(["up", "down"] as const).map((way) => ({
      name: `${way}, accepted at once`,
      points: DECADES,
      make: (batch: number) => batches({ way, batch, session: WIDEST }),
    })),
    ...(["up", "down"] as const).map((way) => ({
      name: `${way}, kept back by the receiver, batches of 1,000`,
      points: DECADES,
      make: (lag: number) => batches({ way, batch: 1_000, lag, session: WIDEST }),
    })),
    {
      name: "up, kept back by the receiver, batches of 10",
      points: DECADES,
      make: (lag) => batches({ way: "up", batch: 10, lag, session: WIDEST }),
    },
  ],
};

/** Sessions that have something to say at a time. */
const SPEAKING_MAX = 100;

/** So many sessions, of which a group speaks at a time: each one in turn, or always the same. */
function crowd(way: Way, count: number, areSame: boolean): Load {
  const all = new Crowd(count, new Numbered(SMALL_BYTES));
  const speaking = Math.min(count, SPEAKING_MAX);
  const messagesEach = 10;
  const times = Math.ceil(RUN_MESSAGES / speaking / messagesEach);
  return {
    messages: times * speaking * messagesEach,
    run: () => {
      for (let time = 0; time < times; time++) {
        if (areSame) all.beginAgain();
        all.turn(way, speaking, messagesEach);
      }
    },
    verify: () => all.verify(),
  };
}

const SESSION_COUNTS = [1, 10, 100, 1_000, 5_000, 20_000];

const sessions: Curve = {
  name: "sessions",
  title: "Cost per message against sessions of one server (64 B, batches of 10)",
  xLabel: "sessions",
  series: [
    {
      name: "up, 100 sessions at a time, all by turns",
      points: SESSION_COUNTS,
      make: (count) => crowd("up", count, false),
    },
    {
      name: "down, 100 sessions at a time, all by turns",
      points: SESSION_COUNTS,
      make: (count) => crowd("down", count, false),
    },
    {
      name: "up, the same 100 sessions, while all others are parked",
      points: SESSION_COUNTS,
      make: (count) => crowd("up", count, true),
    },
  ],
};

const KIB = 1_024;
const MIB = KIB * KIB;

const size: Curve = {
  name: "size",
  title: "Cost per message against its size (batches of 1 MiB, 1,000 messages at most)",
  xLabel: "bytes of a message",
  messageBytes: (bytes) => bytes,
  series: (["up", "down"] as const).map((way) => ({
    name: way,
    points: [1, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 16 * MIB],
    make: (bytes: number) =>
      batches({
        way,
        bytes,
        batch: Math.max(1, Math.min(1_000, Math.floor(BATCH_BYTES / bytes))),
      }),
  })),
};

const MANY_CHANNELS = { ...WIDEST, windowBytes: 1 << 30, channelsMax: 10_000, channelUnits: 16 };

/** A session with so many channels over the session layer; messages go round them, or none. */
async function layered(count: number, areIdle: boolean, batch: number): Promise<Load> {
  const layer = await Layer.open(count, areIdle, new Numbered(SMALL_BYTES));
  const times = Math.ceil(RUN_MESSAGES / batch);
  return {
    messages: times * batch,
    run: async () => {
      for (let time = 0; time < times; time++) await layer.turn(batch);
    },
    verify: () => layer.verify(),
    close: () => layer.close(),
  };
}

const CHANNEL_COUNTS = [1, 10, 100, 1_000, 10_000];

const channels: Curve = {
  name: "channels",
  title: "Cost per message against channels that are open (64 B up)",
  xLabel: "channels",
  series: [
    {
      name: "messages go round all channels, batches of 10,000",
      points: CHANNEL_COUNTS,
      make: (count) =>
        batches({ way: "up", batch: 10_000, channels: count, session: MANY_CHANNELS }),
    },
    {
      name: "channel 0 alone has messages, batches of 1,000",
      points: CHANNEL_COUNTS,
      make: (idle) =>
        batches({
          way: "up",
          batch: 1_000,
          channels: idle,
          areChannelsIdle: true,
          session: MANY_CHANNELS,
        }),
    },
    {
      name: "over the session layer and TCP, round all channels, batches of 10,000",
      points: CHANNEL_COUNTS,
      make: (count) => layered(count, false, 10_000),
    },
    {
      name: "over the session layer and TCP, channel 0 alone, batches of 10",
      points: CHANNEL_COUNTS,
      make: (count) => layered(count, true, 10),
    },
  ],
};

/**
 * What happens once in hundreds of batches, as where much is lost, throws away optimised code when
 * it does so for the first time: with fewer, a message took 1.6 times as long for the compiler.
 */
const LOSS_REPETITIONS = 24;

const loss: Curve = {
  name: "loss",
  title: "Cost per message against the share of exchanges that is lost (64 B)",
  xLabel: "lost exchanges, %",
  repetitions: LOSS_REPETITIONS,
  series: (["up", "down"] as const).flatMap((way) =>
    [10, 1_000].map((batch) => ({
      name: `${way}, batches of ${batch.toLocaleString("en")}`,
      points: [0, 1, 2, 5, 10, 20, 30],
      make: (percent: number) => batches({ way, batch, loss: percent / 100 }),
    })),
  ),
};

export const curves: readonly Curve[] = [inFlight, sessions, size, channels, loss];
