/**
 * How deep values may be nested. What reads them gets further than what writes them before the
 * stack ends, so that a peer could send what an application cannot pass on: its `send` would throw.
 */

/**
 * Deeper than documents are, and a quarter of what the writers of msgpackr and of JSON manage on
 * the stack of Node 20, where msgpackr's ends between 1,000 and 2,000 levels.
 */
export const NESTING_MAX = 256;

/** @throws RangeError for a value that is nested deeper. `bytes` is the size of its encoding. */
export function checkNesting(value: unknown, bytes: number): void {
  // Each level takes a byte at least, so that most messages need no look.
  if (bytes > NESTING_MAX && isDeeper(value, NESTING_MAX)) {
    throw new RangeError(`a message is nested deeper than ${NESTING_MAX} levels`);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1));
  if (value instanceof Set) return [...value].some((item) => isDeeper(item, levels - 1));
  if (value instanceof Error) return isDeeper(value.cause, levels - 1);
  return Object.values(value).some((item) => isDeeper(item, levels - 1));
}
