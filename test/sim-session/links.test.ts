// Real sessions with pipes in the world: which link they choose, and what becomes of them when
// connections break and processes die.

import { expect, test } from "vitest";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import {
  checkScenario,
  NO_PIPE_FAULTS,
  PERFECT_NETWORK,
  type PipeFaults,
} from "../../src/sim/index.ts";
import type { WorldOptions } from "../../src/sim-session/index.ts";
import { marksOf } from "../sim/marks.ts";
import { links } from "./scenarios.ts";
import { harmlessWorld, seededWorld, serveSquares } from "./worlds.ts";

const ALL: readonly LinkName[] = ["websocket", "stream", "poll"];

const TEN_MINUTES_MS = 600_000;

function withFaults(faults: Partial<PipeFaults>): WorldOptions {
  return { network: { ...PERFECT_NETWORK, pipes: { ...NO_PIPE_FAULTS, ...faults } } };
}

test("Nothing is lost or doubled whatever becomes of pipes", async () => {
  const { runs } = await checkScenario(links, {
    seeds: 60,
    marks: marksOf("links").filter((mark) => mark !== "pipe damaged"),
  });
  expect(runs).toBe(60);
});

test.each([
  [ALL, "websocket"],
  [["stream", "poll"], "stream"],
  [["poll"], "poll"],
  [undefined, "poll"],
] as const)("Of %j a session comes to hear by %s, and says what it has to", async (set, link) => {
  const world = harmlessWorld();
  serveSquares(world);
  const came: number[] = [];
  const session = world.connect<number, number>({ links: set });
  session.onBundle((numbers) => void came.push(...numbers));
  await world.run(1_000);

  for (let number = 1; number <= 4; number++) session.send(number);
  await world.settle();

  expect(session.link).toBe(link);
  expect(came).toEqual([1, 4, 9, 16]);
});

test("Where no WebSocket comes about, a stream is used", async () => {
  const world = seededWorld(1, withFaults({ neverOpensPermille: 1_000 }));
  serveSquares(world);
  const session = world.connect<number, number>({ links: ALL });

  await world.run(30_000);

  expect(session.link).toBe("stream");
});

test("A stream that is held back is not used", async () => {
  const world = seededWorld(1, withFaults({ heldBackPermille: 1_000, heldBackBytes: 4_096 }));
  serveSquares(world);
  const session = world.connect<number, number>({ links: ["stream", "poll"] });

  await world.run(20_000);

  expect(session.link).toBe("poll");
  expect(session.status.state).toBe("open");
});

test("A session whose client is killed leaves no pipe at its server, and the next one has its own", async () => {
  const world = harmlessWorld();
  serveSquares(world);
  const came: number[] = [];
  const client = world.start("client", (self) => {
    const session = self.connect<number, number>({ links: ["websocket", "poll"] });
    session.onBundle((numbers) => void came.push(...numbers));
    session.on("link", (link) => link === "websocket" && session.send(7));
  });
  await world.run(1_000);
  expect(came).toEqual([49]);

  client.restart();
  await world.run(1_000);

  expect(came).toEqual([49, 49]);
});

test("A server that is killed takes its pipes along, and the client tries again when it is back", async () => {
  const world = harmlessWorld();
  const server = serveSquares(world);
  const told: string[] = [];
  world.start("client", async (self) => {
    for (let count = 0; count < 2; count++) {
      const session = self.connect<number, number>({ links: ["websocket", "poll"] });
      session.on("link", (link) => void told.push(link));
      await session.ended;
    }
  });
  await world.run(1_000);

  server.restart(2_000);
  await world.run(20_000);

  expect(told).toEqual(["websocket", "poll", "websocket"]);
});

test.each([
  [["websocket"], "client"],
  [["stream"], "client"],
  [["stream"], "server"],
] as const)(
  "%j alone, with streams named by the %s, carries what is said",
  async (set, streamNames) => {
    const world = harmlessWorld();
    serveSquares(world);
    const came: number[] = [];
    const session = world.connect<number, number>({ links: set, streamNames });
    session.onBundle((numbers) => void came.push(...numbers));

    for (let number = 1; number <= 4; number++) session.send(number);
    await world.settle();

    expect(session.link).toBe(set[0]);
    expect(came).toEqual([1, 4, 9, 16]);
  },
);

test.each([
  [["websocket", "poll"]],
  [["stream", "poll"]],
  [["poll"]],
  [["websocket"]],
  [["stream"]],
] as const)("Ten minutes of silence change nothing for %j", async (set) => {
  const world = harmlessWorld();
  serveSquares(world);
  const told: string[] = [];
  const came: number[] = [];
  const session = world.connect<number, number>({ links: set });
  session.onBundle((numbers) => void came.push(...numbers));
  session.send(2);
  await world.run(1_000);
  session.on("link", (link) => void told.push(link));
  session.on("status", ({ state }) => void told.push(state));

  await world.run(TEN_MINUTES_MS);
  session.send(3);
  await world.run(100);

  expect(session.link).toBe(set[0]);
  expect(told).toEqual([]);
  expect(came).toEqual([4, 9]);
});

test.each([[[]], [["tcp"]], [["carrier pigeon", "poll"]], ["poll"]])(
  "Links that there are not are refused: %j",
  (set) => {
    const world = harmlessWorld();
    serveSquares(world);

    expect(() => world.connect({ links: set as LinkName[] })).toThrow("option_invalid: links is");
  },
);
