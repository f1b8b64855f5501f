/** Read once: it does not change, and takes longer to read than the time since then. */
const ORIGIN_MS = performance.timeOrigin;

/**
 * The clock of sessions: milliseconds since 1970 as when the page or process began, and from then on
 * monotonic. So times in a saved session mean the same after a reload.
 */
export function nowMs(): number {
  return ORIGIN_MS + performance.now();
}
