import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jitter, seedFrom } from "../../src/core/random.ts";
import { RoundTrip } from "../../src/core/rtt.ts";

const roundTrip = (): RoundTrip => new RoundTrip(1_000, 200, 60_000);

describe("the retransmission timeout of RFC 6298", () => {
  test("is the stated one before the first sample, and its triple after it", () => {
    const trip = roundTrip();
    expect(trip.timeoutMs).toBe(1_000);

    trip.sample(100);

    expect(trip.timeoutMs).toBe(300);
  });

  test("follows the smoothed round trip and its variation", () => {
    const trip = roundTrip();
    trip.sample(100);
    trip.sample(180);

    expect(trip.smoothedMs).toBe(110);
    expect(trip.variationMs).toBe(57.5);
    expect(trip.timeoutMs).toBe(340);
  });

  test("keeps its bounds, and takes a clock that ran back for no time", () => {
    const trip = roundTrip();
    trip.sample(-5);
    expect(trip.timeoutMs).toBe(1_000);
    trip.sample(2);
    expect(trip.timeoutMs).toBe(200);
    trip.sample(1e6);
    expect(trip.timeoutMs).toBe(60_000);
  });

  test("doubles with each back-off until something comes", () => {
    const trip = roundTrip();
    trip.backOff();
    trip.backOff();
    expect(trip.timeoutMs).toBe(4_000);
    trip.endBackOff();
    expect(trip.timeoutMs).toBe(1_000);
    for (let count = 0; count < 5_000; count++) trip.backOff();
    expect(trip.timeoutMs).toBe(60_000);
    trip.sample(100);
    expect(trip.timeoutMs).toBe(300);
  });

  test("leaves a body time for its bytes at the measured rate", () => {
    const trip = roundTrip();
    expect(trip.overdueAfterMs(6_400)).toBe(1_100);
    trip.sampleRate(4_095, 1);
    expect(trip.rate).toBe(64);
    trip.sampleRate(100_000, 0);
    expect(trip.rate).toBe(25_048);
  });
});

describe("jitter", () => {
  test("never gets stuck at 0", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        let state = seedFrom(bytes);
        for (let step = 0; step < 50; step++) {
          expect(state).toBeGreaterThan(0);
          expect(state).toBeLessThan(2 ** 32);
          state = jitter(state);
        }
      }),
    );
  });

  test("is Marsaglia's xorshift32", () => {
    expect(jitter(1)).toBe(270_369);
    expect(jitter(2_463_534_242)).toBe(723_471_715);
  });
});
