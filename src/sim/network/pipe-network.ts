/**
 * What a network does to pipes: when a body on one arrives, and whether the pipe breaks, falls
 * silent or is held back. On a pipe nothing is lost and nothing overtakes: what a line loses is sent
 * again, and all that is behind it waits.
 *
 * Invariant: with all options 0 and after `heal()` no question is asked.
 */
import { flipped } from "../http.ts";
import { type PipeItem, type SimulatedPipes, type Way, wayFrom } from "../pipes.ts";
import type { Play } from "../play.ts";
import { type SideName, SIDES } from "../applications.ts";
import type { BodyTexts } from "./body-texts.ts";
import type { Line } from "./line.ts";
import { type PipeFaultMark, type PipeFaults } from "./pipe-faults.ts";
import type { Partitions } from "./partitions.ts";

/** What pipes share with all else that is on a network. */
export interface Surroundings {
  readonly pipes: SimulatedPipes;
  readonly options: PipeFaults;
  readonly lines: Readonly<Record<Way, Line>>;
  readonly latencyMs: number;
  readonly partitions: Partitions;
  readonly texts: BodyTexts;
  readonly client: string;
  readonly server: string;
}

/** Of bodies sent on a pipe while the network is cut: how many break it, and do not wait. */
const CUT_OFF_PERMILLE = 200;

/** What is remembered of a pipe. */
interface Known {
  /** How many things have left, for their names. */
  readonly left: Record<Way, number>;
  /** When what left last arrives. */
  readonly arrivesAtMs: Record<Way, number>;
  /** What comes down waits until so many bytes do; 0: it does not. */
  heldBackBytes: number;
  idleAtMs: number;
}

export class PipeNetwork {
  /** What time it is; set by the network. */
  nowMs: number;
  private isHealed = false;
  private readonly known: Map<number, Known> = new Map();
  private attempts = 0;
  /** Numbers of the chart: by item. */
  private readonly noted: Map<number, number> = new Map();
  private readonly around: Surroundings;
  private readonly play: Play;

  constructor(around: Surroundings, play: Play, startMs: number) {
    this.around = around;
    this.play = play;
    this.nowMs = startMs;
  }

  /** When `handleTimeout` has something to do; Infinity: never, as it stands. */
  get nextAtMs(): number {
    let atMs = Infinity;
    for (const { idleAtMs } of this.known.values()) atMs = Math.min(atMs, idleAtMs);
    return atMs;
  }

  /** When a connection that the client begins now is up; Infinity: never. */
  openAtMs(): number {
    const { neverOpensPermille, opensWithinMs } = this.around.options;
    const { client, latencyMs } = this.around;
    const name = `${client === "client" ? "" : `${client}'s `}attempt ${++this.attempts}`;
    if (this.happens("pipe never opens", neverOpensPermille, `${name} never opens`)) {
      return Infinity;
    }
    const lateMs =
      this.isHealed || opensWithinMs === 0
        ? 0
        : this.play.pick(opensWithinMs + 1, `${name} opens later by ms`);
    return this.nowMs + latencyMs + lateMs;
  }

  // --- what happens to it ---------------------------------------------------------------------

  /** Time has come to `nowMs`: the middle loses patience. */
  handleTimeout(): void {
    for (const [number, known] of Array.from(this.known)) {
      if (known.idleAtMs > this.nowMs) continue;
      if (this.around.pipes.all.has(number)) this.play.mark("pipe idle");
      this.break(number, `${this.nameOf(number)} has been idle`);
    }
  }

