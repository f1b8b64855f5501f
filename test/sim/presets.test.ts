// Networks with names: sessions live on each of them, and each shows what it is there for.

import { expect, test } from "vitest";
import {
  drawOptions,
  fromTape,
  NO_HOST_EVENTS,
  Play,
  type PresetName,
  PRESETS,
  seeded,
  Simulation,
  type SimulationMark,
  type SimulationOptions,
} from "../../src/sim/index.ts";

const SEEDS = 25;

/** What each network is meant to show in so many runs. */
const SHOWN: Readonly<Record<PresetName, readonly SimulationMark[]>> = {
  wifi: ["late", "lost"],
  lossyWifi: ["burst", "lost", "late", "request fails", "answer lost", "client aborts"],
  mobile4g: ["partition", "late", "lost"],
  satellite: ["lost"],
  trainTunnel: ["partition", "held up", "cut off", "late", "lost"],
  hostileProxy: [
    "truncated",
    "damaged",
    "answer lost",
    "request fails",
    "gateway",
    "page",
    "replayed",
    "buffered",
    "middle restarts",
  ],
};

/** Plain cores, and applications that talk for minutes. */
function optionsOn(name: PresetName): SimulationOptions {
  const plain = drawOptions(new Play(fromTape([])));
  return {
    ...plain,
    network: PRESETS[name],
    events: NO_HOST_EVENTS,
    actions: 40,
    pauseMaxMs: 60_000,
    messageBytesMax: 4_000,
    closing: "client",
  };
}

test.each(Object.keys(PRESETS) as PresetName[])(
  "everything arrives on %s",
  (name) => {
    const met = new Map<string, number>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const play = new Play(seeded(seed), { isNoting: false });
      new Simulation(optionsOn(name), play).run();
      for (const [mark, count] of play.marks) met.set(mark, (met.get(mark) ?? 0) + count);
    }

    expect(met.get("sent")).toBeGreaterThan(SEEDS);
    for (const mark of SHOWN[name]) expect.soft(met.get(mark) ?? 0, mark).toBeGreaterThan(0);
  },
  60_000,
);

test("a round trip takes as long as the sources say", () => {
  const roundTrip = (name: PresetName): number =>
    PRESETS[name].up.latencyMs + PRESETS[name].down.latencyMs;

  expect(roundTrip("wifi")).toBe(20);
  expect(roundTrip("mobile4g")).toBeCloseTo(53.1, -1);
  expect(roundTrip("satellite")).toBe(600);
});
