/**
 * The messages that are sent, and how a receiver checks them. Both sides make the same ring of
 * messages before a clock runs; the n-th one that is sent is the n-th of the ring, taken round and
 * round. A receiver looks at the length and the number of each, and at bytes spread over it; before
 * the clock runs, and where messages may be lost, at every byte.
 */
import type { Message } from "./contestant.ts";

/** Bytes of all messages of a ring, about. */
const RING_BYTES = 8 * 1024 * 1024;

const RING_MAX = 65_536;

/** Bytes of a timed message that are compared. */
const SAMPLES = 8;

/** The first characters are the position, six bits each; the others follow from it. */
const POSITION_CHARACTERS = 4;

function fill(bytes: Uint8Array, position: number): void {
  let state = (position + 1) * 0x9e3779b1;
  for (let at = 0; at < bytes.length; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at;
    const bits = at < POSITION_CHARACTERS ? position >>> (6 * at) : state >>> 20;
    // Printable, and none that JSON escapes.
    bytes[at] = 0x30 + (bits & 0x3f) === 0x5c ? 0x7a : 0x30 + (bits & 0x3f);
  }
}

/** Of a message in its ring. */
export function positionOf(message: Message): number {
  let position = 0;
  for (let at = 0; at < POSITION_CHARACTERS; at++) {
    const byte = typeof message === "string" ? message.charCodeAt(at) : (message[at] ?? 0);
    position |= ((byte === 0x7a ? 0x5c : byte) - 0x30) << (6 * at);
  }
  return position;
}

export class Ring {
  readonly messages: Message[] = [];

  constructor(messageBytes: number, payload: "text" | "bytes") {
    const count = Math.max(16, Math.min(RING_MAX, Math.floor(RING_BYTES / messageBytes)));
    for (let position = 0; position < count; position++) {
      const bytes = Buffer.allocUnsafe(messageBytes);
      fill(bytes, position);
      this.messages.push(payload === "text" ? bytes.toString("latin1") : bytes);
    }
  }

  at(index: number): Message {
    return this.messages[index % this.messages.length] as Message;
  }
}

/** Counts what arrives, and throws at the first message that is lost, doubled, moved or changed. */
export class Check {
  received = 0;
  /** Every byte is looked at. */
  isThorough = true;
  readonly #ring: Ring;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  take(message: Message): void {
    const wanted = this.#ring.at(this.received++);
    const step = this.isThorough ? 1 : samplingStep(message.length);
    if (!isEqual(message, wanted, step)) {
      throw new Error(`message ${this.received - 1} is not the one that was sent`);
    }
  }
}

/** Counts what becomes of messages that may be lost; throws at one that was never sent so. */
export class Tally {
  doubled = 0;
  /** Came after a later one. */
  reordered = 0;
  readonly #ring: Ring;
  readonly #seen: Set<number> = new Set();
  #latest = -1;

  /** No more messages are sent than the ring has. */
  constructor(ring: Ring) {
    this.#ring = ring;
  }

  /** How many different ones came. */
  get received(): number {
    return this.#seen.size;
  }

  take(message: Message): void {
    const position = positionOf(message);
    if (!isEqual(message, this.#ring.at(position), 1)) {
      throw new Error(`message ${position} is not the one that was sent`);
    }
    if (this.#seen.has(position)) this.doubled++;
    else if (position < this.#latest) this.reordered++;
    this.#seen.add(position);
    this.#latest = Math.max(this.#latest, position);
  }
}

function isEqual(message: Message, wanted: Message, step: number): boolean {
  if (typeof message !== typeof wanted || message.length !== wanted.length) return false;
  if (typeof message === "string") {
    if (step === 1) return message === wanted;
    for (let at = 0; at < message.length; at += step) {
      if (message.charCodeAt(at) !== (wanted as string).charCodeAt(at)) return false;
    }
    return true;
  }
  for (let at = 0; at < message.length; at += step) {
    if (message[at] !== (wanted as Uint8Array)[at]) return false;
  }
  return true;
}

/** Odd, so that the bytes of the number differ among those that are compared. */
function samplingStep(length: number): number {
  return Math.max(1, Math.floor(length / SAMPLES)) | 1;
}