  /** Something has just left on a pipe. */
  handleSent(number: number, way: Way, item: PipeItem): void {
    const known = this.knownOf(number, way);
    const name = `${item.kind} ${++known.left[way]} ${way} on ${this.nameOf(number)}`;
    this.noteLeaving(way, item, name);
    if (this.isHealed) {
      this.schedule(number, way, item, name);
      return;
    }
    const { breaksPermille, halfOpenPermille, damagedPermille } = this.around.options;
    const { partitions } = this.around;
    if (item.kind === "end") {
      if (this.happens("pipe half-open", halfOpenPermille, `${name} is not told`)) {
        this.lose(number);
        return;
      }
    } else if (this.happens("pipe breaks", breaksPermille, `${name} breaks it`)) {
      this.break(number, name);
      return;
    }
    if (partitions.isCut(way)) {
      if (this.happens("cut off", CUT_OFF_PERMILLE, `${name} breaks it while the network is cut`)) {
        this.break(number, name);
        return;
      }
      this.play.mark("held up");
    }
    let sent = item;
    if (
      item.body.length > 0 &&
      this.happens("pipe damaged", damagedPermille, `${name} is damaged`)
    ) {
      const bit = this.play.pick(8 * item.body.length, `${name} is damaged at bit`);
      sent = { ...item, body: flipped(item.body, [bit]) };
    }
    this.schedule(number, way, sent, name);
  }

  /** It is about to be taken by its receiver. */
  handleArrived(number: number, way: Way, item: PipeItem): void {
    const noted = this.noted.get(item.id);
    this.noted.delete(item.id);
    if (noted !== undefined) this.play.arrives(this.nowMs, noted);
    const known = this.known.get(number);
    if (known === undefined) return;
    known.idleAtMs = this.isHealed ? Infinity : this.nowMs + this.around.options.idleMs;
    if (item.kind === "end" && way === "down") this.known.delete(number);
  }

  /** All of them break: a proxy in between is restarted, for one. */
  breakAll(): void {
    for (const number of Array.from(this.around.pipes.all.keys())) {
      this.break(number, this.nameOf(number));
    }
  }

  /** From now on nothing goes wrong any more; but what is dead stays so. */
  heal(): void {
    this.isHealed = true;
    for (const [number, known] of this.known) {
      known.idleAtMs = Infinity;
      // Who holds it back goes on: nothing comes out of it any more.
      if (known.heldBackBytes > 0) this.around.pipes.deafen(number, "down");
    }
  }

  // --- details --------------------------------------------------------------------------------

  private nameOf(number: number): string {
    const { client } = this.around;
    return `${client === "client" ? "" : `${client}'s `}pipe ${number}`;
  }

  private knownOf(number: number, way: Way): Known {
    let known = this.known.get(number);
    if (known === undefined) {
      const { idleMs } = this.around.options;
      known = {
        left: { up: 0, down: 0 },
        arrivesAtMs: { up: 0, down: 0 },
        heldBackBytes: 0,
        idleAtMs: this.isHealed ? Infinity : this.nowMs + idleMs,
      };
      this.known.set(number, known);
      this.beginMute(number);
    }
    if (way === "down" && known.left.down === 0) this.beginHolding(number, known);
    return known;
  }

  private beginMute(number: number): void {
    const name = this.nameOf(number);
    if (!this.happens("pipe mute", this.around.options.mutePermille, `${name} is mute`)) return;
    const which = this.play.pick(3, `${name} carries nothing down, up, or both ways`);
    if (which !== 1) this.around.pipes.deafen(number, "down");
    if (which !== 0) this.around.pipes.deafen(number, "up");
  }

  private beginHolding(number: number, known: Known): void {
    const { heldBackPermille, heldBackBytes } = this.around.options;
    if (this.around.pipes.all.get(number)?.kind !== "stream") return;
    const label = `${this.nameOf(number)} is held back`;
    if (this.happens("pipe held back", heldBackPermille, label)) {
      known.heldBackBytes = heldBackBytes;
    }
  }

