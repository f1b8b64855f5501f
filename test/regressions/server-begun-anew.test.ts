// A server that began anew while an opening was under way took it for a new session, and the client
// joined that which had heard the old server: what only that one had was missing without a word, and
// the session stood still, or a gap was never seen. Generations tell the two apart [OWN-1] to [OWN-4].

import { expect, test } from "vitest";
import {
  drawOptions,
  fromTape,
  NO_HOST_EVENTS,
  PERFECT_LINE,
  PERFECT_NETWORK,
  Play,
  playScenario,
  type Scenario,
  seeded,
  Simulation,
  type SimulationOptions,
} from "../../src/sim/index.ts";

const line = { ...PERFECT_LINE, latencyMs: 30, reorderPermille: 300, reorderMs: 100 };

const options: SimulationOptions = {
  ...drawOptions(new Play(fromTape([]))),
  actions: 8,
  network: { ...PERFECT_NETWORK, up: line, down: line },
  events: { ...NO_HOST_EVENTS, serverCrashPermille: 200 },
};

const scenario: Scenario = {
  name: "a server that begins anew while a session opens",
  run: (play) => new Simulation(options, play).run(),
};

test("a session of which only the old server had all is told as lost", async () => {
  const steps = `
    action 2: pause after it = 30
    action 2: who acts = 1
    action 2: more messages = 1
    request 2 is late = 1
    action 3: the server crashes = 1`;

  const { marks } = await playScenario(scenario, { steps });

  expect(marks.get("server crash")).toBe(1);
  expect(marks.get("ended: lost")).toBe(1);
});

test("a client never hears of two servers in one session", async () => {
  const steps = `
    action 3: pause after it = 13
    action 3: who acts = 1
    action 3: more messages = 1
    request 3 is late = 1
    request 3 is later by ms = 65
    action 4: pause after it = 46
    action 5: pause after it = 30
    action 5: who acts = 1
    action 5: more messages = 7
    action 6: pause after it = 3
    action 6: who acts = 2
    action 7: the server crashes = 1
    action 8: who acts = 2
    action 8: more messages = 1`;

  const { marks } = await playScenario(scenario, { steps });

  expect(marks.get("server crash")).toBe(1);
  expect(marks.get("ended: lost")).toBe(1);
});

test("whenever a server crashes, the client is told that the session is lost", () => {
  const met = new Map<string, number>();
  for (let seed = 0; seed < 200; seed++) {
    const play = new Play(seeded(seed), { isNoting: false });
    new Simulation(options, play).run();
    for (const [mark, count] of play.marks) met.set(mark, (met.get(mark) ?? 0) + count);
  }

  expect(met.get("server crash")).toBeGreaterThan(50);
  expect(met.get("ended: lost")).toBeGreaterThan(50);
});
