/**
 * The text that a trace's patches make, in a gap buffer: the free room lies where the last patch
 * was, so that typing moves nothing and a jump of the cursor moves what lies between. Positions and
 * counts are UTF-16 code units, as in the traces.
 */

/** A change of the text: where, how many units to delete there, and what to insert instead. */
export type Patch = readonly [position: number, deletedCount: number, insertedText: string];

/** The largest document, in units: 64 times the largest trace of the public collection. */
export const DOCUMENT_UNITS_MAX = 16_777_216;

const UNITS_INITIAL = 1_024;
/** `String.fromCharCode` takes its units as arguments, and engines bound how many. */
const UNITS_AT_ONCE = 8_192;

/** Reader: `length`, `text()`. Command: `apply`. */
export class Document {
  #units: Uint16Array = new Uint16Array(UNITS_INITIAL);
  /** Units before the gap. */
  #gapStart = 0;
  #gapEnd = UNITS_INITIAL;

  constructor(text: string = "") {
    this.apply([0, 0, text]);
  }

  get length(): number {
    return this.#units.length - (this.#gapEnd - this.#gapStart);
  }

  /** @returns whether the patch fits this document; one that does not changes nothing. */
  apply([position, deletedCount, insertedText]: Patch): boolean {
    if (!isCount(position) || !isCount(deletedCount)) return false;
    if (position + deletedCount > this.length) return false;
    if (this.length - deletedCount + insertedText.length > DOCUMENT_UNITS_MAX) return false;
    this.#moveGap(position);
    this.#gapEnd += deletedCount;
    this.#widenGap(insertedText.length);
    for (let place = 0; place < insertedText.length; place++) {
      this.#units[this.#gapStart++] = insertedText.charCodeAt(place);
    }
    return true;
  }

  text(): string {
    this.#moveGap(this.length);
    const pieces: string[] = [];
    for (let place = 0; place < this.#gapStart; place += UNITS_AT_ONCE) {
      const end = Math.min(place + UNITS_AT_ONCE, this.#gapStart);
      pieces.push(String.fromCharCode(...this.#units.subarray(place, end)));
    }
    return pieces.join("");
  }

  #moveGap(position: number): void {
    if (position < this.#gapStart) {
      const count = this.#gapStart - position;
      this.#units.copyWithin(this.#gapEnd - count, position, this.#gapStart);
      this.#gapEnd -= count;
    } else {
      const count = position - this.#gapStart;
      this.#units.copyWithin(this.#gapStart, this.#gapEnd, this.#gapEnd + count);
      this.#gapEnd += count;
    }
    this.#gapStart = position;
  }

  #widenGap(count: number): void {
    if (this.#gapEnd - this.#gapStart >= count) return;
    const wider = new Uint16Array(2 * (this.length + count));
    wider.set(this.#units.subarray(0, this.#gapStart));
    const behind = this.#units.subarray(this.#gapEnd);
    wider.set(behind, wider.length - behind.length);
    this.#gapEnd = wider.length - behind.length;
    this.#units = wider;
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
