/** examples/game-loop.ts as its reader starts it. */
import { describe, expect, it } from "vitest";
import { freePort } from "../listening.ts";
import { Program } from "../program.ts";

const SECONDS = 5;
const MOVES = 3 * 60 * SECONDS;

interface Game {
  readonly status: number | string;
  readonly count: Readonly<
    Record<"moves" | "movesTaken" | "placesTaken" | "overtaken" | "wrong", number>
  >;
  readonly cuts: number;
  readonly requestsLost: number;
  /** What each player got, second by second. */
  readonly placesPerSecond: readonly number[];
}

async function play(...options: readonly string[]): Promise<Game> {
  const seconds = ["--seconds", String(SECONDS)];
  const game = new Program("examples/game-loop.ts", [...seconds, ...options], await freePort());
  const status = await game.ended;
  expect(game.complaints).toEqual([]);
  const output = game.lines.join("\n");
  const valueOf = (pattern: RegExp): number => Number(pattern.exec(output)?.[1]);
  return {
    status,
    count: {
      moves: valueOf(/moves: (\d+)/),
      movesTaken: valueOf(/movesTaken: (\d+)/),
      placesTaken: valueOf(/placesTaken: (\d+)/),
      overtaken: valueOf(/overtaken: (\d+)/),
      wrong: valueOf(/wrong: (\d+)/),
    },
    cuts: valueOf(/(\d+) cuts/),
    requestsLost: valueOf(/(\d+) requests lost/),
    placesPerSecond: [...output.matchAll(/ (\d+)\/s in/g)].map(([, rate]) => Number(rate)),
  };
}

describe("the game loop", () => {
  it("gets all moves and the newest places, sixty times a second", async () => {
    const { status, count, cuts, requestsLost, placesPerSecond } = await play();
    expect({ status, cuts, requestsLost }).toEqual({ status: 0, cuts: 0, requestsLost: 0 });
    expect(count).toMatchObject({ moves: MOVES, movesTaken: MOVES, wrong: 0 });
    expect(placesPerSecond).toHaveLength(SECONDS);
    // 60 of each of three, but for the frames in which not all had joined.
    expect(count.placesTaken + count.overtaken).toBeGreaterThan(0.8 * 3 * MOVES);
    expect(count.placesTaken + count.overtaken).toBeLessThanOrEqual(3 * MOVES);
  });

  it("skips places that are late on a bad line, and no move", async () => {
    const { status, count, cuts, requestsLost } = await play(
      "--loss",
      "10%",
      "--cuts",
      "4/s",
      "--delay",
      "20ms",
    );
    expect(count).toMatchObject({ moves: MOVES, movesTaken: MOVES, wrong: 0 });
    expect(status).toBe(0);
    expect(Math.min(cuts, requestsLost)).toBeGreaterThan(0);
    expect(count.overtaken).toBeGreaterThan(0);
    // At least twenty a second come in time even so, on a machine that does other things besides.
    expect(count.placesTaken).toBeGreaterThan(MOVES);
  });

  it("does not begin with seconds that are no number", async () => {
    const game = new Program("examples/game-loop.ts", ["--seconds", "abc"], await freePort());
    expect(await game.ended).toBe(1);
    expect(game.complaints.join("\n")).toContain('"abcs" is not a duration');
  });
});
