// Threads that run TypeScript: one does not inherit the loader of the thread that starts it.

import { Worker } from "node:worker_threads";

/** Starts a module in a thread of its own. */
export function startThread(module: URL, workerData: unknown): Worker {
  const bootstrap = `
    import("tsx/esm/api").then(({ register }) => {
      register();
      return import(${JSON.stringify(module.href)});
    });
  `;
  return new Worker(bootstrap, { eval: true, workerData });
}

/**
 * Resolves with the first word of a thread for which `isLast` holds, which may note the others.
 * Rejects where the thread throws, and where it leaves before: nobody may wait for ever for one
 * that is gone.
 */
export function lastWord<Word>(worker: Worker, isLast: (word: Word) => boolean): Promise<Word> {
  return new Promise((resolve, reject) => {
    worker.on("message", (word: Word) => {
      if (isLast(word)) resolve(word);
    });
    worker.once("error", reject);
    // What it has said before comes before.
    worker.once("exit", (code) => reject(new Error(`a thread has left with ${code}, unfinished`)));
  });
}
