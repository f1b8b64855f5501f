// `npm run simulate`: plays a scenario of the repository and shows what happened:
//
//   -- cores --seed 7                     one seed; of one that fails, the fewest steps
//   -- cores --steps 'answer 1 is lost = 1; ...'
//   -- cores --ways 10000 --faults 2      every way in which at most so much goes wrong
//   -- test/regressions/name.steps        a run that was kept
//   -- --help                             all there is

import { SCENARIOS } from "./scenarios.ts";
import { simulate } from "./simulate-run.ts";

const { status, text } = await simulate(process.argv.slice(2), SCENARIOS);
(status === 2 ? process.stderr : process.stdout).write(`${text}\n`);
process.exitCode = status;
