/**
 * The sending half of one channel: messages accepted and not yet given a number, the channel's
 * window as the peer granted it, and what may be given up. spec 4.4 to 4.8.
 *
 * Invariants: `unsentKeys` goes beside `unsent` if the mode is `latest`, `unsentDeadlines` if
 * messages may expire; each key has at most one message in `unsent`, at `unsentByKey`.
 */
import type { DeliveryMode } from "./body.ts";
import { Deque } from "./deque.ts";
import { assert } from "./errors.ts";
import { LazyMap } from "./lazy-map.ts";
import { PART_BYTES_MIN, UNIT_BYTES_MAX } from "./limits.ts";
import { PayloadQueue } from "./payload-queue.ts";
import { NO_KEY } from "./send-ring.ts";
import { WIDE } from "./wide.ts";

/** A message of a channel that may give messages up, from its first unit's seq to its last. */
export interface SentMessage {
  readonly seqFirst: number;
  seqLast: number;
  /** When it expires; Infinity without time-to-live. */
  readonly deadlineMs: number;
  readonly key: number;
}

export type SendingState =
  /** Messages are accepted. */
  | "open"
  /** The application finished the channel; what was accepted still leaves. */
  | "finishing"
  /** The fact that says so has left. */
  | "finished"
  /** Abandoned. */
  | "reset";

export class ChannelSender {
  readonly id: number;
  readonly mode: DeliveryMode;
  /** Milliseconds after `send` at which a message is given up; Infinity for never. */
  ttlMs: number;
  state: SendingState = "open";
  /** Index of the next message to leave. */
  nextIndex = 1;
  readonly unsent: PayloadQueue = new PayloadQueue();
  /** Position in `unsent` before which other lives of this client have the messages too. */
  sharedUntil = 0;
  /** Beside `unsent` when the mode is `latest`. */
  readonly unsentKeys: Deque<number> = new Deque();
  /** Beside `unsent` when messages may expire; ascending. */
  readonly unsentDeadlines: Deque<number> = new Deque();
  /** Position in `unsent` of the message of each key (`latest`). */
  readonly unsentByKey: LazyMap<number, number> = new LazyMap();
  unsentBytes = 0;
  /** Bytes of the first unsent message that have left in parts. */
  partOffset = 0;
  /** Messages sent and perhaps not received, where they may be given up; ascending. */
  readonly sent: Deque<SentMessage> = new Deque();
  readonly sentByKey: LazyMap<number, SentMessage> = new LazyMap();
  /** Units that were sent, and the limit that the peer set. */
  units = 0;
  unitsMax: number;
  bytes: number = WIDE;
  bytesMax: number = WIDE;
  /** Units that the peer has not received yet. */
  outstanding = 0;
  /** Seq of the unacknowledged fact that opens this channel; 0 when the peer knows it. */
  openSeq = 0;
  /** Seq of the fact that resets this channel; 0 before it has left. */
  resetSeq = 0;
  /** The opening is accepted and has not left yet. */
  openPending = false;
  /** Whether the scheduler has the channel in its queue. */
  isReady = false;

  constructor(id: number, mode: DeliveryMode, ttlMs: number, unitsMax: number, bytesMax: number) {
    this.id = id;
    this.mode = mode;
    this.ttlMs = ttlMs;
    this.unitsMax = unitsMax;
    this.bytes = 0;
    this.bytesMax = bytesMax;
  }

  /** Whether messages on this channel may be given up. */
  get givesUp(): boolean {
    return this.mode === "latest" || this.ttlMs !== Infinity;
  }

  get hasUnsent(): boolean {
    return this.unsent.size > 0;
  }

  /** Bytes of credit that the first unsent message needs before anything of it may leave. */
  get headNeeds(): number {
    assert(this.unsent.size > 0, "head_of_none");
    const bytes = this.unsent.bytes(this.unsent.head);
    if (bytes <= UNIT_BYTES_MAX) return bytes;
    return Math.min(PART_BYTES_MIN, bytes - this.partOffset);
  }

  /** Whether the channel's own window lets the first unsent message begin. */
  get isAffordable(): boolean {
    return this.affords(this.headNeeds);
  }

  /** Whether the channel's own window has room for one more unit of so many bytes. */
  affords(bytes: number): boolean {
    return this.units < this.unitsMax && this.bytes + bytes <= this.bytesMax;
  }

  /** Key of the first unsent message. */
  get headKey(): number {
    return this.mode === "latest" ? (this.unsentKeys.first() as number) : NO_KEY;
  }

  /** When the first unsent message expires; Infinity for never. */
  get headDeadlineMs(): number {
    return this.unsentDeadlines.first() ?? Infinity;
  }

  /** Appends a message whose bytes are kept at a place. */
  push(nowMs: number, source: Uint8Array, offset: number, bytes: number, key: number): void {
    const position = this.unsent.push(source, offset, bytes);
    if (key !== NO_KEY) {
      this.unsentKeys.push(key);
      this.unsentByKey.set(key, position);
    }
    if (this.ttlMs !== Infinity) this.unsentDeadlines.push(nowMs + this.ttlMs);
  }

  /** Takes the first unsent message out; its bytes are counted elsewhere. */
  shiftUnsent(): void {
    this.unsent.shift();
    if (this.ttlMs !== Infinity) this.unsentDeadlines.shift();
    if (this.mode === "latest") this.unsentByKey.delete(this.unsentKeys.shift() as number);
  }

  /** Drops all unsent messages. */
  clearUnsent(): void {
    this.partOffset = 0;
    this.unsentBytes = 0;
    this.unsent.clear();
    this.unsentKeys.clear();
    this.unsentDeadlines.clear();
    this.unsentByKey.clear();
  }

  /** Remembers that the first unsent message leaves; `joins` when parts of it left before. */
  rememberSent(seq: number, key: number, joins: boolean, receivedThrough: number): void {
    const last = this.lastSent;
    if (joins && last !== undefined) {
      last.seqLast = seq;
      return;
    }
    const sent: SentMessage = {
      seqFirst: seq,
      seqLast: seq,
      deadlineMs: this.headDeadlineMs,
      key,
    };
    this.sent.push(sent);
    if (key !== NO_KEY) this.sentByKey.set(key, sent);
    this.firstSent(receivedThrough);
  }

  /** The message sent last, of those that may still be given up. */
  get lastSent(): SentMessage | undefined {
    return this.sent.at(this.sent.tail - 1);
  }

  /** The first sent message that the peer may still lack; those before it are forgotten. */
  firstSent(receivedThrough: number): SentMessage | undefined {
    for (;;) {
      const sent = this.sent.first();
      if (sent === undefined || sent.seqLast > receivedThrough) return sent;
      this.shiftSent();
    }
  }

  /** Forgets the first sent message. */
  shiftSent(): void {
    const sent = this.sent.shift();
    assert(sent !== undefined, "shift_of_none_sent");
    if (this.sentByKey.get(sent.key) === sent) this.sentByKey.delete(sent.key);
  }

  /** Forgets all sent messages. */
  clearSent(): void {
    this.sent.clear();
    this.sentByKey.clear();
  }
}
