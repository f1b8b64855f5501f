/**
 * Payloads that were accepted and not yet numbered, and where their bytes are kept.
 *
 * Small payloads are copied into chunks when they are accepted, for two reasons: the application
 * may use its buffer again at once, and a hundred thousand messages in flight are then a few
 * chunks to the garbage collector instead of a hundred thousand objects (decision 0001). A large
 * payload is kept by reference and must not be changed until it is released.
 *
 * A place is a source with an offset and a size; the source is a chunk or the payload itself.
 */
import { assert } from "./errors.ts";
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, COPIED_BYTES_MAX } from "./limits.ts";

const SLOTS_MIN = 8;
const EMPTY = new Uint8Array(0);
/** What queues share that hold nothing; none of it is ever used. */
const NO_SOURCES: undefined[] = [];
const NO_NUMBERS = new Float64Array(0);

/** The chunk that is being filled. Full ones live as long as a place in them is kept. */
export class PayloadStore {
  private chunk: Uint8Array = EMPTY;
  private used = 0;
  private chunkBytes = CHUNK_BYTES_MIN;
  /** The place of the payload that was stored last. */
  source: Uint8Array = EMPTY;
  offset = 0;

  /** Stores a payload; its place is then in `source` and `offset`. */
  store(payload: Uint8Array): void {
    const bytes = payload.length;
    if (bytes > COPIED_BYTES_MAX) {
      this.source = payload;
      this.offset = 0;
      return;
    }
    if (this.used + bytes > this.chunk.length) this.beginChunk(bytes);
    this.chunk.set(payload, this.used);
    this.source = this.chunk;
    this.offset = this.used;
    this.used += bytes;
  }

  /**
   * Nothing is kept any more: a chunk of the smallest size is filled anew, so that a conversation
   * of single small messages makes none; after a larger one the next begins small again.
   */
  reset(): void {
    this.source = EMPTY;
    this.offset = 0;
    this.used = 0;
    if (this.chunk.length <= CHUNK_BYTES_MIN) return;
    this.chunk = EMPTY;
    this.chunkBytes = CHUNK_BYTES_MIN;
  }

  private beginChunk(bytes: number): void {
    this.chunk = new Uint8Array(Math.max(bytes, this.chunkBytes));
    this.chunkBytes = Math.min(this.chunkBytes * 2, CHUNK_BYTES_MAX);
    this.used = 0;
  }
}

/** The bytes at a place, without a copy. */
export function viewOf(source: Uint8Array, offset: number, bytes: number): Uint8Array {
  if (offset === 0 && bytes === source.length) return source;
  return new Uint8Array(source.buffer, source.byteOffset + offset, bytes);
}

/** A first-in first-out queue of places, in columns; positions rise as in `Deque`. */
export class PayloadQueue {
  head = 0;
  tail = 0;
  private sources: (Uint8Array | undefined)[] = NO_SOURCES;
  private offsets: Float64Array = NO_NUMBERS;
  private sizes: Float64Array = NO_NUMBERS;

  get size(): number {
    return this.tail - this.head;
  }

  /** Appends a place and returns its position. */
  push(source: Uint8Array, offset: number, bytes: number): number {
    if (this.tail - this.head === this.sources.length) this.grow();
    this.put(this.tail, source, offset, bytes);
    return this.tail++;
  }

  /** Replaces the place at a position in the queue. */
  replace(position: number, source: Uint8Array, offset: number, bytes: number): void {
    assert(position >= this.head && position < this.tail, "payload_replaced_outside");
    this.put(position, source, offset, bytes);
  }

  source(position: number): Uint8Array {
    const source = this.sources[position & (this.sources.length - 1)];
    assert(source !== undefined && position >= this.head, "payload_outside_queue");
    return source;
  }

  offset(position: number): number {
    return this.offsets[position & (this.sources.length - 1)] as number;
  }

  bytes(position: number): number {
    return this.sizes[position & (this.sources.length - 1)] as number;
  }

  /** The payload at a position, without a copy. */
  view(position: number): Uint8Array {
    return viewOf(this.source(position), this.offset(position), this.bytes(position));
  }

  /** Drops the first place. */
  shift(): void {
    assert(this.head < this.tail, "payload_shift_of_none");
    this.sources[this.head & (this.sources.length - 1)] = undefined;
    this.head++;
  }

  /** Drops everything; positions go on. */
  clear(): void {
    this.head = this.tail;
    this.sources = NO_SOURCES;
    this.offsets = NO_NUMBERS;
    this.sizes = NO_NUMBERS;
  }

  private put(position: number, source: Uint8Array, offset: number, bytes: number): void {
    const slot = position & (this.sources.length - 1);
    this.sources[slot] = source;
    this.offsets[slot] = offset;
    this.sizes[slot] = bytes;
  }

  private grow(): void {
    const { sources, offsets, sizes } = this;
    const mask = sources.length - 1;
    const slots = Math.max(SLOTS_MIN, sources.length * 2);
    this.sources = new Array<Uint8Array | undefined>(slots).fill(undefined);
    this.offsets = new Float64Array(slots);
    this.sizes = new Float64Array(slots);
    for (let position = this.head; position < this.tail; position++) {
      const slot = position & mask;
      const source = sources[slot] as Uint8Array;
      this.put(position, source, offsets[slot] as number, sizes[slot] as number);
    }
  }
}
