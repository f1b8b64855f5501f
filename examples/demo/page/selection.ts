/** Where caret and selection go when the text changes under them. Pure. */
import type { ChangeSet } from "@codemirror/state";

export interface Selection {
  readonly start: number;
  readonly end: number;
  readonly direction: "forward" | "backward" | "none";
}

/**
 * What was selected stays selected, and not more. A caret stays before what somebody else writes
 * at its very place.
 */
export function mapSelection(selection: Selection, changes: ChangeSet): Selection {
  const { start, end, direction } = selection;
  const isCaret = start === end;
  const newStart = changes.mapPos(start, isCaret ? -1 : 1);
  const newEnd = Math.max(newStart, changes.mapPos(end, -1));
  return { start: newStart, end: newEnd, direction };
}
