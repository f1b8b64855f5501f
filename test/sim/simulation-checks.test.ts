// That random runs look at each side by itself, and give it a clock as its host would.

import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/core/index.ts";
import {
  checkSide,
  drawOptions,
  HARMLESS,
  Pair,
  Play,
  seeded,
  Simulation,
} from "../../src/sim/index.ts";

describe("a random run", () => {
  function simulationOf(seed: number): { play: Play; simulation: Simulation } {
    const play = new Play(seeded(seed), { isNoting: false });
    return { play, simulation: new Simulation(drawOptions(play), play) };
  }

  test("looks at limits and timers of each side, also when the other has lost the session", () => {
    for (const isLost of [false, true]) {
      const { simulation } = simulationOf(1);
      while (simulation.pair.client.state !== "open") simulation.step();
      if (isLost) simulation.pair.crashServer();
      const { client, clocks } = simulation.pair;
      const { retry } = client as unknown as { retry: { notBeforeMs: number } };
      retry.notBeforeMs = clocks.client + 1e9;

      expect(() => {
        for (let steps = 0; steps < 100; steps++) simulation.step();
      }).toThrow("the client does not keep to reconnectDelayMaxMs");
    }
  });

  test("has clocks that never go back", () => {
    let sleeps = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { play, simulation } = simulationOf(seed);
      const before = { ...simulation.pair.clocks };
      for (let steps = 0; steps < 400; steps++) {
        simulation.step();
        const { client, server } = simulation.pair.clocks;
        expect(client).toBeGreaterThanOrEqual(before.client);
        expect(server).toBeGreaterThanOrEqual(before.server);
        Object.assign(before, { client, server });
      }
      sleeps += play.marks.get("sleep") ?? 0;
    }
    expect(sleeps).toBeGreaterThan(0);
  });
});

describe("a pair", () => {
  test("asks a core that has refused a command when to wake it, as after any other", () => {
    const pair = new Pair();
    pair.drive(HARMLESS);
    // An acknowledgement is owed, and no request is parked that could take it.
    pair.command("client", { kind: "send", bytes: 8 });
    for (const item of pair.http.items.slice()) pair.deliver(item);
    pair.clocks.server += 60_000;

    expect(() => pair.command("server", { kind: "finish", channel: 99 })).toThrow(
      "channel_unknown",
    );
    checkSide(pair, "server");
  });

  test.each([
    ["no timer of the server", (pair: Pair) => pair.fire("server")],
    ["the server has no session yet", (pair: Pair) => pair.command("server", { kind: "close" })],
    [
      "no command is left",
      (pair: Pair) => pair.apply({ kind: "command", side: "client", label: "" }),
    ],
    ["item 99", (pair: Pair) => pair.apply({ kind: "lose", item: 99, label: "" })],
  ])("refuses what cannot happen: %s", (message, use) => {
    const pair = new Pair();

    expect(() => use(pair)).toThrow(UsageError);
    expect(() => use(pair)).toThrow(`state_invalid: ${message}`);
  });
});
