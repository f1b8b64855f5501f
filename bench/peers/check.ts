/**
 * Whether ours has become slower beside its peers: `npm run bench:check`. Ends with status 1 where a
 * bound of bounds.ts is broken, in the first rounds and in those that follow on them.
 */
import { Command } from "commander";
import { table } from "../statistics.ts";
import { bounds, shortPlays } from "./bounds.ts";
import { checkBounds } from "./check-bounds.ts";
import { load } from "./machine.ts";
import { verdictCells } from "./targets.ts";

new Command("npm run bench:check")
  .description("Holds what is measured beside peers to committed bounds, in one to three minutes.")
  .parse();

const loadBefore = load();
const startMs = performance.now();
const verdicts = await checkBounds({
  contestants: new URL("contestants/built-in.ts", import.meta.url),
  plays: shortPlays,
  bounds,
  rounds: 3,
  roundsAgain: 5,
  say: (progress) => void process.stderr.write(`${progress}\n`),
});
const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
console.log(`Load ${loadBefore} before and ${load()} after, ${seconds} s\n`);
console.log(table(["bound", "measured", "wanted", ""], verdicts.map(verdictCells)));
if (verdicts.some(({ state }) => state !== "met")) process.exitCode = 1;
