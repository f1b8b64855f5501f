/**
 * Ours beside its peers, in one run: `npm run bench:peers`. Contestants take turns within a round,
 * so that what the machine does meanwhile falls on all of them. What is played and how, and how to
 * add a contestant: bench/README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { contestants } from "./contestants/index.ts";
import { drawAll } from "./charts.ts";
import { load, machine } from "./machine.ts";
import { plays, takesPart } from "./plays.ts";
import { page, type Report } from "./report.ts";
import { playRounds } from "./rounds.ts";
import { judge, targets } from "./targets.ts";
import { versionOf } from "./versions.ts";

interface Options {
  readonly rounds: number;
  readonly scenario: readonly string[];
  readonly contestant: readonly string[];
  readonly out?: string;
  readonly check: boolean;
}

/** Where the results are that the pages show. */
const RESULTS = "bench/results";
const ROUNDS = 3;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("not 1 or more.");
  return value;
}

const scenarioNames = [...new Set(plays.map(({ scenario }) => scenario))];
const contestantNames = contestants.map(({ name }) => name);

const options = new Command("npm run bench:peers --")
  .description("Measures this package beside its peers.")
  .option("--rounds <number>", "how many times each contestant plays", wholeNumber, ROUNDS)
  .addOption(
    new Option("--scenario <names...>", "what is played")
      .choices(scenarioNames)
      .default(scenarioNames, "all"),
  )
  .addOption(
    new Option("--contestant <names...>", "who plays")
      .choices(contestantNames)
      .default(contestantNames, "all"),
  )
  .option(
    "--out <folder>",
    `where results are written; ${RESULTS} where all play ${ROUNDS} rounds or more`,
  )
  .option("--check", "end with status 1 where a target is missed", false)
  .parse()
  .opts<Options>();

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Everything that was measured, for other programs. */
function raw(report: Report): string {
  const { facts, plays: played, contestants: players, results: outcomes, verdicts } = report;
  const runs = played.flatMap((play) =>
    players
      .map((player) => ({
        play: play.name,
        scenario: play.scenario,
        parameters: play.parameters,
        contestant: player.name,
        rounds: outcomes.rounds(play, player),
      }))
      .filter(({ rounds }) => rounds.length > 0),
  );
  return `${JSON.stringify({ ...facts, runs, targets: verdicts }, undefined, 1)}\n`;
}

const players = contestants.filter(({ name }) => options.contestant.includes(name));
/** What only a part has played is no comparison to keep. */
const isWhole = players.length === contestants.length && options.rounds >= ROUNDS;
const folder = options.out ?? (isWhole ? RESULTS : undefined);

/** Plays one scenario, and shows and keeps what came of it. */
async function measure(scenario: string): Promise<Report> {
  const startedAt = new Date();
  const loadBefore = load();
  const played = plays.filter((play) => play.scenario === scenario);
  const results = await playRounds({
    contestants: players,
    plays: played,
    rounds: options.rounds,
    takesPart,
    say,
  });
  const report: Report = {
    facts: {
      machine: machine(),
      versions: Object.fromEntries(players.map((player) => [player.name, versionOf(player)])),
      rounds: options.rounds,
      startedAt: startedAt.toISOString().slice(0, 10),
      minutes: Math.ceil((Date.now() - startedAt.getTime()) / 60_000),
      loadBefore,
      loadAfter: load(),
    },
    plays: played,
    contestants: players,
    results,
    verdicts: targets
      .filter(({ play }) => played.some(({ name }) => name === play))
      .filter(({ contestant }) => players.some(({ name }) => name === contestant))
      .map((target) => judge(target, results, played, players)),
  };
  const text = page(report);
  console.log(text);
  if (folder !== undefined) keep(scenario, report, text, resolve(folder));
  return report;
}

/** The pages of other scenarios stay as they are. */
function keep(scenario: string, report: Report, text: string, path: string): void {
  const { plays: played, results, contestants: drawn } = report;
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, `${scenario}.json`), raw(report));
  writeFileSync(join(path, `${scenario}.md`), text);
  for (const [file, svg] of drawAll(results, played, drawn)) writeFileSync(join(path, file), svg);
}

for (const scenario of options.scenario) {
  const { plays: played, results, verdicts } = await measure(scenario);
  const failures = played.flatMap((play) =>
    players
      .filter((player) => results.hasFailed(play, player))
      .map((player) => `${play.name}: ${player.name}`),
  );
  for (const failure of failures) say(`FAILED: ${failure}`);
  const isMissed = verdicts.some(({ state }) => state === "MISSED");
  if (failures.length > 0 || (options.check && isMissed)) process.exitCode = 1;
}
