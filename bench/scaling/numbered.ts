/**
 * Payloads that say which one they are, taken round and round, and the receiver's check that each
 * comes once and in its turn. They are made once: the application's own memory is no part of what
 * is measured. Small ones are copied by the sender, and large ones are not changed.
 */

/** Payloads of one ring, unless fewer make up this many bytes. */
const RING_MAX = 1_000;
const RING_BYTES = 4 << 20;

/** Bytes at the front of a payload that say its number. */
const NUMBER_BYTES = 2;

export class Numbered {
  readonly bytesEach: number;
  private readonly ring: Uint8Array[] = [];

  constructor(bytesEach: number) {
    this.bytesEach = bytesEach;
    const count = Math.max(2, Math.min(RING_MAX, Math.floor(RING_BYTES / bytesEach)));
    for (let at = 0; at < count; at++) {
      const payload = new Uint8Array(bytesEach).fill(0x5a);
      payload[0] = at;
      if (bytesEach >= NUMBER_BYTES) payload[1] = at >>> 8;
      this.ring.push(payload);
    }
  }

  at(number: number): Uint8Array {
    return this.ring[number % this.ring.length] as Uint8Array;
  }

  /** So many, from this number on. */
  take(from: number, count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, at) => this.at(from + at));
  }

  /** Throws unless these are the messages from this number on, every `step`-th. */
  check(payloads: readonly Uint8Array[], from: number, step: number): void {
    for (let at = 0; at < payloads.length; at++) {
      const payload = payloads[at] as Uint8Array;
      const wanted = this.at(from + at * step);
      const isWanted =
        payload.length === wanted.length &&
        payload[0] === wanted[0] &&
        payload[1] === wanted[1] &&
        payload[payload.length - 1] === wanted[wanted.length - 1];
      if (!isWanted) throw new Error(`message ${from + at * step} did not come in its turn`);
    }
  }
}
