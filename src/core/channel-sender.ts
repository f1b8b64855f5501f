/**
 * The sending half of one channel: messages accepted and not yet given a number, the channel's
 * window as the peer granted it, and what may be given up. spec 4.4 to 4.8.
 */
import type { DeliveryMode } from "./body.ts";
import { Deque } from "./deque.ts";
import { PART_BYTES_MIN, UNIT_BYTES_MAX } from "./limits.ts";
import { PayloadQueue } from "./payload-queue.ts";

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
  /** Beside `unsent` when the mode is `latest`. */
  readonly unsentKeys: Deque<number> = new Deque();
  /** Beside `unsent` when messages may expire; ascending. */
  readonly unsentDeadlines: Deque<number> = new Deque();
  /** Position in `unsent` of the message of each key (`latest`). */
  readonly unsentByKey: Map<number, number> = new Map();
  unsentBytes = 0;
  /** Bytes of the first unsent message that have left in parts. */
  partOffset = 0;
  /** Messages sent and perhaps not received, where they may be given up; ascending. */
  readonly sent: Deque<SentMessage> = new Deque();
  readonly sentByKey: Map<number, SentMessage> = new Map();
  /** Units that were sent, and the limit that the peer set. */
  units = 0;
  unitsMax: number;
  bytes = 0;
  bytesMax: number;
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
    if (this.unsent.size === 0) return 0;
    const bytes = this.unsent.bytes(this.unsent.head);
    if (this.partOffset === 0 && bytes <= UNIT_BYTES_MAX) return bytes;
    return Math.min(PART_BYTES_MIN, bytes - this.partOffset);
  }

  /** Whether the channel's own window lets the first unsent message begin. */
  get isAffordable(): boolean {
    return this.units < this.unitsMax && this.bytes + this.headNeeds <= this.bytesMax;
  }
}
