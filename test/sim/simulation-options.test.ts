// A misspelt or impossible option of a simulation is refused: what it is about would not happen, or
// fail in the middle of a run.

import { describe, expect, test } from "vitest";
import {
  drawOptions,
  HARMLESS,
  Play,
  seeded,
  Simulation,
  type SimulationOptions,
} from "../../src/sim/index.ts";

const PLAIN = drawOptions(new Play(HARMLESS));

function make(changed: object): Simulation {
  return new Simulation({ ...PLAIN, ...changed } as SimulationOptions, new Play(HARMLESS));
}

const { up } = PLAIN.network;

describe("options of a simulation", () => {
  test.each<[string, object]>([
    ["pair", { pair: undefined }],
    ["pair.losses", { pair: { losses: -1 } }],
    ["a timer of pair.timersExcluded", { pair: { timersExcluded: ["silent"] } }],
    ["network", { network: "wifi" }],
    ["network.up.loss", { network: { ...PLAIN.network, up: { ...up, loss: Number.NaN } } }],
    ["events", { events: undefined }],
    ["events.reloadPermille", { events: { ...PLAIN.events, reloadPermille: 1_001 } }],
    ["events.serverCrashPermille", { events: { ...PLAIN.events, serverCrashPermille: -1 } }],
    ["events.wakePermille", { events: { ...PLAIN.events, wakePermille: Number.NaN } }],
    ["events.leapMaxMs", { events: { ...PLAIN.events, leapMaxMs: 0.5 } }],
    ["events.leapMaxMs", { events: { ...PLAIN.events, sleepPermille: 1, leapMaxMs: 0 } }],
    ["events.leapMaxMs", { events: { ...PLAIN.events, leapPermille: 1, leapMaxMs: 0 } }],
    ["host", { host: null }],
    ["host.goneToldPermille", { host: { ...PLAIN.host, goneToldPermille: "1" } }],
    ["host.goneToldMs", { host: { ...PLAIN.host, goneToldMs: Infinity } }],
    ["actions", { actions: Infinity }],
    ["actions", { actions: 1.5 }],
    ["pauseMaxMs", { pauseMaxMs: 0 }],
    ["messageBytesMax", { messageBytesMax: 4 }],
    ["channels.openPermille", { channels: { ...PLAIN.channels, openPermille: 2_000 } }],
    ["channels.finishPermille", { channels: { openPermille: 1, resetPermille: 0 } }],
    ["closePermille", { closePermille: -5 }],
    ["mayEnd", { mayEnd: 1 }],
    ["closing", { closing: "clients" }],
  ])("are refused by name: %s %j", (name, changed) => {
    expect(() => make(changed)).toThrow(
      expect.objectContaining({
        name: "UsageError",
        code: "option_invalid",
        message: expect.stringContaining(`option_invalid: ${name} is `),
      }),
    );
  });

  test.each<[string, object]>([
    ["action", { action: 5 }],
    ["pair.loses", { pair: { loses: 1 } }],
    ["network.latencyMs", { network: { ...PLAIN.network, latencyMs: 5 } }],
    ["events.crashPermille", { events: { ...PLAIN.events, crashPermille: 5 } }],
    ["host.gone", { host: { ...PLAIN.host, gone: 5 } }],
    ["channels.closePermille", { channels: { ...PLAIN.channels, closePermille: 5 } }],
  ])("that do not exist are refused by name: %s", (name, changed) => {
    expect(() => make(changed)).toThrow(`option_unknown: ${name}`);
  });

  test("that are drawn are taken, whatever they come to", () => {
    for (let seed = 0; seed < 500; seed++) {
      const play = new Play(seeded(seed), { isNoting: false });
      expect(() => new Simulation(drawOptions(play), play)).not.toThrow();
    }
  });

  test("as small as they may be make a run", () => {
    const least = { actions: 30, pauseMaxMs: 1, messageBytesMax: 5 };
    const play = new Play(seeded(1));

    new Simulation({ ...PLAIN, ...least }, play).run();

    expect(play.marks.get("sent")).toBeGreaterThan(0);
  });
});
