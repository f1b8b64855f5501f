/** Results as a page: what was measured, how ours compare, and what the targets say of it. */
import { show, spread, table } from "../statistics.ts";
import type { Contestant } from "./contestant.ts";
import type { Machine } from "./machine.ts";
import type { Figure, Play } from "./plays.ts";
import { known, ratios, type Results } from "./results.ts";
import { type Verdict, verdictCells } from "./targets.ts";

export interface Facts {
  readonly machine: Machine;
  /** Of the package of each contestant, by the contestant's name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly startedAt: string;
  readonly minutes: number;
  readonly loadBefore: string;
  readonly loadAfter: string;
}

export interface Report {
  readonly facts: Facts;
  readonly plays: readonly Play[];
  readonly contestants: readonly Contestant[];
  readonly results: Results;
  readonly verdicts: readonly Verdict[];
}

const isPeer = ({ kind }: Contestant): boolean => kind === "http" || kind === "websocket";

/** As Markdown. */
export function page(report: Report): string {
  const { facts, plays, verdicts } = report;
  const sections = plays.map((play) => section(report, play)).filter((text) => text !== "");
  const rows = verdicts.map(verdictCells);
  const targets = table(["target", "measured", "wanted", ""], rows);
  return [factLines(facts, plays), ...sections, `## Targets\n\n${targets}`]
    .join("\n\n")
    .concat("\n");
}

function factLines(facts: Facts, plays: readonly Play[]): string {
  const { processor, cores, memoryGb, node, kernel, canPlace } = facts.machine;
  const isKept = plays.some(({ processors = "any" }) => processors !== "any");
  const byVersion = table(["contestant", "version"], Object.entries(facts.versions));
  return (
    `${facts.startedAt}: ${cores} x ${processor}, ${memoryGb} GB, ${kernel}, Node ${node}; ` +
    `${facts.rounds} rounds in ${facts.minutes} minutes, load ${facts.loadBefore} before and ` +
    `${facts.loadAfter} after. Figures are the median of the rounds, with the least and the ` +
    `greatest.${canPlace || !isKept ? "" : " Processes ran on any processor."}\n\n${byVersion}`
  );
}

/** Empty where nobody played. */
function section({ results, contestants }: Report, play: Play): string {
  const players = contestants.filter((each) => results.rounds(play, each).length > 0);
  if (players.length === 0) return "";
  const figures = play.figures.filter((figure) =>
    players.some((player) => known(results.values(play, player, figure)).length > 0),
  );
  const rows = players.map((player) => [
    player.name,
    ...figures.map((figure) => cell(results, play, player, figure)),
  ]);
  const measured = table(["contestant", ...figures.map(({ name }) => name)], rows);
  const compared = comparison(results, play, players, figures);
  return `## ${play.name}\n\n${measured}${compared === "" ? "" : `\n\n${compared}`}`;
}

function cell(results: Results, play: Play, player: Contestant, figure: Figure): string {
  if (results.hasFailed(play, player)) return "failed";
  const values = known(results.values(play, player, figure));
  return values.length === 0 ? "-" : show(spread(values), figure.digits);
}

/** Ours by the best peer of each round; empty where one of them is missing. */
function comparison(
  results: Results,
  play: Play,
  players: readonly Contestant[],
  figures: readonly Figure[],
): string {
  const peers = players.filter(isPeer);
  const ours = players.filter(({ kind }) => kind === "holdfast");
  if (peers.length === 0 || ours.length === 0) return "";
  const rows = ours.map((player) => [
    player.name,
    ...figures.map((figure) => {
      const best = results.best(play, peers, figure);
      const quotients = ratios(results.values(play, player, figure), best);
      return quotients.length === 0 ? "-" : show(spread(quotients), 2);
    }),
  ]);
  const bests = figures.map((figure) => bestPeer(results, play, peers, figure));
  const head = ["by the best peer of each round", ...figures.map(({ name }) => name)];
  return table(head, [...rows, ["best peer, by its median", ...bests]]);
}

function bestPeer(
  results: Results,
  play: Play,
  peers: readonly Contestant[],
  figure: Figure,
): string {
  const medians = peers.flatMap((peer) => {
    const values = known(results.values(play, peer, figure));
    return values.length === 0 ? [] : [{ name: peer.name, median: spread(values).median }];
  });
  const sign = figure.better === "more" ? -1 : 1;
  const [best] = medians.toSorted((left, right) => sign * (left.median - right.median));
  return best?.name ?? "-";
}
