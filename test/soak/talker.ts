/**
 * The application of a soak on one session, the same at both ends: it sends on several channels,
 * takes what arrives, in one of two manners and sometimes slowly, and notes all of it down.
 */
import { type DeliveryMode, UsageError } from "../../src/core/index.ts";
import {
  type Channel,
  ChannelResetError,
  type EndedInfo,
  type MessageFate,
  msgpack,
  type Session,
  SessionEndedError,
} from "../../src/session/index.ts";
import type { Dice } from "./dice.ts";
import type { Fact, MessagePlace } from "./lines.ts";
import type { Log } from "./log.ts";
import { digestOf, filling, isSoakMessage, type SoakMessage } from "./messages.ts";
import { CHANNELS, nextDeeds, SHORT_LIVED, TIME_TO_LIVE_MS } from "./traffic.ts";

/** Slow takers stay away for so long. */
const SLOW_MS_MIN = 20;
const SLOW_MS_MAX = 300;
const SLOW_PROBABILITY = 0.1;
const DEAF_MS = 10_000;
/** From time to time it has nothing to say. */
const SILENCE_PROBABILITY = 0.005;
const SILENCE_TICKS_MAX = 120;
/** Channels of this side's own making that come and go. */
const SHORT_LIVED_MESSAGES_MAX = 12;
const RESET_PROBABILITY = 0.15;

/** Where messages leave, and their count. */
interface Lane {
  readonly label: string;
  readonly stream: Session | Channel;
  sent: number;
  /** Of a channel that comes and goes: how many will follow. */
  left: number | undefined;
}

/** What a process that goes on from a saved session must know beside it. */
export interface TalkerState {
  readonly half: string;
  readonly channelsMade: number;
  readonly lanes: readonly Omit<Lane, "stream">[];
}

interface Parts {
  readonly half: string;
  readonly session: Session;
  readonly log: Log;
  readonly dice: Dice;
  /** It opens the channels: at once, or when the other side has answered. */
  readonly opens: "nothing" | "at once" | "when opened";
  /** Goes on from it. */
  readonly state?: TalkerState;
}

/** Commands: `tick`, `rest`, `close`, `abort`, `deafen`, `hurry`. Readers: `state`, `ended`. */
export class Talker {
  readonly half: string;
  readonly session: Session;
  /** When its end is noted. */
  readonly ended: Promise<EndedInfo>;
  readonly #log: Log;
  readonly #dice: Dice;
  readonly #lanes: Map<string, Lane> = new Map();
  readonly #takesBundles: boolean;
  readonly #isSlow: boolean;
  readonly #pauses: Set<() => void> = new Set();
  #channelsMade = 0;
  #isFull = false;
  #isResting = false;
  #isHurrying = false;
  #isDeaf = false;
  #silentTicks = 0;