  /** It arrives behind all that left before it. */
  private schedule(number: number, way: Way, item: PipeItem, name: string): void {
    const { lines, partitions, pipes } = this.around;
    const known = this.known.get(number);
    const pipe = pipes.all.get(number);
    if (known === undefined || pipe === undefined) return;
    // It is mute since this left.
    if (pipe.isDeaf[way]) return;
    const heldUntilMs = partitions.isCut(way) && !this.isHealed ? partitions.endAtMs : this.nowMs;
    const byLineMs = lines[way].convey(this.nowMs, item.body.length, name, heldUntilMs);
    const atMs = Math.max(byLineMs, known.arrivesAtMs[way]);
    const isHeld = way === "down" && known.heldBackBytes > 0 && item.kind === "body";
    pipes.replace(number, way, { ...item, atMs: isHeld ? Infinity : atMs });
    if (!isHeld) known.arrivesAtMs[way] = atMs;
    if (way === "down" && known.heldBackBytes > 0) this.release(number, known, atMs);
  }

  /** Enough has come, or it has ended: all that was held back comes at once. */
  private release(number: number, known: Known, atMs: number): void {
    const { pipes } = this.around;
    const held = pipes.all.get(number)?.down ?? [];
    const bytes = held.reduce((sum, { body }) => sum + body.length, 0);
    if (bytes < known.heldBackBytes && held.at(-1)?.kind !== "end") return;
    known.arrivesAtMs.down = Math.max(atMs, known.arrivesAtMs.down);
    for (const each of held) {
      if (each.atMs === Infinity) {
        pipes.replace(number, "down", { ...each, atMs: known.arrivesAtMs.down });
      }
    }
  }

  /** The connection is gone, and with it what is on it. Which of the sides are told is decided. */
  private break(number: number, name: string): void {
    const { pipes, options } = this.around;
    const { halfOpenPermille, toldWithinMs, latencyMs } = { ...options, ...this.around };
    const pipe = pipes.all.get(number);
    if (pipe === undefined) {
      this.known.delete(number);
      return;
    }
    const hasBodies = [...pipe.up, ...pipe.down].some(({ kind }) => kind === "body");
    if (hasBodies) this.play.mark("pipe breaks with bodies on it");
    this.lose(number);
    const label = `${name}: who is not told of its end: server, client, neither is`;
    const silent = halfOpenPermille === 0 ? 0 : this.play.pick(4, label, halfOpenPermille);
    if (silent !== 0) this.play.mark("pipe half-open");
    const isTold: Record<SideName, boolean> = {
      client: silent < 2,
      server: silent === 0 || silent === 2,
    };
    for (const side of SIDES) {
      if (!isTold[side]) continue;
      const lateMs =
        toldWithinMs === 0
          ? 0
          : this.play.pick(toldWithinMs + 1, `${name}: the ${side} is told of its end after ms`);
      const way = wayFrom(side === "client" ? "server" : "client");
      pipes.endFor(number, way, this.nowMs + latencyMs + lateMs);
    }
  }

  /** What is on it, and what will be, goes nowhere. */
  private lose(number: number): void {
    const { pipes } = this.around;
    const pipe = pipes.all.get(number);
    for (const { id } of [...(pipe?.up ?? []), ...(pipe?.down ?? [])]) {
      const noted = this.noted.get(id);
      this.noted.delete(id);
      if (noted !== undefined) this.play.vanishes(this.nowMs, noted, "with its pipe");
    }
    this.known.delete(number);
    pipes.break(number);
  }

  private happens(mark: PipeFaultMark | "cut off", permille: number, label: string): boolean {
    return permille > 0 && !this.isHealed && this.play.happens(mark, label, permille);
  }

  private noteLeaving(way: Way, item: PipeItem, name: string): void {
    if (!this.play.isNoting) return;
    const { texts, client, server } = this.around;
    const text = item.kind === "body" ? `${name} ${texts.describe(item.body)}` : name;
    const [from, to] = way === "up" ? [client, server] : [server, client];
    this.noted.set(item.id, this.play.leaves(this.nowMs, from, to, text));
  }
}
