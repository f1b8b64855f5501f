/**
 * Worlds run one at a time in a process. What its host tells of promises that are rejected unheard
 * does not say whose they are: with two worlds, one would fail by the errors of the other. Time is
 * the world's own, so whoever waits for another one does not notice.
 */

/** Whose world is running. */
let runner: object | undefined;
let ended: Promise<void> | undefined;

/** Whether a world of somebody else is running. */
export function isOtherRunning(self: object): boolean {
  return runner !== undefined && runner !== self;
}

/** Resolves when it has run; of several who wait for that, another one may be first. */
export function runEnded(): Promise<void> | undefined {
  return ended;
}

/** It runs until the function that is returned is called. */
export function enter(self: object): () => void {
  const { promise, resolve } = withResolve();
  runner = self;
  ended = promise;
  return () => {
    runner = undefined;
    ended = undefined;
    resolve();
  };
}

function withResolve(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