  constructor({ half, session, log, dice, opens, state }: Parts) {
    this.half = half;
    this.session = session;
    this.#log = log;
    this.#dice = dice;
    this.#takesBundles = dice.hits(0.5);
    this.#isSlow = dice.hits(0.5);
    session.on("channel", (channel) => this.#welcome(channel));
    session.on("givenUp", ({ label, neverSent, sent }) => {
      this.#note({ kind: "given-up", half, channel: label, neverSent, sent });
    });
    this.ended = new Promise((resolve) => {
      session.on("ended", (info) => {
        this.#noteEnd(info);
        this.hurry();
        resolve(info);
      });
    });
    if (state === undefined) this.#begin(opens);
    else this.#goOn(state);
  }

  get state(): TalkerState {
    const lanes = [...this.#lanes.values()];
    return {
      half: this.half,
      channelsMade: this.#channelsMade,
      lanes: lanes.map(({ stream: _, ...lane }) => lane),
    };
  }

  /** Sends what comes into its mind. */
  tick(): void {
    if (this.#isResting || this.#isFull || !this.session.isWritable) return;
    if (this.#silentTicks === 0 && this.#dice.hits(SILENCE_PROBABILITY)) {
      this.#silentTicks = this.#dice.integer(1, SILENCE_TICKS_MAX);
    }
    if (this.#silentTicks > 0 && --this.#silentTicks > 0) return;
    for (const { channel, bytes, key } of nextDeeds(this.#dice)) {
      if (channel === SHORT_LIVED) this.#openShortLived();
      else {
        const lane = this.#lanes.get(channel);
        // The peer opens the others, and its word may be on its way.
        if (lane !== undefined) this.#send(lane, bytes, key);
      }
      if (this.#isFull) return;
    }
    for (const lane of this.#lanes.values()) this.#goOnShortLived(lane);
  }

  rest(isResting: boolean): void {
    this.#isResting = isResting;
  }

  close(): void {
    this.#note({ kind: "close", half: this.half });
    void this.session.close();
  }

  abort(): void {
    this.#note({ kind: "abort", half: this.half });
    this.session.abort();
  }

  /** It takes one more message, or bundle, of each channel, and no other for a long time. */
  deafen(): void {
    this.#isDeaf = true;
  }

  /** From now on it takes everything at once; so also after the end. */
  hurry(): void {
    this.#isHurrying = true;
    for (const endPause of this.#pauses) endPause();
  }

  // --- channels -------------------------------------------------------------------------------

  #begin(opens: Parts["opens"]): void {
    this.#addLane("", this.session, "ordered", false);
    if (opens === "at once") this.#openChannels();
    if (opens !== "when opened") return;
    const open = (): void => {
      if (this.session.isWritable) this.#openChannels();
    };
    // Without an answer there is an end, and it is told.
    this.session.opened.then(open, () => {});
  }

  #openChannels(): void {
    for (const [label, { mode, expires }] of Object.entries(CHANNELS)) {
      const ttl = expires ? { ttlMs: TIME_TO_LIVE_MS } : {};
      this.#addLane(label, this.session.channel(label, { mode, ...ttl }), mode, expires);
    }
  }

  #goOn({ lanes, channelsMade }: TalkerState): void {
    this.#channelsMade = channelsMade;
    const channels = new Map(this.session.channels.map((channel) => [channel.label, channel]));
    for (const { label, sent, left } of lanes) {
      const stream = label === "" ? this.session : channels.get(label);
      if (stream !== undefined) this.#lanes.set(label, { label, stream, sent, left });
    }
    // Also of those where this side has said all that it wanted to.
    void this.#takeFrom("", this.session);
    for (const [label, channel] of channels) void this.#takeFrom(label, channel);
  }

  #welcome(channel: Channel): void {
    const { label, mode } = channel;
    const known = CHANNELS[label];
    if (known?.expires === true) channel.setTimeToLive(TIME_TO_LIVE_MS);
    const lane = this.#addLane(label, channel, mode, known?.expires === true);
    if (known === undefined) lane.left = this.#dice.integer(0, SHORT_LIVED_MESSAGES_MAX);
  }

  #addLane(label: string, stream: Session | Channel, mode: DeliveryMode, expires: boolean): Lane {
    const mayGiveUp = expires || mode === "latest";
    this.#note({ kind: "channel", half: this.half, channel: label, mode, mayGiveUp });
    const lane: Lane = { label, stream, sent: 0, left: undefined };
    this.#lanes.set(label, lane);
    void this.#takeFrom(label, stream);
    return lane;
  }

  #openShortLived(): void {
    const label = `${this.half} ${this.#channelsMade + 1}`;
    try {
      const channel = this.session.channel(label);
      this.#channelsMade++;
      const lane = this.#addLane(label, channel, "ordered", false);
      lane.left = this.#dice.integer(0, SHORT_LIVED_MESSAGES_MAX);
    } catch (error) {
      // Those before are finished, but the word of it is still on its way.
      const isLimit = error instanceof UsageError && error.code === "channel_limit";
      if (!isLimit) this.#odd(`a channel could not be opened: ${String(error)}`);
    }
  }

  #goOnShortLived(lane: Lane): void {
    if (lane.left === undefined) return;
    for (; lane.left > 0 && lane.stream.isWritable && !this.#isFull; lane.left--) {
      this.#send(lane, this.#dice.integer(0, 3_000));
    }
    if (lane.left > 0 && lane.stream.isWritable) return;
    this.#lanes.delete(lane.label);
    const channel = lane.stream as Channel;
    if (!this.#dice.hits(RESET_PROBABILITY)) channel.finish();
    else {
      this.#note({ kind: "reset", half: this.half, channel: lane.label });
      channel.reset();
    }
  }

  // --- sending --------------------------------------------------------------------------------

  #send(lane: Lane, bytes: number, key?: number): void {
    const { half } = this;
    const { label: channel, sent: n } = lane;
    const message: SoakMessage = {
      from: half,
      channel,
      n,
      ...(key === undefined ? {} : { key }),
      filling: filling(bytes, this.#dice.fraction()),
    };
    const keyed = key === undefined ? {} : { key };
    this.#note({ kind: "send", half, channel, n, ...keyed, digest: digestOf(message), bytes });
    try {
      if (!lane.stream.send(message, keyed)) this.#waitForRoom();
      lane.sent++;
    } catch (error) {
      this.#note({ kind: "refused", half, channel, n });
      const isClosed = error instanceof UsageError && /^(session|channel)_closed$/.test(error.code);
      if (!isClosed) this.#odd(`send threw ${String(error)}`);
    }
  }

  #waitForRoom(): void {
    this.#isFull = true;
    void this.session.ready.then(() => (this.#isFull = false));
  }

  // --- taking ---------------------------------------------------------------------------------

  async #takeFrom(label: string, stream: Session | Channel): Promise<void> {
    if (this.#takesBundles) {
      stream.onBundle((messages) => {
        for (const message of messages) this.#take(label, message);
        return this.#isSlowNow() ? this.#bePaused() : undefined;
      });
      return;
    }
    try {
      for await (const message of stream) {
        this.#take(label, message);
        if (this.#isSlowNow()) await this.#bePaused();
      }
    } catch (error) {
      const isKnown = error instanceof SessionEndedError || error instanceof ChannelResetError;
      if (!isKnown) this.#odd(`an iteration threw ${String(error)}`);
    }
  }

  #take(channel: string, message: unknown): void {
    if (!isSoakMessage(message)) {
      this.#odd(`what arrived on ${channel} is no message`);
      return;
    }
    const { from, n, key, filling: bytes } = message;
    if (message.channel !== channel) this.#odd(`${message.channel} ${n} arrived on ${channel}`);
    this.#note({
      kind: "receive",
      half: this.half,
      from,
      channel,
      n,
      ...(key === undefined ? {} : { key }),
      digest: digestOf(message),
      bytes: bytes.length,
    });
  }

