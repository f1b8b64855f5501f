/** The applications of a simulation: what they do at random, one action at a time. */
import { UsageError } from "../core/index.ts";
import { SIDES, type SideName } from "./applications.ts";
import type { Pair } from "./pair.ts";
import type { Play } from "./play.ts";
import type { SimulationOptions } from "./simulation-options.ts";

/** What applications do that is worth counting. */
export type ActorMark =
  | "sent"
  | "parts"
  | "opened"
  | "finished"
  | "reset"
  | "consumed"
  | "closed early"
  | "refused";

const MODES = ["ordered", "unordered", "latest"] as const;
/** Large enough for a number, so that each message can be told from all others. */
const MESSAGE_BYTES_MIN = 4;
/** Of a thousand actions on a channel whose other half has ended: how many end this one. */
const FOLLOWING_PERMILLE = 800;
/** Larger messages go in parts. */
const UNIT_BYTES_MAX = 16_384;

/** Both applications. Which actions there are is named by their number: "action 3: ...". */
export class Actors {
  private readonly pair: Pair;
  private readonly options: SimulationOptions;
  private readonly play: Play;
  /** The channel that each side used last. */
  private readonly channels: Record<SideName, number> = { client: 0, server: 0 };

  /** `play` decides. */
  constructor(pair: Pair, options: SimulationOptions, play: Play) {
    this.pair = pair;
    this.options = options;
    this.play = play;
  }

  /** One of the two does something if it is awake, or nobody does. */
  act(number: number, isAwake: (side: SideName) => boolean): void {
    const { play, pair } = this;
    const name = `action ${number}`;
    for (const side of SIDES) if (isAwake(side)) this.consumeSome(side, name);
    const who = play.pick(SIDES.length + 1, `${name}: who acts`);
    const side = SIDES[who - 1];
    if (side === undefined || !isAwake(side)) return;
    const half = pair.half(side);
    if (half === undefined || half.state === "ended") return;
    try {
      this.actAs(side, name);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      play.mark("refused");
    }
  }

  /** Everything that was delivered is consumed. */
  consumeAll(): void {
    for (const side of SIDES) {
      for (const [channel, count] of Array.from(this.pair.logs[side].unconsumed)) {
        if (count > 0) this.pair.consume(side, channel, count);
      }
    }
  }

  private actAs(side: SideName, name: string): void {
    const { pair, play, options } = this;
    const channel = this.pickChannel(side, name);
    const { openPermille, resetPermille } = options.channels;
    const finishPermille = this.finishPermille(side, channel);
    const chooses = (permille: number, what: string): boolean =>
      permille > 0 && play.pick(2, `${name}: ${what}`, permille) === 1;
    if (chooses(options.closePermille, "closes")) {
      pair.command(side, { kind: "close" });
      play.mark("closed early");
    } else if (chooses(openPermille, "opens a channel")) {
      const mode = MODES[play.pick(MODES.length, `${name}: mode`)] ?? "ordered";
      const expires = play.pick(3, `${name}: messages expire`) === 1;
      const ttlMs = expires ? 1 + play.pick(3_000, `${name}: time to live`) : Infinity;
      const opened = pair.command(side, { kind: "open", mode, ttlMs });
      if (typeof opened === "number") this.channels[side] = opened;
      play.mark("opened");
    } else if (channel !== 0 && chooses(finishPermille, "finishes the channel")) {
      this.finish(side, channel);
    } else if (channel !== 0 && chooses(resetPermille, "resets the channel")) {
      pair.command(side, { kind: "reset", channel });
      play.mark("reset");
    } else {
      this.send(side, channel, name);
      // A last word, which may take more than one body.
      if (channel !== 0 && chooses(finishPermille, "finishes the channel")) {
        this.finish(side, channel);
      }
    }
  }

  private finish(side: SideName, channel: number): void {
    this.pair.command(side, { kind: "finish", channel });
    this.play.mark("finished");
  }

  /** Where the other does not send, mostly: with both halves at their end a channel is removed. */
  private finishPermille(side: SideName, channel: number): number {
    const { finishPermille } = this.options.channels;
    const peer = side === "client" ? "server" : "client";
    const isAlone = !this.pair.logs[peer].channels.has(channel);
    return finishPermille > 0 && isAlone ? FOLLOWING_PERMILLE : finishPermille;
  }

  /** Mostly the one that was used last: little goes wrong on a channel with one message. */
  private pickChannel(side: SideName, name: string): number {
    const channels = [...this.pair.logs[side].channels];
    const other = this.play.pick(channels.length + 1, `${name}: on another channel`, 300);
    const last = channels.find((each) => each === this.channels[side]) ?? channels[0] ?? 0;
    const channel = other === 0 ? last : (channels[other - 1] ?? last);
    this.channels[side] = channel;
    return channel;
  }

  private send(side: SideName, channel: number, name: string): void {
    const { play, pair } = this;
    const { mode } = pair.stream(side, channel);
    for (let left = play.pick(12, `${name}: more messages`); left >= 0; left--) {
      const bytes = MESSAGE_BYTES_MIN + this.pickBytes(name);
      const key = mode === "latest" ? { key: play.pick(3, `${name}: key`) } : {};
      pair.command(side, { kind: "send", channel, bytes, ...key });
      play.mark("sent");
      if (bytes > UNIT_BYTES_MAX) play.mark("parts");
    }
  }

  private pickBytes(name: string): number {
    const { play } = this;
    const max = this.options.messageBytesMax - MESSAGE_BYTES_MIN;
    switch (play.pick(3, `${name}: larger messages`, 200)) {
      case 1:
        return play.pick(Math.min(max, 5_000), `${name}: bytes`);
      case 2:
        return play.pick(max, `${name}: bytes`);
      default:
        return play.pick(Math.min(max, 100), `${name}: bytes`);
    }
  }

  private consumeSome(side: SideName, name: string): void {
    for (const [channel, count] of Array.from(this.pair.logs[side].unconsumed)) {
      if (count === 0) continue;
      const label = `${name}: the ${side} is behind on channel ${channel} by`;
      const part = count - this.play.pick(count + 1, label);
      if (part === 0) continue;
      this.pair.consume(side, channel, part);
      this.play.mark("consumed");
    }
  }
}
