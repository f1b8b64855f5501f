// The thread in which a run happens, so that another can see when it stands still. Before each case
// it writes down which bodies it is going to try.

import { parentPort, workerData } from "node:worker_threads";
import { run } from "./campaign.ts";
import { READERS } from "./judge.ts";
import { plantedReaders } from "./planted.ts";
import { type News, Notes, type Order } from "./supervision.ts";
import { sweep } from "./sweep.ts";

const { seed, inputs, planted, isSwept, shared } = workerData as Order;
const notes = new Notes(shared);
const readers = plantedReaders(planted) ?? READERS;

function tell(news: News): void {
  parentPort?.postMessage(news, []);
}

function work(): void {
  if (isSwept) {
    const swept = sweep("all", {
      readers,
      onInput: (target, bytes, count) => notes.write(target, [bytes], count),
    });
    tell({ kind: "swept", swept });
    if (swept.counterexample !== undefined) return;
  }
  const report = run({
    seed,
    inputs,
    readers,
    onCase: (target, bodies, count) => notes.write(target, bodies, count),
  });
  tell({ kind: "done", report });
}

work();
tell({ kind: "over" });
