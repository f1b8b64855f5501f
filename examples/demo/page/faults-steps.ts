/** The switches: of each fault its steps, its words and what counts as its work. Pure. */
import type { ChaosCounts } from "holdfast/chaos";
import { type LineFaults, NO_FAULTS } from "../messages.ts";
import { count } from "./figures.ts";

export type SwitchName = Exclude<keyof LineFaults, "blackout">;

export interface SwitchSpec {
  readonly name: SwitchName;
  readonly label: string;
  /** From the best to the worst. */
  readonly steps: readonly number[];
  readonly show: (value: number) => string;
  /** What the proxy did, in one word and as a number. */
  readonly done: string;
  readonly countOf: (counts: ChaosCounts) => number;
}

const SHARES = [0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5];
const percent = (value: number): string => `${Math.round(value * 100)} %`;
const milliseconds = (value: number): string => `${count(value)} ms`;

function every(ms: number): string {
  if (ms === 0) return "never";
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

export const SWITCHES: readonly SwitchSpec[] = [
  {
    name: "cutEveryMs",
    label: "Cut every",
    steps: [0, 10_000, 5_000, 2_000, 1_000, 500, 200],
    show: every,
    done: "cut",
    countOf: ({ cuts }) => cuts,
  },
  {
    name: "loseRequest",
    label: "Lose requests",
    steps: SHARES,
    show: percent,
    done: "lost",
    countOf: ({ requestsLost }) => requestsLost,
  },
  {
    name: "loseResponse",
    label: "Lose responses",
    steps: SHARES,
    show: percent,
    done: "lost",
    countOf: ({ responsesLost }) => responsesLost,
  },
  {
    name: "delayMs",
    label: "Delay each way",
    steps: [0, 20, 50, 100, 200, 400, 700, 1_000, 2_000],
    show: milliseconds,
    done: "delayed",
    countOf: ({ requestsDelayed, responsesDelayed }) => requestsDelayed + responsesDelayed,
  },
  {
    name: "double",
    label: "Double requests",
    steps: SHARES,
    show: percent,
    done: "doubled",
    countOf: ({ requestsDoubled }) => requestsDoubled,
  },
  {
    name: "damage",
    label: "Damage both",
    steps: SHARES,
    show: percent,
    done: "damaged",
    countOf: ({ requestsDamaged, responsesDamaged }) => requestsDamaged + responsesDamaged,
  },
];

export interface Preset {
  readonly name: string;
  readonly faults: LineFaults;
}

export const PRESETS: readonly Preset[] = [
  { name: "Good line", faults: NO_FAULTS },
  {
    name: "Train",
    faults: {
      ...NO_FAULTS,
      cutEveryMs: 5_000,
      loseRequest: 0.05,
      loseResponse: 0.05,
      delayMs: 100,
    },
  },
  {
    name: "Terrible",
    faults: {
      blackout: false,
      cutEveryMs: 500,
      loseRequest: 0.2,
      loseResponse: 0.2,
      delayMs: 50,
      double: 0.1,
      damage: 0.1,
    },
  },
];

/** The step that is nearest to a value, which may have been set by somebody else. */
export function stepOf({ steps }: SwitchSpec, value: number): number {
  const distances = steps.map((step) => Math.abs(step - value));
  return distances.indexOf(Math.min(...distances));
}

export function isPreset(preset: Preset, faults: LineFaults): boolean {
  return SWITCHES.every(({ name }) => preset.faults[name] === faults[name]) && !faults.blackout;
}
