// A thread of the soak: plays every so manieth seed until its time is over or a run fails.

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { checkScenario, ScenarioFailure } from "../../src/sim/index.ts";
import { markName } from "./marks.ts";
import { played, scenarioNamed } from "./scenarios.ts";
import { simulateCommand } from "./simulate-command.ts";

/** What the thread is told to do. */
export interface SoakOrder {
  /** Each seed plays all of them. */
  readonly scenarios: readonly string[];
  readonly firstSeed: number;
  /** The next seed lies so far above: as many threads play. */
  readonly seedStep: number;
  readonly milliseconds: number;
}

/** What it tells now and then, and at its end. */
export interface SoakNews {
  readonly kind: "progress" | "done" | "failed";
  /** These are since it told last. */
  readonly runs: number;
  readonly picks: number;
  readonly exchanges: number;
  readonly simulatedMs: number;
  /** By `markName`. */
  readonly marks: ReadonlyMap<string, number>;
  /** Of a failure: all that is known. */
  readonly text: string;
}

const TELL_EVERY_MS = 500;

const order = workerData as SoakOrder;
const scenarios = order.scenarios.map(scenarioNamed);
const port = parentPort as MessagePort;
const startMs = performance.now();
let toldMs = startMs;
let [runs, picks] = [0, 0];
let marks = new Map<string, number>();

function tell(kind: SoakNews["kind"], text = ""): void {
  const news: SoakNews = { kind, runs, picks, ...played, marks, text };
  port.postMessage(news, []);
  [runs, picks, marks] = [0, 0, new Map()];
  Object.assign(played, { exchanges: 0, simulatedMs: 0 });
  toldMs = performance.now();
}

async function play(): Promise<void> {
  let firstSeed = order.firstSeed;
  for (; performance.now() - startMs < order.milliseconds; firstSeed += order.seedStep) {
    for (const scenario of scenarios) {
      const options = { firstSeed, seeds: 1, replay: simulateCommand };
      const summary = await checkScenario(scenario, options);
      runs += summary.runs;
      picks += summary.picks;
      for (const [mark, count] of summary.marks) {
        const name = markName(scenario.name, mark);
        marks.set(name, (marks.get(name) ?? 0) + count);
      }
    }
    if (performance.now() - toldMs > TELL_EVERY_MS) tell("progress");
  }
}

try {
  await play();
  tell("done");
} catch (error) {
  tell("failed", error instanceof ScenarioFailure ? error.message : String(error));
}
