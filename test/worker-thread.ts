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
