/** What a person did to a text field, out of the text before and after it. Pure. */

/** One stretch of the old text that another took the place of. */
export interface Difference {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/**
 * The smallest stretch that differs, undefined if none does. `caret` is where the caret stands
 * afterwards: of several equal letters it says which one was typed. No surrogate pair is split, as
 * half a letter cannot travel.
 */
export function differenceOf(
  before: string,
  after: string,
  caret: number = after.length,
): Difference | undefined {
  if (before === after) return undefined;
  // What stands behind the caret was there before.
  const equalAfterMax = Math.min(before.length, after.length - Math.min(caret, after.length));
  let equalAfter = 0;
  while (
    equalAfter < equalAfterMax &&
    before[before.length - 1 - equalAfter] === after[after.length - 1 - equalAfter]
  ) {
    equalAfter++;
  }
  let equalBefore = 0;
  const equalBeforeMax = Math.min(before.length, after.length) - equalAfter;
  while (equalBefore < equalBeforeMax && before[equalBefore] === after[equalBefore]) equalBefore++;
  if (isSplit(before, equalBefore) || isSplit(after, equalBefore)) equalBefore--;
  if (isSplit(before, before.length - equalAfter) || isSplit(after, after.length - equalAfter)) {
    equalAfter--;
  }
  return {
    from: equalBefore,
    to: before.length - equalAfter,
    insert: after.slice(equalBefore, after.length - equalAfter),
  };
}

/** Whether a place lies within a surrogate pair. */
function isSplit(text: string, place: number): boolean {
  return isWithin(text.charCodeAt(place - 1), 0xd800) && isWithin(text.charCodeAt(place), 0xdc00);
}

/** Whether a unit is one of the 1,024 of its kind of surrogate. NaN, beyond the text, is none. */
function isWithin(unit: number, first: number): boolean {
  return unit >= first && unit < first + 0x400;
}
