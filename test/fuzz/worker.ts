// The thread in which a run happens, so that another can see when it stands still. Before each case
// it writes down which bodies it is going to try.

import { parentPort, workerData } from "node:worker_threads";
import { run } from "./campaign.ts";
import { plantedReaders } from "./planted.ts";
import { Notes, type Order } from "./supervision.ts";

const order = workerData as Order;
const notes = new Notes(order.shared);
const readers = plantedReaders(order.planted);

const report = run({
  seed: order.seed,
  inputs: order.inputs,
  onCase: (target, bodies, inputs) => notes.write(target, bodies, inputs),
  ...(readers === undefined ? {} : { readers }),
});
parentPort?.postMessage(report, []);
