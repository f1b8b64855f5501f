/**
 * What both halves do about pipes: links on which bodies leave when there is something to say. They
 * keep their order until they break, and what is acknowledged is all the evidence that they need.
 * `RequestSide` and `ParkSide` say which pipe is spoken on. spec 11.
 *
 * Invariant: a pipe in `pipes` was not hung up; at most one is joined, and no older one is kept for
 * longer than the client takes to hear of that.
 */
import type { Ack, Body } from "./body.ts";
import type { BodyOptions } from "./body-writer.ts";
import { Half, type Head } from "./half.ts";
import type { Flight } from "./in-flight.ts";
import { LazyMap } from "./lazy-map.ts";
import { PIPE_FIRST_BYTES_MAX } from "./limits.ts";
import { unsentBytesMaxOf } from "./options.ts";
import type { EndedOutput, EndReason, PipeEnd, PipeOutput, TimerName } from "./outputs.ts";
import type { Pipe } from "./pipe.ts";

/**
 * A half that speaks on pipes too, beside what carries requests and answers: what `RequestSide` and
 * `ParkSide` do alike about them.
 */
export abstract class PipedHalf<Transmit extends { kind: string }> extends Half<
  Transmit | PipeOutput
> {
  /** @internal The pipes that are open, by their links, rising. */
  readonly pipes: LazyMap<number, Pipe> = new LazyMap();
  /** @internal The link by which the client hears; 0 for the poll link. */
  joined = 0;
  /** Transmissions of pipes are numbered downwards from -1: those of exchanges rise from 1. */
  private lastPipeTransmission = 0;

  /** The pipe on which this side says what there is to say; undefined: requests and answers. */
  protected abstract get speaking(): Pipe | undefined;
  /** What goes into the prefix of the next body on a pipe. */
  protected abstract pipeHead(pipe: Pipe): Head;
  protected abstract pipeOptions(pipe: Pipe): BodyOptions;
  /** When something is to be said on a pipe, whether there is anything or not. */
  protected abstract pipeDueAtMs(pipe: Pipe): number;
  /** After so long dummies leave. */
  protected abstract get dummyMs(): number;
  /** When the other side's silence means that the pipe is dead. */
  protected abstract pipeSilentAtMs(pipe: Pipe): number;

  /** @internal When more waits to leave on a pipe, its other end does not read: it is to be cut. */
  get unsentBytesMax(): number {
    return unsentBytesMaxOf(this.settings);
  }

  /** The pipe by which the client hears; none where that is the poll link. */
  protected get joinedPipe(): Pipe | undefined {
    return this.pipes.get(this.joined);
  }

  protected get newestPipe(): Pipe | undefined {
    return [...this.pipes.values()].at(-1);
  }

  /** Something is to leave that another one must not say: all but the end of a pipe. */
  protected get hasToSay(): boolean {
    const { transmissions } = this;
    for (let at = transmissions.head; at < transmissions.tail; at++) {
      if (transmissions.at(at)?.kind !== "hang-up") return true;
    }
    return false;
  }

  protected addPipe(pipe: Pipe): void {
    // [PIPE-9]: the newest, and the one that is used.
    for (const other of this.pipes.values()) {
      if (other.link !== this.joined) this.dropPipe(other, "replaced");
    }
    this.pipes.set(pipe.link, pipe);
  }

  /** What it carried is due again, on whatever link there is [PIPE-7]. */
  protected dropPipe(pipe: Pipe, why: PipeEnd): void {
    this.transmissions.push({ kind: "hang-up", handle: pipe.handle });
    this.forgetPipe(pipe, why);
  }

  /** The same where the adapter has said that it is gone. */
  protected forgetPipe(pipe: Pipe, why: PipeEnd): void {
    const wasJoined = this.joined === pipe.link;
    this.leavePipe(pipe);
    this.notify({ kind: "pipe-gone", link: pipe.link, wasJoined, why });
  }

  /** The same where nobody is left who knows it. */
  protected leavePipe(pipe: Pipe): void {
    this.pipes.delete(pipe.link);
    if (this.joined === pipe.link) this.joined = 0;
    for (const { transmission } of pipe.takeAll()) this.sender.resolve(transmission);
  }

  // --- speaking -------------------------------------------------------------------------------

  private isDue(pipe: Pipe, nowMs: number): boolean {
    if (nowMs >= this.pipeDueAtMs(pipe)) return true;
    if (pipe !== this.speaking) return false;
    // [PIPE-8]: both sides may be without room, and then acknowledgements alone make some.
    return this.roomOn(pipe) > 0 ? this.hasSomethingToSay(nowMs) : this.hasPrefixToSay(nowMs);
  }

  /** Bytes that may still leave on it before there is evidence [PIPE-8]. */
  private roomOn(pipe: Pipe): number {
    return this.settings.pipeBytesMax - pipe.waitingBytes;
  }

  protected sayOnPipes(nowMs: number): void {
    for (const pipe of this.pipes.values()) {
      while (this.isDue(pipe, nowMs)) this.sayOnPipe(nowMs, pipe);
    }
  }

  private sayOnPipe(nowMs: number, pipe: Pipe): void {
    const options = this.pipeOptions(pipe);
    const head = this.pipeHead(pipe);
    if (pipe !== this.speaking) {
      this.sendOn(pipe, this.composeEmpty(head, options), undefined);
      return;
    }
    const transmission = --this.lastPipeTransmission;
    // [PIPE-2]: it is read before it is known whose it is.
    const bytesMax = pipe.bodiesSent === 0 ? PIPE_FIRST_BYTES_MAX : Infinity;
    const room = Math.min(this.roomOn(pipe), bytesMax);
    const body = this.compose(nowMs, head, transmission, options, room);
    this.sendOn(pipe, body, this.sender.flights.get(transmission));
  }

  /** Says on a pipe what is to be heard on any, and carries nothing numbered. */
  protected tellOnPipe(pipe: Pipe, content: Partial<Body>): void {
    this.sendOn(pipe, this.composeEmpty(content, this.pipeOptions(pipe)), undefined);
  }

  private sendOn(pipe: Pipe, body: Uint8Array, flight: Flight | undefined): void {
    this.noteDummy(pipe);
    pipe.noteSent(this.nowMs, body.length, flight);
    this.transmissions.push({ kind: "transmit", handle: pipe.handle, body });
  }

  /** When a body leaves though there is nothing to say [PIPE-10]. */
  protected dummyDueAtMs(pipe: Pipe): number {
    const { pipeDummies } = this.settings;
    if (pipeDummies === "none") return Infinity;
    return (pipeDummies === "interval" ? pipe.dummyAtMs : pipe.spokenAtMs) + this.dummyMs;
  }

  /** What leaves when a dummy is due is one, whatever else it says. */
  protected noteDummy(pipe: Pipe): void {
    if (this.nowMs >= this.dummyDueAtMs(pipe)) pipe.dummyAtMs = this.nowMs;
  }

  // --- evidence and timers --------------------------------------------------------------------

  protected override hearAck(ack: Ack | undefined): void {
    super.hearAck(ack);
    for (const pipe of this.pipes.values()) this.noteArrivedOn(pipe);
  }

  /** [PIPE-6] */
  private noteArrivedOn(pipe: Pipe): void {
    const { nowMs } = this;
    const { flights, elapsedMs } = pipe.takeArrived(nowMs, (flight) => this.hasArrived(flight));
    const newest = flights.at(-1);
    if (newest === undefined) return;
    this.roundTrip.sample(nowMs - newest.sentAtMs);
    let bytes = 0;
    for (const flight of flights) {
      bytes += flight.bytes;
      this.growBodies(flight);
      this.sender.resolve(flight.transmission);
    }
    this.roundTrip.sampleRate(bytes, elapsedMs);
  }

  protected considerPipes(consider: (name: TimerName, atMs: number) => void): void {
    const { nowMs, speaking } = this;
    for (const pipe of this.pipes.values()) {
      consider("pipe", this.deadAtMs(pipe));
      consider("transmit", this.pipeDueAtMs(pipe));
    }
    if (speaking === undefined) return;
    if (this.isDue(speaking, nowMs)) consider("transmit", nowMs);
    consider("ack-delay", this.ackDueAtMs);
    consider("probe", this.probeDueMs);
  }

  protected handlePipeTimers(nowMs: number): void {
    for (const pipe of this.pipes.values()) {
      if (nowMs >= this.stalledAtMs(pipe)) this.dropPipe(pipe, "stalled");
      else if (nowMs >= this.missedAtMs(pipe)) this.dropPipe(pipe, "swallowed");
      else if (nowMs >= this.pipeSilentAtMs(pipe)) this.dropPipe(pipe, "silent");
    }
  }

  private deadAtMs(pipe: Pipe): number {
    const silentAtMs = this.pipeSilentAtMs(pipe);
    return Math.min(this.stalledAtMs(pipe), this.missedAtMs(pipe), silentAtMs);
  }

  /** When bodies that have left on it, as another link says, should have come [PIPE-4]. */
  private missedAtMs(pipe: Pipe): number {
    return pipe.missedSinceMs + this.roundTrip.timeoutMs;
  }

  /** [PIPE-7]: a pipe resends by itself, so no evidence for so long means that it cannot. */
  private stalledAtMs({ askedAtMs, oldest: { sinceMs, bytes } }: Pipe): number {
    const { roundTrip } = this;
    const byBodiesMs = sinceMs + roundTrip.overdueAfterMs(bytes);
    return Math.min(byBodiesMs, askedAtMs + roundTrip.timeoutMs) + this.settings.pipeStallMs;
  }

  protected override end(
    reason: EndReason,
    by: EndedOutput["by"],
    code: number,
    detail?: string,
  ): void {
    super.end(reason, by, code, detail);
    for (const pipe of this.pipes.values()) this.dropPipe(pipe, "ended");
  }
}
