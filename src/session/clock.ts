/**
 * The clock of sessions: milliseconds since 1970 as when the page or process began, and from then on
 * monotonic. So times in a saved session mean the same after a reload.
 */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
