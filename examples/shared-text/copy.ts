/**
 * One end of a text that two sides change at the same time. Each end applies its own changes at
 * once, and maps what comes over those of its own that the other end had not seen: operational
 * transformation between two sites (Nichols et al., "High-latency, low-bandwidth windowing in the
 * Jupiter collaboration system", 1995). It relies on every change arriving exactly once and in
 * order: with one lost, doubled or overtaken, the two texts differ for good.
 *
 * A text of many is a star: the server has one end for each client and hands what comes out of one
 * to all others.
 */
import { ChangeSet } from "@codemirror/state";
import { type Edit, readEdit } from "./edit.ts";

export type { Edit } from "./edit.ts";

/** A copy as plain data. */
export interface SavedCopy {
  readonly mine: readonly unknown[];
  readonly confirmed: number;
  readonly seen: number;
}

export class Copy {
  /** At the same place the text of one end comes first: the client's, so that both agree. */
  readonly #isFirst: boolean;
  /** Own changes that the other end is not known to have seen, each in terms of what it gets. */
  #mine: ChangeSet[] = [];
  /** How many own changes the other end has seen, and how many of its were taken in here. */
  #confirmed = 0;
  #seen = 0;

  constructor(isFirst: boolean) {
    this.#isFirst = isFirst;
  }

  /** Goes on from what `save` gave, after the reload of a page for one. */
  static load(isFirst: boolean, { mine, confirmed, seen }: SavedCopy): Copy {
    const copy = new Copy(isFirst);
    copy.#mine = mine.map((each) => ChangeSet.fromJSON(each));
    copy.#confirmed = confirmed;
    copy.#seen = seen;
    return copy;
  }

  save(): SavedCopy {
    const mine = this.#mine.map((each) => each.toJSON() as unknown);
    return { mine, confirmed: this.#confirmed, seen: this.#seen };
  }

  /** Changes of one's own that the other end may not have seen yet. */
  get unseen(): number {
    return this.#mine.length;
  }

  /** Takes a change that was made at this end; returns what the other end must get. */
  change(changes: ChangeSet): Edit {
    this.#mine.push(changes);
    return { seen: this.#seen, changes: changes.toJSON() };
  }

  /**
   * Takes what came; returns what it changes here, if anything. RangeError at what cannot be,
   * and then nothing has changed. That it fits the text is for `ChangeSet.apply` to check.
   */
  receive(edit: Edit): ChangeSet | undefined {
    const { seen, changes } = readEdit(edit);
    const news = seen - this.#confirmed;
    if (!(news >= 0 && news <= this.#mine.length)) throw new RangeError("seen what was never sent");
    const mine = this.#mine.slice(news);
    const length = (mine[0] ?? changes)?.length;
    if (changes !== undefined && changes.length !== length) throw new RangeError("of another text");
    let theirs = changes;
    if (theirs !== undefined) {
      for (const [index, change] of mine.entries()) {
        mine[index] = change.map(theirs, this.#isFirst);
        theirs = theirs.map(change, !this.#isFirst);
      }
      this.#seen++;
    }
    this.#confirmed = seen;
    this.#mine = mine;
    return theirs;
  }

  /** What `receive` has taken in, for an end that has nothing to change itself. */
  receipt(): Edit {
    return { seen: this.#seen };
  }
}
