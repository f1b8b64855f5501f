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

/** What travels. */
export interface Edit {
  /** How many changes of the other end this one had taken in. */
  readonly seen: number;
  /** As `ChangeSet.toJSON` has them; without, it only says what was seen. */
  readonly changes?: unknown;
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

  /** Changes of one's own that the other end may not have seen yet. */
  get unseen(): number {
    return this.#mine.length;
  }

  /** Takes a change that was made at this end; returns what the other end must get. */
  change(changes: ChangeSet): Edit {
    this.#mine.push(changes);
    return { seen: this.#seen, changes: changes.toJSON() };
  }

  /** Takes what came; returns what it changes here, if anything. Throws at what cannot be. */
  receive(edit: Edit): ChangeSet | undefined {
    const news = edit.seen - this.#confirmed;
    if (!(news >= 0 && news <= this.#mine.length)) throw new RangeError("seen what was never sent");
    this.#mine.splice(0, news);
    this.#confirmed = edit.seen;
    if (edit.changes === undefined) return undefined;
    let theirs = ChangeSet.fromJSON(edit.changes);
    this.#mine = this.#mine.map((mine) => {
      const mapped = mine.map(theirs, this.#isFirst);
      theirs = theirs.map(mine, !this.#isFirst);
      return mapped;
    });
    this.#seen++;
    return theirs;
  }

  /** What `receive` has taken in, for an end that has nothing to change itself. */
  receipt(): Edit {
    return { seen: this.#seen };
  }
}
