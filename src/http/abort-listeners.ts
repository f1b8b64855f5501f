/**
 * Waiting for a signal to abort, with one listener on the signal however many wait: Node warns of a
 * leak from the eleventh on. Invariant: the listener is there as long as somebody waits.
 */
class Waiting implements EventListenerObject {
  readonly callbacks = new Set<() => void>();

  handleEvent(): void {
    for (const callback of this.callbacks) callback();
  }
}

const waitingFor = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `callback` when a signal that has not aborted yet does.
 *
 * @returns what ends the waiting; callbacks end theirs, too.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const waiting = waitingFor.get(signal) ?? new Waiting();
  if (waiting.callbacks.size === 0) {
    waitingFor.set(signal, waiting);
    signal.addEventListener("abort", waiting);
  }
  waiting.callbacks.add(callback);
  return () => {
    // Whoever ends twice must not take the listener from those who came in between.
    if (waiting.callbacks.delete(callback) && waiting.callbacks.size === 0) {
      signal.removeEventListener("abort", waiting);
    }
  };
}
