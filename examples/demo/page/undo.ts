/**
 * Undoing one's own changes, and only these, in a text that others change too: browsers forget how
 * to undo as soon as a program writes into a text field. Pure.
 *
 * Each entry is a change that leads back, in terms of the text as it is when all later entries have
 * been undone. What others change is mapped into every entry.
 */
import type { ChangeSet, Text } from "@codemirror/state";

/** Entries that are kept. Each change of somebody else costs work for every one of them. */
export const UNDO_ENTRIES_MAX = 100;

/** Typing without a longer rest is undone at once. */
const REST_MS = 700;

/** Typing for longer is undone piece by piece all the same. */
const PIECE_MS_MAX = 3_000;

export class UndoHistory {
  #undos: ChangeSet[] = [];
  #redos: ChangeSet[] = [];
  #pieceSinceMs = -Infinity;
  #lastMs = -Infinity;

  /** A change of one's own, with the text before it. */
  record(nowMs: number, changes: ChangeSet, before: Text): void {
    const back = changes.invert(before);
    const isRest = nowMs - this.#lastMs > REST_MS || nowMs - this.#pieceSinceMs > PIECE_MS_MAX;
    const last = isRest ? undefined : this.#undos.pop();
    if (isRest) this.#pieceSinceMs = nowMs;
    this.#lastMs = nowMs;
    this.#undos.push(last === undefined ? back : back.compose(last));
    if (this.#undos.length > UNDO_ENTRIES_MAX) this.#undos.shift();
    this.#redos = [];
  }

  /** A change of somebody else. */
  map(changes: ChangeSet): void {
    this.#undos = mapped(this.#undos, changes);
    this.#redos = mapped(this.#redos, changes);
  }

  /**
   * What to do to `text` to undo, or undefined; also if the text would grow beyond so many UTF-16
   * units, as others may have filled what was deleted. The change is the caller's to make.
   */
  undo(text: Text, lengthMax: number): ChangeSet | undefined {
    return this.#step(this.#undos, this.#redos, text, lengthMax);
  }

  redo(text: Text, lengthMax: number): ChangeSet | undefined {
    return this.#step(this.#redos, this.#undos, text, lengthMax);
  }

  #step(from: ChangeSet[], to: ChangeSet[], text: Text, lengthMax: number): ChangeSet | undefined {
    this.#lastMs = -Infinity;
    for (let changes = from.pop(); changes !== undefined; changes = from.pop()) {
      // Others may have deleted all that it was about.
      if (changes.empty) continue;
      if (changes.newLength > Math.max(lengthMax, text.length)) {
        // It may fit later.
        from.push(changes);
        return undefined;
      }
      to.push(changes.invert(text));
      return changes;
    }
    return undefined;
  }
}

function mapped(entries: readonly ChangeSet[], changes: ChangeSet): ChangeSet[] {
  let over = changes;
  return entries
    .toReversed()
    .map((entry) => {
      const result = entry.map(over);
      over = over.map(entry, true);
      return result;
    })
    .toReversed();
}
