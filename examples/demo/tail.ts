/**
 * The newest changes of the text, kept once for all who have not been told of them. What somebody
 * has missed is composed when it is asked for; so a change costs nothing for each who is behind.
 */
import type { ChangeSet } from "@codemirror/state";
import { partsOf } from "./changes.ts";

/**
 * Parts in it, from which on everybody takes over what is theirs: some dozens of letters. With
 * more, whoever types while behind composes more for each edit; with fewer, all take over more
 * often.
 */
const PARTS_MAX = 128;

export class Tail {
  #changes: ChangeSet[] = [];
  #parts = 0;
  /** All from a place on, by the place. */
  readonly #composed: Map<number, ChangeSet> = new Map();

  /** The place of the change that comes next. */
  get end(): number {
    return this.#changes.length;
  }

  get isLong(): boolean {
    return this.#parts >= PARTS_MAX;
  }

  push(changes: ChangeSet): void {
    this.#changes.push(changes);
    this.#parts += partsOf(changes);
    this.#composed.clear();
  }

  /** All changes from that place on, as one; undefined if there are none. */
  from(place: number): ChangeSet | undefined {
    const known = this.#composed.get(place);
    if (known !== undefined) return known;
    let composed: ChangeSet | undefined;
    for (const [at, changes] of [...this.#changes.entries()].slice(place).toReversed()) {
      composed = this.#composed.get(at) ?? (composed ? changes.compose(composed) : changes);
      this.#composed.set(at, composed);
    }
    return composed;
  }

  /** Nobody needs it any more. The next place is 0. */
  clear(): void {
    this.#changes = [];
    this.#parts = 0;
    this.#composed.clear();
  }
}
