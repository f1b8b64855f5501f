/**
 * What a body passes on its way through the proxy: a stage that counts, damages and records, and
 * one that collects the whole.
 */
import { Transform, type TransformCallback } from "node:stream";
import type { Flip } from "./dice.ts";
import { BUFFERED_BYTES_MAX, RECORDED_BYTES_MAX } from "./limits.ts";

export interface BodyStageOptions {
  /** Called with the bytes of each piece that passes. */
  readonly onBytes: (bytes: number) => void;
  /** Where to damage a body, given its length; undefined when it stays whole. */
  readonly flipsOf: ((lengthBytes: number) => Flip[]) | undefined;
  /** The body's length where it is known in advance; otherwise the first piece is damaged. */
  readonly lengthBytes: number | undefined;
  /** Called when the first bit has flipped. */
  readonly onDamage: () => void;
  /** Keep the body, as it leaves. */
  readonly isRecorded: boolean;
  /** The body has passed whole; `body` is undefined if it was not recorded or was too large. */
  readonly onEnd: (body: Uint8Array | undefined) => void;
}

export class BodyStage extends Transform {
  readonly #options: BodyStageOptions;
  #flips: Flip[] | undefined;
  #offset = 0;
  #isDamaged = false;
  #recorded: Uint8Array[] | undefined;

  constructor(options: BodyStageOptions) {
    super();
    this.#options = options;
    this.#recorded = options.isRecorded ? [] : undefined;
  }

  override _transform(piece: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const whole = this.#damaged(piece);
    this.#offset += piece.length;
    this.#options.onBytes(piece.length);
    if (this.#offset > RECORDED_BYTES_MAX) this.#recorded = undefined;
    this.#recorded?.push(whole);
    done(null, whole);
  }

  override _flush(done: TransformCallback): void {
    this.#options.onEnd(this.#recorded && Buffer.concat(this.#recorded));
    done();
  }

  #damaged(piece: Uint8Array): Uint8Array {
    if (this.#options.flipsOf === undefined || piece.length === 0) return piece;
    this.#flips ??= this.#options.flipsOf(this.#options.lengthBytes ?? piece.length);
    const end = this.#offset + piece.length;
    const here = this.#flips.filter((flip) => flip.offset >= this.#offset && flip.offset < end);
    if (here.length === 0) return piece;
    if (!this.#isDamaged) this.#options.onDamage();
    this.#isDamaged = true;
    return flipped(piece, here, this.#offset);
  }
}

/** A copy of `piece`, which begins at `base` of its body, with its bits flipped. */
export function flipped(piece: Uint8Array, flips: readonly Flip[], base: number): Uint8Array {
  const copy = Uint8Array.from(piece);
  for (const { offset, mask } of flips) {
    const at = offset - base;
    copy[at] = (copy[at] ?? 0) ^ mask;
  }
  return copy;
}

/** Lets nothing out before its end or its bound; then calls `onOpen` once. */
export class BufferStage extends Transform {
  readonly #onOpen: (isWhole: boolean) => void;
  #collected: Uint8Array[] | undefined = [];
  #bytes = 0;

  constructor(onOpen: (isWhole: boolean) => void) {
    super();
    this.#onOpen = onOpen;
  }

  override _transform(piece: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#collected === undefined) {
      done(null, piece);
      return;
    }
    this.#collected.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > BUFFERED_BYTES_MAX) this.#open(false);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#open(true);
    done();
  }

  #open(isWhole: boolean): void {
    if (this.#collected === undefined) return;
    for (const piece of this.#collected) this.push(piece);
    this.#collected = undefined;
    this.#onOpen(isWhole);
  }
}
