// A misspelt or impossible option of a network is refused: its faults would just not happen.

import { describe, expect, test } from "vitest";
import {
  Line,
  Network,
  type NetworkOptions,
  Partitions,
  PERFECT_LINE,
  PERFECT_NETWORK,
  Play,
  seeded,
  SimulatedHttp,
} from "../../src/sim/index.ts";

describe("options of a network", () => {
  const make = (network: unknown): Network => {
    return new Network(new SimulatedHttp(), network as NetworkOptions, new Play(seeded(1)));
  };
  const { up, http, partitions } = PERFECT_NETWORK;

  test.each([
    ["the network", "wifi", "the argument for options"],
    ["a part that is missing", { ...PERFECT_NETWORK, up: undefined }, "up"],
    ["a latency", { ...PERFECT_NETWORK, up: { ...up, latencyMs: Number.NaN } }, "up.latencyMs"],
    ["a time below 0", { ...PERFECT_NETWORK, down: { ...up, latencyMs: -50 } }, "down.latencyMs"],
    ["a loss", { ...PERFECT_NETWORK, up: { ...up, loss: 2_000 } }, "up.loss"],
    ["a burst", { ...PERFECT_NETWORK, up: { ...up, loss: { enterPermille: 1 } } }, "up.loss."],
    ["a correlation", { ...PERFECT_NETWORK, up: { ...up, jitterCorrelation: 1 } }, "up.jitterCorr"],
    ["a fraction", { ...PERFECT_NETWORK, up: { ...up, jitterMs: 2.5 } }, "up.jitterMs"],
    ["a rate", { ...PERFECT_NETWORK, up: { ...up, bytesPerSecond: 0 } }, "up.bytesPerSecond"],
    ["a fault", { ...PERFECT_NETWORK, http: { ...http, pagePermille: "1" } }, "http.pagePermille"],
    ["cuts", { ...PERFECT_NETWORK, partitions: { ...partitions, cuts: [] } }, "partitions.cuts"],
    [
      "lengths",
      { ...PERFECT_NETWORK, partitions: { ...partitions, lengthMinMs: 5 } },
      "partitions.lengthMaxMs",
    ],
  ])("are refused by name: %s", (_name, network, name) => {
    expect(() => make(network)).toThrow(
      expect.objectContaining({
        name: "UsageError",
        code: "option_invalid",
        message: expect.stringContaining(`option_invalid: ${name}`),
      }),
    );
  });

  test.each([
    ["up.lossPermille", { ...PERFECT_NETWORK, up: { ...up, lossPermille: 5 } }],
    ["latencyMs", { ...PERFECT_NETWORK, latencyMs: 5 }],
    ["http.pages", { ...PERFECT_NETWORK, http: { ...http, pages: 5 } }],
  ])("that do not exist are refused by name: %s", (name, network) => {
    expect(() => make(network)).toThrow(`option_unknown: ${name}`);
  });

  test("of a line, or of partitions, by themselves are refused too", () => {
    const play = new Play(seeded(1));
    expect(() => new Line({ ...PERFECT_LINE, latencyMs: Infinity }, play)).toThrow(
      "option_invalid: latencyMs",
    );
    expect(() => new Partitions({ ...partitions, permille: -1 }, play)).toThrow(
      "option_invalid: permille",
    );
  });
});
