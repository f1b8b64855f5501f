import { expect, test } from "vitest";
import { HARD_ENOUGH, type Hardness, shortOf } from "./hardness.ts";
import { pace, type PaceOptions, RATE_MAX, SPREAD_MS_MAX } from "./pace.ts";

const nothing: Hardness = {
  exchanges: 0,
  cuts: 0,
  requestsLost: 0,
  responsesLost: 0,
  bodiesDamaged: 0,
};
const everything = new Set(Object.keys(HARD_ENOUGH) as (keyof Hardness)[]);

/** Plays a run which meets `perSecond` of everything, and says after how long the trace is sent. */
function secondsOf(options: PaceOptions, perSecond: Hardness): { seconds: number; met: Hardness } {
  let sent = 0;
  let met = nothing;
  let seconds = 0;
  for (; sent < options.total && seconds < 3_600; seconds += 0.1) {
    sent += pace(options, seconds * 1_000, sent, met) / 10;
    met = Object.fromEntries(
      Object.entries(perSecond).map(([kind, count]) => [kind, Math.floor(count * seconds)]),
    ) as unknown as Hardness;
  }
  return { seconds, met };
}

const busy: Hardness = {
  exchanges: 100,
  cuts: 2,
  requestsLost: 5,
  responsesLost: 5,
  bodiesDamaged: 5,
};

test.each([300, 6_000, 26_000, 50_000])(
  "a trace of %i messages is spread until the run is hard enough, and little longer",
  (total) => {
    const { seconds, met } = secondsOf({ total, rate: undefined, wanted: everything }, busy);
    expect(shortOf(met)).toEqual([]);
    expect(seconds).toBeLessThan(40);
  },
);

test("a trace that is long enough by itself is sent as fast as is allowed", () => {
  const { seconds } = secondsOf({ total: 300_000, rate: undefined, wanted: everything }, busy);
  expect(seconds).toBeCloseTo(300_000 / RATE_MAX, -1);
});

test("the spreading is bounded where the faults come too rarely", () => {
  const rare = { ...busy, cuts: 0.01 };
  const { seconds } = secondsOf({ total: 6_000, rate: undefined, wanted: everything }, rare);
  expect(seconds).toBeGreaterThan(SPREAD_MS_MAX / 1_000 - 20);
  expect(seconds).toBeLessThan(SPREAD_MS_MAX / 1_000 + 20);
});

test("faults that are switched off are not waited for", () => {
  const wanted = new Set<keyof Hardness>(["exchanges"]);
  const { seconds } = secondsOf({ total: 6_000, rate: undefined, wanted }, { ...busy, cuts: 0 });
  expect(seconds).toBeLessThan(30);
  const none = secondsOf({ total: 6_000, rate: undefined, wanted: new Set() }, busy);
  expect(none.seconds).toBeLessThan(4);
});

test("a given rate is kept whatever the run meets", () => {
  const options = { total: 6_000, rate: 77, wanted: everything };
  expect(pace(options, 0, 0, nothing)).toBe(77);
  expect(pace(options, 50_000, 5_000, HARD_ENOUGH)).toBe(77);
});

test("a run that meets one of anything less than is wanted is too easy, and says of what", () => {
  expect(shortOf(HARD_ENOUGH)).toEqual([]);
  for (const kind of everything) {
    const short = shortOf({ ...HARD_ENOUGH, [kind]: HARD_ENOUGH[kind] - 1 });
    expect(short.length).toBe(1);
    expect(short[0]).toContain(`${HARD_ENOUGH[kind] - 1} `);
  }
});
