/**
 * Imitates a person who writes, for a trace that anybody may have: types words, mistypes and goes
 * back, moves the cursor into what is written, deletes words there, cuts, pastes and moves pieces.
 * The same seed gives the same trace.
 */
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import type { Patch } from "./document.ts";

/** A trace as its file has it. */
export interface TraceFile {
  readonly startContent: string;
  readonly endContent: string;
  readonly txns: readonly { readonly time: string; readonly patches: readonly Patch[] }[];
}

/** What the committed trace was made with. */
export const TYPED_TRANSACTIONS = 6_000;
export const TYPED_SEED = 3;

const SYLLABLES = "ka lo mi ten ra su vé on der is pan to ru elt ähn sho qui ba nor fy".split(" ");
const STARTED_MS = Date.UTC(2026, 0, 5, 9);

/** Commands; each is one action of the person, of one or more transactions. */
class Typist {
  readonly txns: { time: string; patches: readonly Patch[] }[] = [];
  text = "";
  #cursor = 0;
  #clipboard = "";
  #nowMs = STARTED_MS;
  readonly #random: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#random = xoroshiro128plus(seed);
  }

  act(): void {
    const choice = this.#upTo(100);
    if (choice < 80) this.#writeSentence();
    else if (choice < 88) this.#deleteWord();
    else if (choice < 92) this.#cut();
    else if (choice < 96) this.#paste();
    else this.#movePiece();
    if (this.#upTo(4) === 0) this.#cursor = this.#wordStart(this.#upTo(this.text.length + 1));
    else if (this.#upTo(2) === 0) this.#cursor = this.text.length;
  }

  #writeSentence(): void {
    const words = 3 + this.#upTo(9);
    for (let count = 0; count < words; count++) {
      let word = "";
      const syllables = 1 + this.#upTo(4);
      for (let nth = 0; nth < syllables; nth++) word += this.#syllable();
      this.#type(count + 1 < words ? `${word} ` : `${word}. `);
      if (this.#upTo(12) === 0) this.#mistype();
    }
    if (this.#upTo(6) === 0) this.#type("\n\n");
  }

  #type(text: string): void {
    for (const unit of text) this.#change([this.#cursor, 0, unit]);
  }

  #mistype(): void {
    const wrong = this.#syllable();
    this.#type(wrong);
    for (let count = 0; count < wrong.length; count++) this.#change([this.#cursor - 1, 1, ""]);
  }

  /** Backwards, unit by unit, as with the key. */
  #deleteWord(): void {
    const start = this.#wordStart(this.#cursor - 1);
    while (this.#cursor > start) this.#change([this.#cursor - 1, 1, ""]);
  }

  #cut(): void {
    const count = Math.min(5 + this.#upTo(75), this.text.length - this.#cursor);
    if (count === 0) return;
    this.#clipboard = this.text.slice(this.#cursor, this.#cursor + count);
    this.#change([this.#cursor, count, ""]);
  }

  #paste(): void {
    if (this.#clipboard !== "") this.#change([this.#cursor, 0, this.#clipboard]);
  }

  /** Drags a piece to the front of the text: one transaction of two patches. */
  #movePiece(): void {
    const start = this.#wordStart(this.#upTo(this.text.length + 1));
    const piece = this.text.slice(start, start + 1 + this.#upTo(40));
    if (piece !== "") this.#change([start, piece.length, ""], [0, 0, piece]);
  }

  #change(...patches: readonly Patch[]): void {
    this.#nowMs += 40 + this.#upTo(260);
    this.txns.push({ time: new Date(this.#nowMs).toISOString(), patches });
    for (const [position, deletedCount, insertedText] of patches) {
      const behind = this.text.slice(position + deletedCount);
      this.text = this.text.slice(0, position) + insertedText + behind;
      this.#cursor = position + insertedText.length;
    }
  }

  #wordStart(position: number): number {
    return this.text.lastIndexOf(" ", Math.max(0, position - 2)) + 1;
  }

  #syllable(): string {
    return SYLLABLES[this.#upTo(SYLLABLES.length)] ?? "";
  }

  /** @returns 0 to `count` - 1 */
  #upTo(count: number): number {
    return uniformInt(this.#random, 0, count - 1);
  }
}

/** At least `transactions` of them: the last action is finished. */
export function typedTrace(transactions: number, seed: number): TraceFile {
  const typist = new Typist(seed);
  while (typist.txns.length < transactions) typist.act();
  return { startContent: "", endContent: typist.text, txns: typist.txns };
}
