/** What the fault proxies of a soak do, one thing after the other, and what they must have done. */
import type { CountName } from "../../src/chaos/index.ts";
import type { Dice } from "./dice.ts";

type Flags = readonly string[];

function percent(dice: Dice, least: number, most: number): string {
  return `${dice.integer(10 * least, 10 * most) / 10}%`;
}

function ms(dice: Dice, least: number, most: number): string {
  return `${dice.integer(least, most)}ms`;
}

/** The same requests are cut, lost, late, doubled, damaged and answered by somebody else. */
function rough(dice: Dice): Flags {
  return [
    ["--cut-every", ms(dice, 100, 500)],
    ["--loss", percent(dice, 1, 6)],
    ["--delay", ms(dice, 1, 30)],
    ["--delay-jitter", ms(dice, 1, 30)],
    ["--double", percent(dice, 2, 8)],
    ["--damage", percent(dice, 2, 8)],
    ["--bad-gateway", percent(dice, 2, 6)],
    ["--replay", percent(dice, 4, 10)],
    ["--replay-after", ms(dice, 200, 1_000)],
  ].flat();
}

/** Things vanish, and nobody says so. */
function silent(dice: Dice): Flags {
  return [
    ["--lose-request", percent(dice, 2, 5)],
    ["--lose-silently", percent(dice, 50, 100)],
    ["--silent-for", ms(dice, 300, 1_500)],
    ["--half-open", percent(dice, 1, 3)],
    ["--half-open-for", ms(dice, 300, 1_500)],
    ["--delay", ms(dice, 1, 20)],
    ["--buffer-responses", percent(dice, 10, 50)],
  ].flat();
}

/** Connections go when they have nothing to carry. */
function impatient(dice: Dice): Flags {
  return [
    ["--close-idle", ms(dice, 20, 150)],
    ["--lose-response", percent(dice, 1, 4)],
    ["--delay", ms(dice, 1, 20)],
  ].flat();
}

/** Everything is away for a while, again and again. */
function dark(dice: Dice): Flags {
  return [
    ["--blackout-every", ms(dice, 700, 1_500)],
    ["--blackout-for", ms(dice, 100, 500)],
    ["--cut-every", ms(dice, 200, 800)],
    ["--double", percent(dice, 1, 5)],
    ["--damage", percent(dice, 1, 5)],
  ].flat();
}

const PHASES = [rough, silent, impatient, dark];

/** No fault. */
export const HEALED: Flags = [];

/** Flags of `holdfast chaos`, without end: every kind of phase once before any comes again. */
export function* phases(dice: Dice): Generator<Flags> {
  for (;;) for (const phase of dice.shuffled(PHASES)) yield phase(dice);
}

/** What each run must have met. */
export const FAULTS_WANTED: readonly CountName[] = [
  "cutsByRst",
  "cutsByFin",
  "requestsLost",
  "requestsLostSilently",
  "responsesLost",
  "requestsDelayed",
  "responsesDelayed",
  "requestsDoubled",
  "requestsDamaged",
  "responsesDamaged",
  "badGateways",
  "requestsReplayed",
  "connectionsHalfOpened",
  "responsesBuffered",
  "idleCloses",
  "blackouts",
];
