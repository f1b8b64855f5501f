/**
 * The receiving half of one channel: what arrived ahead of its turn, large messages under
 * assembly, and the channel's window as granted to the peer. spec 4.4 to 4.7.
 */
import type { Assembly } from "./assembly.ts";
import type { DeliveryMode, PartFrame } from "./body.ts";
import { Deque } from "./deque.ts";
import { LazyMap } from "./lazy-map.ts";
import { INDEX_RANGES_MAX, KEYS_MAX } from "./limits.ts";
import { Ranges } from "./ranges.ts";
import { NO_KEY } from "./send-ring.ts";
import type { Delivery } from "./receiver.ts";
import { WIDE } from "./wide.ts";

/** A whole message that waits for its turn, with the seqs that brought it. */
export interface Waiting {
  /** Undefined for an index that was given up. */
  readonly payload: Uint8Array | undefined;
  readonly seqs: readonly number[];
  /** Whether its bytes stand in the assembly reservation instead of the window. */
  readonly assembled: boolean;
}

export class ChannelReceiver {
  readonly id: number;
  readonly mode: DeliveryMode;
  /** Set by a reset from either side: what still arrives is accounted for and dropped. */
  isReset = false;
  /** Index before which the peer's half ends; 0 while it goes on. */
  indexEnd = 0;
  /** This side's half has ended too, as far as the peer was told. */
  isOwnHalfEnded = false;
  /** Whether the application was told that the peer's half has ended. */
  isFinished = false;
  /** Ordered: the next index to be delivered. */
  nextIndex = 1;
  /** Ordered: messages and gaps beyond `nextIndex`. */
  readonly waiting: LazyMap<number, Waiting> = new LazyMap();
  /** Unordered and latest: indexes that were delivered, superseded or given up. */
  readonly settled: Ranges = new Ranges();
  /** Latest: the highest index delivered of each key, while lower ones may still arrive. */
  readonly latestByKey: LazyMap<number, number> = new LazyMap();
  /** Up to which index keys were last looked through for such as can be forgotten. */
  keysSweptThrough = 0;
  readonly assemblies: LazyMap<number, Assembly> = new LazyMap();
  /** Parts that keep their credit because their message cannot be assembled yet, by index. */
  readonly stalled: LazyMap<number, PartFrame[]> = new LazyMap();
  /** Units and bytes that arrived, were consumed, may arrive, and were last stated. */
  units = 0;
  unitsConsumed = 0;
  unitsMax: number;
  unitsStated: number;
  bytes: number = WIDE;
  bytesConsumed: number = WIDE;
  bytesMax: number = WIDE;
  bytesStated: number = WIDE;
  /** The peer said that it stands still at what was last stated. */
  isPeerBlocked = false;
  /** What of the session's common credit the channel has on loan beyond its reserve. */
  unitsLent = 0;
  bytesLent = 0;
  /**
   * Delivered and not yet consumed, where the application says when: the bytes of each message,
   * negative where they stand in the assembly reservation. Beside it what brought each, where that
   * is held only then.
   */
  readonly unconsumed: Deque<number> = new Deque();
  readonly unconsumedSeqs: Deque<readonly number[]> = new Deque();

  constructor(id: number, mode: DeliveryMode, units: number, bytes: number) {
    this.id = id;
    this.mode = mode;
    this.unitsMax = units;
    this.unitsStated = units;
    this.bytes = this.bytesConsumed = 0;
    this.bytesMax = this.bytesStated = bytes;
  }

  /** The application is handed messages, and will say when it is done with them. */
  awaitConsumption(
    { payloads, seqs, assembled }: Pick<Delivery, "payloads" | "seqs" | "assembled">,
    keepsSeqs: boolean,
  ): void {
    for (const { length } of payloads) this.unconsumed.push(assembled ? -length : length);
    if (!keepsSeqs) return;
    // Several messages are a run, whose seqs follow each other; one may have come in parts.
    if (payloads.length === 1) this.unconsumedSeqs.push(seqs);
    else
      for (let at = 0; at < payloads.length; at++) {
        const seq = (seqs[0] as number) + at;
        this.unconsumedSeqs.push([seq, seq]);
      }
  }

  /** Whether nothing more can come of this index. */
  isSettled(index: number): boolean {
    if (this.mode === "ordered") return index < this.nextIndex || this.waiting.has(index);
    return this.settled.has(index);
  }

  /** Whether parts of the message at this index are here. */
  isInParts(index: number): boolean {
    return this.assemblies.has(index) || this.stalled.has(index);
  }

  /** Whether all that the peer sent on its half has been delivered or given up. */
  get isDrained(): boolean {
    if (this.isReset) return true;
    if (this.indexEnd === 0) return false;
    const next = this.mode === "ordered" ? this.nextIndex : this.settled.through + 1;
    return next === this.indexEnd;
  }

  /** Highest index about which anything is known; a finish may not lie below it. */
  get highestIndex(): number {
    let highest = this.mode === "ordered" ? this.nextIndex - 1 : this.settled.highest;
    for (const index of this.waiting.keys()) highest = Math.max(highest, index);
    for (const index of this.assemblies.keys()) highest = Math.max(highest, index);
    for (const index of this.stalled.keys()) highest = Math.max(highest, index);
    return highest;
  }

  /**
   * Whether what is remembered of indexes and keys has room for one more. Without room the unit
   * is left for its sender to send again, like one that would need a range too many.
   */
  hasRoom(index: number, key: number, waitingMax: number): boolean {
    const hasRoom =
      this.mode === "ordered"
        ? index === this.nextIndex || this.waiting.size < waitingMax
        : this.settled.countAfterAdding(index, index) <= INDEX_RANGES_MAX;
    return hasRoom && this.hasRoomForKey(key);
  }

  private hasRoomForKey(key: number): boolean {
    if (this.latestByKey.size < KEYS_MAX || this.latestByKey.has(key)) return true;
    const through = this.settled.through;
    // A look at every key is worth it only if something may be forgotten that could not before.
    if (key === NO_KEY || this.keysSweptThrough === through) return key === NO_KEY;
    this.keysSweptThrough = through;
    for (const [old, index] of this.latestByKey) {
      if (index <= through) this.latestByKey.delete(old);
    }
    return this.latestByKey.size < KEYS_MAX;
  }

  /** Without a gap nothing older can come, whatever the key. */
  forgetKeys(): void {
    if (this.settled.through === this.settled.highest) this.latestByKey.clear();
  }
}

/** The how-manieth channel of its side this is, from 1. */
export function ordinal(channel: number): number {
  return Math.floor((channel + 1) / 2);
}
