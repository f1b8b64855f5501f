import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ChaosCounts,
  type Faults,
  FAULTS_DEFAULT,
  type Plan,
  planRequest,
} from "../../src/chaos/index.ts";
import { planCut, planDamage } from "../../src/chaos/dice.ts";
import { counted, keepAlive, send, startProxy, startTarget } from "./bench.ts";

const faults: Faults = {
  ...FAULTS_DEFAULT,
  loseRequest: 0.1,
  loseResponse: 0.1,
  badGateway: 0.1,
  damageRequest: 0.3,
  damageResponse: 0.3,
  double: 0.2,
};

function plans(seed: number, count: number, of: Faults = faults): Plan[] {
  return Array.from({ length: count }, (_, i) => planRequest(seed, i + 1, of));
}

describe("decisions", () => {
  it("depend on the seed and the request's number alone", () => {
    expect(plans(7, 100)).toEqual(plans(7, 100));
    expect(plans(7, 100)).not.toEqual(plans(8, 100));
    expect(plans(7, 100).toReversed()).toEqual(
      Array.from({ length: 100 }, (_, i) => planRequest(7, 100 - i, faults)),
    );
  });

  it("about one fault stay as they are when another one is switched on", () => {
    const before = plans(7, 500, { ...FAULTS_DEFAULT, damageRequest: 0.3 });
    const after = plans(7, 500, { ...faults, delayMs: 10, delayJitterMs: 10, replay: 1 });
    expect(after.map((plan) => plan.damagesRequest)).toEqual(
      before.map((plan) => plan.damagesRequest),
    );
  });

  it("come as often as their probability says", () => {
    const drawn = plans(7, 20_000);
    const share = (of: (plan: Plan) => boolean): number => drawn.filter(of).length / drawn.length;
    // Each is off by less than five standard deviations.
    expect(Math.abs(share(({ fate }) => fate === "loseRequest") - 0.1)).toBeLessThan(0.0107);
    expect(Math.abs(share(({ fate }) => fate === "badGateway") - 0.09)).toBeLessThan(0.0102);
    expect(Math.abs(share(({ fate }) => fate === "loseResponse") - 0.081)).toBeLessThan(0.0097);
    expect(Math.abs(share(({ damagesRequest }) => damagesRequest) - 0.3)).toBeLessThan(0.0163);
    expect(Math.abs(share(({ double }) => double === "overlapping") - 0.1)).toBeLessThan(0.0107);
  });

  it("of neighbouring seeds and numbers have nothing in common", () => {
    // The same fate twice in a row, in seed or in number, as often as chance has it.
    const half = { ...FAULTS_DEFAULT, loseRequest: 0.5 };
    let sameNumber = 0;
    let sameSeed = 0;
    for (let i = 1; i <= 10_000; i++) {
      const fate = planRequest(i, 1, half).fate;
      if (planRequest(i + 1, 1, half).fate === fate) sameSeed++;
      if (planRequest(1, i, half).fate === planRequest(1, i + 1, half).fate) sameNumber++;
    }
    expect(Math.abs(sameSeed - 5_000)).toBeLessThan(250);
    expect(Math.abs(sameNumber - 5_000)).toBeLessThan(250);
  });

  it("about cuts keep to their interval and jitter", () => {
    const cutting: Faults = { ...FAULTS_DEFAULT, cutEveryMs: 1_000, cutJitter: 0.5 };
    const cuts = Array.from({ length: 2_000 }, (_, k) => planCut(3, k + 1, cutting));
    const times = cuts.map(({ afterMs }) => afterMs);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...times)).toBeLessThanOrEqual(1_500);
    const meanMs = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    expect(Math.abs(meanMs - 1_000)).toBeLessThan(35);
    expect(cuts.filter(({ by }) => by === "rst").length / cuts.length).toBeCloseTo(0.5, 1);
  });

  it("about damage name different bytes of the body, and change each", () => {
    const words = fc.integer({ min: 0, max: 0xffff_ffff });
    const sizes = fc.integer({ min: 1, max: 2_000 });
    fc.assert(
      fc.property(words, words, sizes, sizes, (seed, n, lengthBytes, bytesMax) => {
        const flips = planDamage(seed, n, 0, lengthBytes, bytesMax);
        const offsets = flips.map(({ offset }) => offset);
        expect(flips.length).toBeGreaterThanOrEqual(1);
        expect(flips.length).toBeLessThanOrEqual(bytesMax);
        expect(new Set(offsets).size).toBe(offsets.length);
        expect(Math.max(...offsets)).toBeLessThan(lengthBytes);
        expect(flips.every(({ mask }) => mask >= 1 && mask <= 255)).toBe(true);
      }),
      { seed: 20_260_101 },
    );
  });
});

describe("a run", () => {
  const body = Buffer.alloc(1_000, "0123456789");

  /** Sixty requests, one after the other: what came back, what the target saw, what was counted. */
  async function run(
    seed: number,
  ): Promise<{ results: string[]; bodies: string[]; counts: ChaosCounts }> {
    const target = await startTarget();
    const { cutEveryMs: _, ...some } = faults;
    const proxy = await startProxy({ target: target.port, ...some, seed });
    const agent = keepAlive(1);
    const results: string[] = [];
    for (let n = 1; n <= 60; n++) {
      const result = await send(proxy.port, { body, agent });
      results.push([result.status, result.error, result.body.toString("base64")].join(" "));
    }
    const doubled = proxy.counts.requestsDoubled;
    if (doubled > 0) await counted(proxy, "requestsDoubled", doubled);
    const bodies = target.seen.map((seen) => seen.body.toString("base64"));
    return { results, bodies, counts: proxy.counts };
  }

  it("repeats with its seed, to the byte, and differs with another", async () => {
    const [first, second, other] = [await run(11), await run(11), await run(12)];
    expect(second.results).toEqual(first.results);
    expect(other.results).not.toEqual(first.results);
    for (const name of [
      "requestsLost",
      "responsesLost",
      "badGateways",
      "responsesDamaged",
    ] as const) {
      expect(second.counts[name]).toBe(first.counts[name]);
      expect(first.counts[name]).toBeGreaterThan(0);
    }
    expect(new Set(second.bodies)).toEqual(new Set(first.bodies));
    // Each request came to one end, and was counted there once.
    for (const { counts, bodies } of [first, second, other]) {
      const { requests, requestsLost, responsesLost, responses, requestsDoubled } = counts;
      expect(requestsLost + responsesLost + responses).toBe(requests);
      const unasked = counts.badGateways - counts.badGatewaysAnswered;
      expect(bodies.length).toBe(requests - requestsLost - unasked + requestsDoubled);
    }
  });
});
