import { expect, test } from "vitest";
import { Play, seeded, HARMLESS, LOSSY_WIFI } from "../../src/sim/index.ts";
import { SessionWorld } from "../../src/sim-session/index.ts";

test("echo", async () => {
  const play = new Play(HARMLESS);
  const world = new SessionWorld(play);
  world.serve<number, number>({
    async onSession(session) {
      for await (const n of session) session.send(n * n);
    },
  });
  const session = world.connect<number, number>();
  for (let n = 0; n < 10; n++) session.send(n);
  const got: number[] = [];
  const taking = (async () => {
    for await (const n of session) if (got.push(n) === 10) break;
  })();
  await world.run(taking);
  expect(got).toEqual([0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
  console.log(world.nowMs);
  await world.settle();
  console.log(world.nowMs);
  const { reason } = await world.run(session.close());
  expect(reason).toBe("closed");
  console.log(world.nowMs, play.notes.map((n) => `${n.atMs} ${n.kind} ${n.from}>${n.to} ${n.text}`).join("\n"));
});
