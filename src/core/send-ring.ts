/**
 * The units that were given a seq and are not yet released, in a ring of columns: what is sent is
 * kept here until the peer says *held* (spec 4.1 [SEND-1]). Columns instead of objects keep the
 * cost of a message flat however many are in flight: nothing here is traced by the collector but
 * the payloads themselves. Append and release are amortised O(1).
 *
 * Invariant: the slots of the seqs `base` to `next - 1` are filled, all others are empty.
 */
import type { NumberedFrame, PartFrame } from "./body.ts";
import { assert } from "./errors.ts";
import { viewOf } from "./payload-queue.ts";

/** What a slot holds. */
export type UnitKind = number;
/** A whole message: the unit is the source of its payload, which is found by offset and bytes. */
export const UNIT_MESSAGE: UnitKind = 1;
/** A part: the unit is its frame. */
export const UNIT_PART: UnitKind = 2;
/** A control fact: the unit is its frame. */
export const UNIT_FACT: UnitKind = 3;
/** A message given up: the payload is gone, its number is still to be accounted for. */
export const UNIT_SKIP: UnitKind = 4;
/** A part of a message given up. */
export const UNIT_SKIP_PART: UnitKind = 5;

/** In column `key`: the message has none. */
export const NO_KEY = -1;

const SLOTS_MIN = 16;

/** What rings share that hold nothing; none of it is ever used. */
const NO_UNITS: undefined[] = [];
const NO_BYTES = new Uint8Array(0);
const NO_NUMBERS = new Float64Array(0);

/** A count that is not taken back any more: the largest of a byte. */
const DEPARTURES_MAX = 255;

/** A part that was sent, with the message that it is of. */
export interface SentPart extends PartFrame {
  readonly message: Uint8Array;
}

export type Unit = Uint8Array | NumberedFrame;

export class SendRing {
  /** The lowest seq that is kept. */
  base = 1;
  /** The seq that the next unit gets. */
  next = 1;
  /** Bytes of the messages and parts that are kept. */
  payloadBytes = 0;
  /** Before the first unit there is not even room: an idle session has sent nothing. */
  private mask = -1;
  private units: (Unit | undefined)[] = NO_UNITS;
  private kinds: Uint8Array = NO_BYTES;
  private received: Uint8Array = NO_BYTES;
  private channels: Float64Array = NO_NUMBERS;
  private indexes: Float64Array = NO_NUMBERS;
  private keys: Float64Array = NO_NUMBERS;
  private offsets: Float64Array = NO_NUMBERS;
  private sizes: Float64Array = NO_NUMBERS;
  private transmissions: Float64Array = NO_NUMBERS;
  /** How many transmissions of the unit may have left this host; `DEPARTURES_MAX` for many. */
  private departures: Uint8Array = NO_BYTES;

  /** How many units are kept. */
  get size(): number {
    return this.next - this.base;
  }

  has(seq: number): boolean {
    return seq >= this.base && seq < this.next;
  }

  /**
   * Stores a unit under the next seq, which is returned. `bytes` is what windows count, 0 for
   * facts.
   */
  append(
    kind: UnitKind,
    unit: Unit,
    offset: number,
    bytes: number,
    channel: number,
    index: number,
    key: number,
    transmission: number,
  ): number {
    if (this.next - this.base > this.mask) this.grow();
    const slot = this.next & this.mask;
    assert(this.kinds[slot] === 0, "send_ring_slot_taken");
    this.units[slot] = unit;
    this.kinds[slot] = kind;
    this.channels[slot] = channel;
    this.indexes[slot] = index;
    this.keys[slot] = key;
    this.offsets[slot] = offset;
    this.sizes[slot] = bytes;
    this.transmissions[slot] = transmission;
    this.departures[slot] = 1;
    this.payloadBytes += bytes;
    return this.next++;
  }

  kind(seq: number): UnitKind {
    return this.kinds[this.slot(seq)] as number;
  }

  /** Undefined for units given up. */
  unit(seq: number): Unit | undefined {
    return this.units[this.slot(seq)];
  }

