// `npm run simulate`: plays a scenario of the repository and shows what happened.
//
//   -- cores --seed 7                     one seed; of one that fails, the fewest steps
//   -- cores --steps 'answer 1 is lost = 1; ...'
//   -- cores --tape 0,0,1,3               answers in the order of the questions
//   -- cores --seeds 1000 --seed 1        seeds from this one on, until one fails
//   -- cores --ways 10000 --faults 2      every way in which at most so much goes wrong
//   -- test/regressions/name.steps        a run that was kept
//   --rows 200 --columns 160              how large the chart may be
//
// Exit status: 0 if it passes, 1 if it fails, 2 if it cannot be played as was asked.

import { SCENARIOS } from "./scenarios.ts";
import { simulate } from "./simulate-run.ts";

const { status, text } = await simulate(process.argv.slice(2), SCENARIOS);
(status === 2 ? process.stderr : process.stdout).write(`${text}\n`);
process.exitCode = status;