  #isSlowNow(): boolean {
    if (this.#isHurrying) return false;
    return this.#isDeaf || (this.#isSlow && this.#dice.hits(SLOW_PROBABILITY));
  }

  #bePaused(): Promise<void> {
    return new Promise((resolve) => {
      const endPause = (): void => {
        clearTimeout(timer);
        this.#pauses.delete(endPause);
        resolve();
      };
      const slowMs = this.#dice.integer(SLOW_MS_MIN, SLOW_MS_MAX);
      const timer = setTimeout(endPause, this.#isDeaf ? DEAF_MS : slowMs);
      this.#pauses.add(endPause);
    });
  }

  // --- notes ----------------------------------------------------------------------------------

  #noteEnd({ reason, detail, neverSent, unknown }: EndedInfo): void {
    this.#note({
      kind: "end",
      half: this.half,
      reason,
      detail,
      neverSent: neverSent.map((fate) => this.#placeOf(fate)),
      unknown: unknown.map((fate) => this.#placeOf(fate)),
    });
  }

  #placeOf({ label, payload }: MessageFate): MessagePlace {
    const message = msgpack().decode(payload);
    if (!isSoakMessage(message)) {
      this.#odd("a fate is no message");
      return ["", -1];
    }
    const { from, channel, n } = message;
    // A channel that is forgotten has no label any more.
    if (from !== this.half || (label !== channel && label !== "")) {
      this.#odd(`a fate of ${from}, ${channel}, ${n} is told of channel ${label}`);
    }
    return [channel, n];
  }

  #odd(what: string): void {
    this.#note({ kind: "odd", half: this.half, what });
  }

  #note(fact: Fact): void {
    this.#log.write(fact);
  }
}
