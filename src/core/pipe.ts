/**
 * One pipe of a session: which of its bodies wait for evidence that they arrived, and since when
 * nobody has spoken on it. What is said on it, and when, is the half's business. spec 11.
 */
import { Deque } from "./deque.ts";
import type { Flight } from "./in-flight.ts";

export class Pipe {
  /** Its number among the session's links, from 1. */
  readonly link: number;
  /** The adapter's own number for it. */
  readonly handle: number;
  /** Whether bodies go up on it too. */
  readonly isDuplex: boolean;
  readonly beganAtMs: number;
  /** Of a stream that the server has named: each body on it says the name. */
  name: Uint8Array | undefined = undefined;
  bodiesSent = 0;
  bytesSent = 0;
  bodiesReceived = 0;
  /** When a body left on it last, and when one came; before the first, when it began. */
  spokenAtMs: number;
  heardAtMs: number;
  /** When a dummy left last, or what left in its place. */
  dummyAtMs: number;
  /** When something left last that the other side answers: something numbered, or LINK. */
  provokedAtMs: number;
  /** When the first body left on it, and the first one came. */
  firstSpokenAtMs: number;
  firstHeardAtMs: number;
  /** Client: what stands in the address of its first body, in the place of the secret. */
  proof: Uint8Array | undefined = undefined;
  /** No longer does the server let it be silent, as its greeting says. */
  silenceMs = 0;
  /** The server has shown that the stream is not held back. */
  isProved = false;
  /** Client: since when LINK waits for PIPE; Infinity: it does not. */
  askedAtMs: number = Infinity;
  /** Server: it was begun by a ticket, and no body with the secret has come yet. */
  isUnproved = false;
  /** Server: LINK has come, and PIPE is owed. */
  isAsked = false;
  /** The server wants it replaced; and has said so. */
  isEnding = false;
  isEndingSaid = false;
  /** Bodies that the server has sent, as it said elsewhere, and when they are missed from. */
  private expected = 0;
  private expectedAtMs = 0;
  /** Bytes of bodies that wait for evidence. */
  waitingBytes = 0;
  private readonly waiting: Deque<Flight> = new Deque();
  /** When there was evidence last. */
  private evidenceAtMs: number;

  constructor(nowMs: number, link: number, handle: number, isDuplex: boolean) {
    this.link = link;
    this.handle = handle;
    this.isDuplex = isDuplex;
    this.beganAtMs = nowMs;
    this.spokenAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.dummyAtMs = nowMs;
    this.provokedAtMs = nowMs;
    this.firstSpokenAtMs = nowMs;
    this.firstHeardAtMs = nowMs;
    this.evidenceAtMs = nowMs;
  }

  /** A body has left; `flight` is what it carried, if anything that is acknowledged. */
  noteSent(nowMs: number, bytes: number, flight: Flight | undefined): void {
    this.spokenAtMs = nowMs;
    this.bytesSent += bytes;
    if (this.bodiesSent++ === 0) this.firstSpokenAtMs = nowMs;
    if (flight === undefined) return;
    this.provokedAtMs = nowMs;
    this.waiting.push(flight);
    this.waitingBytes += flight.bytes;
  }

  noteHeard(nowMs: number): void {
    this.heardAtMs = nowMs;
    if (this.bodiesReceived++ === 0) this.firstHeardAtMs = nowMs;
  }

  /** Another link says how many bodies have left on this one. */
  expect(nowMs: number, bodies: number): void {
    if (this.bodiesReceived >= this.expected) this.expectedAtMs = nowMs;
    this.expected = Math.max(this.expected, bodies);
  }

  /**
   * Since when bodies are missed that had left before; Infinity: none is. While others come it is
   * only slower than the link that said so.
   */
  get missedSinceMs(): number {
    if (this.bodiesReceived >= this.expected) return Infinity;
    return Math.max(this.expectedAtMs, this.heardAtMs);
  }

  /**
   * Takes the bodies that arrived: the newest of which something was received, and all before it,
   * as a pipe keeps its order [PIPE-6]. Returns them, the oldest first, and the time that the last
   * stretch of them took.
   */
  takeArrived(
    nowMs: number,
    hasArrived: (flight: Flight) => boolean,
  ): { readonly flights: readonly Flight[]; readonly elapsedMs: number } {
    const flights: Flight[] = [];
    const { head, tail } = this.waiting;
    let newest = tail - 1;
    while (newest >= head && !hasArrived(this.waiting.at(newest) as Flight)) newest--;
    for (let at = head; at <= newest; at++) {
      const flight = this.waiting.shift() as Flight;
      this.waitingBytes -= flight.bytes;
      flights.push(flight);
    }
    const [first] = flights;
    const sinceMs = Math.max(this.evidenceAtMs, first?.sentAtMs ?? nowMs);
    if (first !== undefined) this.evidenceAtMs = nowMs;
    return { flights, elapsedMs: nowMs - sinceMs };
  }

  /** Everything that still waits: the pipe is over. */
  takeAll(): Flight[] {
    const flights: Flight[] = [];
    for (let flight = this.waiting.shift(); flight !== undefined; flight = this.waiting.shift()) {
      flights.push(flight);
    }
    this.waitingBytes = 0;
    return flights;
  }

  /** Since when the oldest body waits without any evidence, and its bytes; none: Infinity. */
  get oldest(): { readonly sinceMs: number; readonly bytes: number } {
    const flight = this.waiting.first();
    if (flight === undefined) return { sinceMs: Infinity, bytes: 0 };
    return { sinceMs: Math.max(flight.sentAtMs, this.evidenceAtMs), bytes: flight.bytes };
  }
}
