// What random runs have to meet, or they show nothing: by scenario, and by how many seeds it takes
// until a run that missed it is no accident.

import type { SimulationMark } from "../../src/sim/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import type { HazardMark } from "../../src/sim-session/index.ts";

/** What is met by one seed in fourteen, or more often, and what by one in eighty at least. */
interface Wanted<Mark extends string> {
  readonly often: readonly Mark[];
  readonly seldom: readonly Mark[];
}

/**
 * From so many seeds on a run must have met what belongs there. By its rate in thousands of seeds,
 * such a run misses it less often than once in a thousand million.
 */
export const OFTEN_SEEDS = 300;
export const SELDOM_SEEDS = 1_800;

const CORES: Wanted<SimulationMark> = {
  often: [
    // Lines.
    "lost",
    "burst",
    "late",
    "doubled",
    "truncated",
    "damaged",
    // HTTP.
    "answer lost",
    "request fails",
    "client aborts",
    "gateway",
    "page",
    "replayed",
    "buffered",
    "idle cut",
    "middle restarts",
    "given up",
    // Times without a network.
    "partition",
    "partition up",
    "partition down",
    "cut off",
    "held up",
    // Hosts.
    "server crash",
    "client crash",
    "reload",
    "wake",
    "sleep",
    "leap",
    "begun again",
    "seen gone",
    "seen gone late",
    "judged late",
    "pause asked",
    // Applications.
    "refused",
    "opened",
    "finished",
    "reset",
    "parts",
    "sent",
    "consumed",
    "pause",
    // Ends.
    "ended: lost",
    "ended: closed",
    "short limits",
  ],
  seldom: [
    "queue full",
    "too large",
    "network wifi",
    "network lossyWifi",
    "network mobile4g",
    "network satellite",
    "network trainTunnel",
    "network hostileProxy",
    "closed early",
    "put off",
    "turned away",
    "drain",
    "replaced",
    "ended: refused",
    "ended: silence",
    "ended: peer-ended",
    "ended: unreadable",
    "ended: close-timeout",
  ],
};

const PIPES: Wanted<SimulationMark> = {
  often: [
    "pipe tried",
    "pipe retired",
    "pipe joined",
    "pipe breaks",
    "pipe breaks with bodies on it",
    "pipe half-open",
    "pipe held back",
    "pipe idle",
    "pipe mute",
    "pipe never opens",
    "moved up",
    "moved down",
    "moved aside",
    "moved with messages",
    "pipe gone: closed",
    "pipe gone: ended",
    "pipe gone: replaced",
    "pipe gone: silent",
    "lost",
    "cut off",
    "held up",
    "server crash",
    "reload",
    "sleep",
    "drain",
    "ended: closed",
  ],
  seldom: [
    "pipe damaged",
    "pipe gone: buffered",
    "pipe gone: paused",
    "pipe gone: stalled",
    "pipe gone: swallowed",
    "pipe gone: unknown",
    "pipe gone: unreadable",
    "ended: silence",
    "ended: lost",
  ],
};

const CLOSING: Wanted<string> = { often: ["another order", "lost", "refused"], seldom: [] };

const LIVES: Wanted<string> = { often: ["resumed", "superseded", "sent by lives"], seldom: [] };

type SessionMark = SimulationMark | HazardMark | `sessions on ${string}`;

const SESSIONS: Wanted<SessionMark> = {
  often: [
    "sessions on wifi",
    "sessions on lossyWifi",
    "sessions on mobile4g",
    "sessions on satellite",
    "sessions on trainTunnel",
    "sessions on hostileProxy",
    "lost",
    "burst",
    "late",
    "truncated",
    "damaged",
    "answer lost",
    "request fails",
    "client aborts",
    "gateway",
    "replayed",
    "buffered",
    "given up",
    "client reloads",
    "sleeps",
  ],
  seldom: ["doubled", "page"],
};

type NamedBy = `streams named by the ${"client" | "server"}`;

const LINKS: Wanted<SessionMark | `link: ${LinkName}` | `links: ${string}` | NamedBy> = {
  often: [
    "links: websocket stream poll",
    "links: websocket poll",
    "links: stream poll",
    "links: websocket stream",
    "links: stream",
    "links: websocket",
    "streams named by the client",
    "streams named by the server",
    "link: websocket",
    "link: stream",
    "link: poll",
    "pipe breaks",
    "pipe breaks with bodies on it",
    "pipe half-open",
    "pipe held back",
    "pipe idle",
    "pipe mute",
    "pipe never opens",
    "client reloads",
    "sleeps",
  ],
  seldom: ["pipe damaged"],
};

const RESTARTS: Wanted<SessionMark> = {
  often: [
    "lost",
    "burst",
    "late",
    "doubled",
    "answer lost",
    "request fails",
    "client aborts",
    "given up",
    "server restarts",
    "ended: lost",
    "ended: closed",
  ],
  seldom: [],
};

const WANTED: ReadonlyMap<string, Wanted<string>> = new Map(
  Object.entries({
    cores: CORES,
    pipes: PIPES,
    closing: CLOSING,
    lives: LIVES,
    sessions: SESSIONS,
    links: LINKS,
    restarts: RESTARTS,
  }),
);

function wantedOf(scenario: string): Wanted<string> {
  const wanted = WANTED.get(scenario);
  if (wanted === undefined) throw new Error(`nobody says what runs of ${scenario} have to meet`);
  return wanted;
}

/** What the runs of all seeds of a scenario are meant to meet. */
export function marksOf(scenario: string): readonly string[] {
  const { often, seldom } = wantedOf(scenario);
  return [...often, ...seldom];
}

/** A mark by which that of one scenario is told from that of another. */
export function markName(scenario: string, mark: string): string {
  return `${scenario}: ${mark}`;
}

/** Names of marks that were not met. */
export interface Unmet {
  /** They should have been. */
  readonly missing: readonly string[];
  /** So few seeds may miss them by accident. */
  readonly notAsked: readonly string[];
}

/** `met` is by `markName`. */
export function unmet(
  scenarios: readonly string[],
  seeds: number,
  met: ReadonlyMap<string, number>,
): Unmet {
  const missing: string[] = [];
  const notAsked: string[] = [];
  for (const scenario of scenarios) {
    const { often, seldom } = wantedOf(scenario);
    for (const [marks, seedsMin] of [
      [often, OFTEN_SEEDS],
      [seldom, SELDOM_SEEDS],
    ] as const) {
      const names = marks.map((mark) => markName(scenario, mark));
      const left = names.filter((name) => (met.get(name) ?? 0) === 0);
      (seeds < seedsMin ? notAsked : missing).push(...left);
    }
  }
  return { missing, notAsked };
}
