/** What the room looks at in changes, and does to them, before it passes them on. Pure. */
import { ChangeSet, type Text } from "@codemirror/state";

/** Stretches that are kept, deleted or replaced: what it costs to map something over changes. */
export function partsOf(changes: ChangeSet): number {
  return changes.desc.toJSON().length / 2;
}

/** What changes take in memory: their parts, and the UTF-16 units that they insert. */
export function sizeOf(changes: ChangeSet): number {
  let size = partsOf(changes);
  changes.iterChanges((_fromA, _toA, fromB, toB) => {
    size += toB - fromB;
  });
  return size;
}

/**
 * Throws a RangeError at changes that leave no plain text of `text`. Looking at what comes of it
 * would not do: with the end of one surrogate pair and the beginning of the next deleted, a whole
 * letter remains, and what somebody else has typed between the two would come to stand within it.
 */
export function checkPlain(changes: ChangeSet, text: Text): void {
  if (changes.length !== text.length) throw new RangeError("of another text");
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    if (isWithinPair(text, from) || isWithinPair(text, to)) {
      throw new RangeError("a letter would be parted");
    }
    // A page's text field would make a line feed of the one, and the codec something of the other.
    if (/\r|\p{Surrogate}/u.test(inserted.toString())) {
      throw new RangeError("the text would not be plain");
    }
  }, true);
}

/**
 * What makes `text` no longer than `lengthMax`: it takes from the end of what `changes`, which led
 * to this text, have inserted. They must be what made it too long. Undefined: it is not too long.
 */
export function trimOf(changes: ChangeSet, text: Text, lengthMax: number): ChangeSet | undefined {
  if (text.length <= lengthMax) return undefined;
  const stretches: { from: number; to: number }[] = [];
  changes.iterChanges((_fromA, _toA, from, to) => stretches.push({ from, to }), true);
  const deletions: { from: number; to: number }[] = [];
  let surplus = text.length - lengthMax;
  for (const { from, to } of stretches.toReversed()) {
    let start = Math.max(from, to - Math.max(surplus, 0));
    if (isWithinPair(text, start)) start--;
    deletions.push({ from: start, to });
    surplus -= to - start;
  }
  return ChangeSet.of(deletions.toReversed(), text.length);
}

/** The same, as one replacement of all between the first change and the last; leads to `text`. */
export function inOnePiece(changes: ChangeSet, text: Text): ChangeSet {
  let from: number | undefined;
  let [to, start, end] = [0, 0, 0];
  changes.iterChanges((fromA, toA, fromB, toB) => {
    if (from === undefined) [from, start] = [fromA, fromB];
    [to, end] = [toA, toB];
  });
  if (from === undefined) return changes;
  return ChangeSet.of({ from, to, insert: text.slice(start, end) }, changes.length);
}

function isWithinPair(text: Text, place: number): boolean {
  if (place === 0 || place === text.length) return false;
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.sliceString(place - 1, place + 1));
}