  /** The payload of a whole message, without a copy. */
  payload(seq: number): Uint8Array {
    const slot = this.slot(seq);
    assert(this.kinds[slot] === UNIT_MESSAGE, "payload_of_no_message");
    const source = this.units[slot] as Uint8Array;
    return viewOf(source, this.offsets[slot] as number, this.sizes[slot] as number);
  }

  channel(seq: number): number {
    return this.channels[this.slot(seq)] as number;
  }

  index(seq: number): number {
    return this.indexes[this.slot(seq)] as number;
  }

  key(seq: number): number {
    return this.keys[this.slot(seq)] as number;
  }

  bytes(seq: number): number {
    return this.sizes[this.slot(seq)] as number;
  }

  /** Where the payload of a whole message begins in its unit. */
  offset(seq: number): number {
    return this.offsets[this.slot(seq)] as number;
  }

  /** The transmission that carried the unit last. */
  transmission(seq: number): number {
    return this.transmissions[this.slot(seq)] as number;
  }

  setTransmission(seq: number, transmission: number): void {
    const slot = this.slot(seq);
    this.transmissions[slot] = transmission;
    const departures = this.departures[slot] as number;
    if (departures !== DEPARTURES_MAX) this.departures[slot] = departures + 1;
  }

  /** A transmission that carried the unit did not leave this host. */
  takeBack(seq: number): void {
    const slot = this.slot(seq);
    const departures = this.departures[slot] as number;
    assert(departures !== 0, "taken_back_twice");
    if (departures !== DEPARTURES_MAX) this.departures[slot] = departures - 1;
  }

  /** Whether anything of the unit may have left this host. */
  mayHaveLeft(seq: number): boolean {
    return this.departures[this.slot(seq)] !== 0;
  }

  /** Whether the peer said that it received the unit. */
  isReceived(seq: number): boolean {
    return this.received[this.slot(seq)] === 1;
  }

  setReceived(seq: number): void {
    this.received[this.slot(seq)] = 1;
  }

  /** Turns a message or part into a skip of its number; the payload is let go. */
  giveUp(seq: number): void {
    const slot = this.slot(seq);
    const kind = this.kinds[slot];
    assert(kind === UNIT_MESSAGE || kind === UNIT_PART, "give_up_of_no_message");
    this.kinds[slot] = kind === UNIT_MESSAGE ? UNIT_SKIP : UNIT_SKIP_PART;
    this.units[slot] = undefined;
    this.payloadBytes -= this.sizes[slot] as number;
  }

  /** Empties the lowest slot. */
  release(): void {
    assert(this.base < this.next, "release_of_nothing");
    const slot = this.base & this.mask;
    const kind = this.kinds[slot];
    if (kind === UNIT_MESSAGE || kind === UNIT_PART) {
      this.payloadBytes -= this.sizes[slot] as number;
    }
    assert(this.payloadBytes >= 0, "payload_bytes_negative");
    this.units[slot] = undefined;
    this.kinds[slot] = 0;
    this.received[slot] = 0;
    this.base++;
  }

  private slot(seq: number): number {
    assert(seq >= this.base && seq < this.next, "seq_outside_send_ring");
    return seq & this.mask;
  }

  private grow(): void {
    const oldMask = this.mask;
    const slots = Math.max(SLOTS_MIN, (oldMask + 1) * 2);
    const larger = (old: Float64Array): Float64Array => this.spread(old, new Float64Array(slots));
    this.units = this.spread(this.units, new Array<Unit | undefined>(slots).fill(undefined));
    this.kinds = this.spread(this.kinds, new Uint8Array(slots));
    this.received = this.spread(this.received, new Uint8Array(slots));
    this.channels = larger(this.channels);
    this.indexes = larger(this.indexes);
    this.keys = larger(this.keys);
    this.offsets = larger(this.offsets);
    this.sizes = larger(this.sizes);
    this.transmissions = larger(this.transmissions);
    this.departures = this.spread(this.departures, new Uint8Array(slots));
    this.mask = slots - 1;
  }

  /** Moves a column's values to their slots in a column of another size. */
  private spread<Column extends { [slot: number]: unknown; length: number }>(
    from: Column,
    to: Column,
  ): Column {
    const mask = to.length - 1;
    for (let seq = this.base; seq < this.next; seq++) {
      to[seq & mask] = from[seq & this.mask];
    }
    return to;
  }
}
