/**
 * Sender and receiver against each other on a line that loses, doubles and reorders: promises 1
 * and 2, and that no credit is ever lost.
 */
import fc from "fast-check";
import { describe, test } from "vitest";
import type { SessionOptions } from "../../src/core/options.ts";
import { LossyPair, SMALL } from "./lossy-pair.ts";

type Step = readonly [kind: string, first: number, second: number, third: number];

const SIZES = [4, 4, 10, 900, 5_000, 16_384, 16_385, 33_000, 65_000];
const ROOMS = [2_048, 5_000, 20_000, 60_000];
const MODES = ["ordered", "unordered", "latest", "latest"] as const;
const TIMES = [Infinity, 5, 40];

/** Kinds of step, each as often as it is listed. */
const KINDS = [
  "open send send send send send transmit transmit transmit arrive arrive arrive arrive-again",
  "lose resolve resolve ack ack hear hear hear-again lose-ack take take consume wait",
  "finish-channel reset refuse finish",
].flatMap((line) => line.split(" "));
const RARE = new Set(["finish-channel", "reset", "refuse", "finish"]);

function perform(pair: LossyPair, [kind, first, second, third]: Step): void {
  if (kind === "open") {
    pair.open(MODES[first % MODES.length] ?? "ordered", TIMES[second % TIMES.length] ?? Infinity);
  } else if (kind === "send") pair.send(first, SIZES[second % SIZES.length] ?? 4, third % 3);
  else if (kind === "transmit") pair.transmit(ROOMS[first % ROOMS.length] ?? 0, 1 + (second % 20));
  else if (kind === "arrive") pair.arrive(first, false);
  else if (kind === "arrive-again") pair.arrive(first, true);
  else if (kind === "lose") pair.lose(first);
  else if (kind === "resolve") pair.resolve(first);
  else if (kind === "ack") pair.acknowledge();
  else if (kind === "hear") pair.hearAck(first, false);
  else if (kind === "hear-again") pair.hearAck(first, true);
  else if (kind === "lose-ack") pair.loseAck(first);
  else if (kind === "take") pair.take(1 + (first % 5));
  else if (kind === "consume") pair.consume(first, 1 + (second % 3));
  else if (kind === "wait") pair.wait(first % 12);
  else if (RARE.has(kind) && third % 3 > 0) return;
  else if (kind === "finish-channel") pair.finishChannel(first);
  else if (kind === "reset") pair.reset(first);
  else if (kind === "refuse") pair.refuse(first);
  else if (kind === "finish" && second % 4 === 0) pair.finish();
}

const step = fc.tuple(fc.constantFrom(...KINDS), fc.nat(1_000), fc.nat(1_000), fc.nat(1_000));

const RUNS = Number(process.env["FC_RUNS"] ?? 300);

function assertHolds(options: SessionOptions): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
      const pair = new LossyPair(options);
      for (const each of steps) {
        perform(pair, each);
        pair.checkAlways();
      }
      pair.heal();
      pair.checkHealed();
    }),
    { numRuns: RUNS },
  );
}

describe("whatever is lost, doubled and reordered, everything arrives and no credit is lost", () => {
  test("when received is held and delivered is consumed", () => {
    assertHolds(SMALL);
  });

  test("when delivered is held", () => {
    assertHolds({ ...SMALL, hold: "delivered" });
  });

  test("when the application says what is consumed, and consumed is held", () => {
    const options = { ...SMALL, hold: "consumed", consume: "explicit" } as const;
    assertHolds(options);
  });

  test("when the application says what is consumed, and received is held", () => {
    assertHolds({ ...SMALL, consume: "explicit" });
  });
});
