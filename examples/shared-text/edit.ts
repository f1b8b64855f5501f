/** What travels between the ends of a shared text, and how one looks at it before taking it in. */
import { ChangeSet } from "@codemirror/state";

export interface Edit {
  /** How many changes of the other end this one had taken in. */
  readonly seen: number;
  /** As `ChangeSet.toJSON` has them; without, it only says what was seen. */
  readonly changes?: unknown;
}

/**
 * Most parts of an edit. A letter typed makes three; undoing what others have written into makes
 * two for each place where they did. All that an end has sent and that was not seen is mapped over
 * every one of them.
 */
export const EDIT_PARTS_MAX = 2_048;

/** An edit that came from elsewhere, of which the type is only a hope. Throws RangeError. */
export function readEdit(edit: Edit): { seen: number; changes: ChangeSet | undefined } {
  const { seen, changes } = Object(edit) as { [Name in keyof Edit]: unknown };
  if (!isCount(seen)) throw new RangeError("not an edit");
  return { seen, changes: changes === undefined ? undefined : changesOf(changes) };
}

/**
 * `ChangeSet.fromJSON` takes any number for a length, and mapping over those may never end; and it
 * keeps parts that neither keep, delete nor insert anything, of which a small text may have many.
 */
function changesOf(value: unknown): ChangeSet {
  const isText = (line: unknown): boolean => typeof line === "string" && !line.includes("\n");
  const isPart = (part: unknown): boolean => {
    const [length, ...lines] = Array.isArray(part) ? (part as unknown[]) : [part];
    return isCount(length) && lines.every(isText) && (length > 0 || lines.join("\n") !== "");
  };
  if (!Array.isArray(value) || value.length > EDIT_PARTS_MAX || !value.every(isPart)) {
    throw new RangeError("not changes of a text");
  }
  return ChangeSet.fromJSON(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
