// Decides from the logs of a soak alone whether everything arrived once and in order: rules.ts says
// what that means. Argument: the folder. Prints its judgement as JSON; exit status 0 if nothing is
// off, 1 if something is, 2 if there is nothing to judge.

import { readHistory } from "./history.ts";
import { judge } from "./rules.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("check: name the folder with the logs\n");
  process.exitCode = 2;
} else {
  const judgement = judge(readHistory(folder));
  process.stdout.write(`${JSON.stringify(judgement, undefined, 2)}\n`);
  process.exitCode = judgement.off.length === 0 ? 0 : 1;
}
