// What nobody can tell today: a server that begins anew while an opening is under way. The new
// process takes a late opening for a new session, and the client, which has heard the old one's
// answer, goes on as if nothing had happened (spec 7.2). These are the two things that come of it.
// Whoever mends that sees these tests fail, and lets `drawOptions` crash servers at any time.

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

function optionsWith(crashesWhileOpening: boolean): SimulationOptions {
  return {
    ...drawOptions(new Play(fromTape([]))),
    actions: 8,
    network: { ...PERFECT_NETWORK, up: line, down: line },
    events: { ...NO_HOST_EVENTS, serverCrashPermille: 200, crashesWhileOpening },
  };
}

const scenario: Scenario = {
  name: "a server that begins anew while a session opens",
  run: (play) => new Simulation(optionsWith(true), play).run(),
};

test("what only the old server had is never sent again, and nobody is told", async () => {
  const steps = `
    action 2: pause after it = 30
    action 2: who acts = 1
    action 2: more messages = 1
    request 2 is late = 1
    action 3: the server crashes = 1`;

  await expect(playScenario(scenario, { steps })).rejects.toThrow(
    "6: healed, and not at rest after hours",
  );
});

test("a client hears of two servers in one session", async () => {
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

  await expect(playScenario(scenario, { steps })).rejects.toThrow(
    "1: in one session the client hears of two servers",
  );
});

test("a server that crashes with no opening under way is told as lost, whatever else happens", () => {
  const met = new Map<string, number>();
  for (let seed = 0; seed < 200; seed++) {
    const play = new Play(seeded(seed), { isNoting: false });
    new Simulation(optionsWith(false), play).run();
    for (const [mark, count] of play.marks) met.set(mark, (met.get(mark) ?? 0) + count);
  }

  expect(met.get("server crash")).toBeGreaterThan(50);
  expect(met.get("ended: lost")).toBeGreaterThan(50);
});
