/** What travels between the ends of a shared text, and how one looks at it before taking it in. */
import { ChangeSet } from "@codemirror/state";

export interface Edit {
  /** How many changes of the other end this one had taken in. */
  readonly seen: number;
  /** As `ChangeSet.toJSON` has them; without, it only says what was seen. */
  readonly changes?: unknown;
}

/** An edit that came from elsewhere, of which the type is only a hope. Throws RangeError. */
export function readEdit(edit: Edit): { seen: number; changes: ChangeSet | undefined } {
  const { seen, changes } = Object(edit) as { [Name in keyof Edit]: unknown };
  if (!isCount(seen)) throw new RangeError("not an edit");
  return { seen, changes: changes === undefined ? undefined : changesOf(changes) };
}

/** `ChangeSet.fromJSON` takes any number for a length, and mapping over those may never end. */
function changesOf(value: unknown): ChangeSet {
  const isText = (line: unknown): boolean => typeof line === "string" && !line.includes("\n");
  const isPart = (part: unknown): boolean =>
    Array.isArray(part) ? isCount(part[0]) && part.slice(1).every(isText) : isCount(part);
  if (!Array.isArray(value) || !value.every(isPart)) throw new RangeError("not changes of a text");
  return ChangeSet.fromJSON(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
