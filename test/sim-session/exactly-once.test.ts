// The promises of sessions, in the world: clients that are reloaded and fall asleep, servers that
// are killed, on every network that there is a preset for.

import { expect, test } from "vitest";
import { checkScenario, HOSTILE_PROXY, Play, PRESETS, seeded } from "../../src/sim/index.ts";
import { SessionWorld } from "../../src/sim-session/index.ts";
import { ALIVE, chat, restarts } from "./scenarios.ts";

test.each(Object.keys(PRESETS))("Nothing is lost or doubled on the network %s", async (name) => {
  const { marks } = await checkScenario(chat(name, ALIVE), {
    seeds: 40,
    marks: ["client reloads", "sleeps"],
  });
  expect(marks.get("client reloads")).toBeGreaterThan(10);
});

test("Each message's fate is what is told when a server dies", async () => {
  const marks = ["server restarts", "ended: lost", "ended: closed"];
  const summary = await checkScenario(restarts, { seeds: 60, marks });
  expect(summary.runs).toBe(60);
});

test("The same seed is the same run, byte for byte, secrets and saved states included", async () => {
  const playOnce = async (seed: number): Promise<unknown> => {
    const play = new Play(seeded(seed));
    const world = new SessionWorld(play, { network: HOSTILE_PROXY, hazards: ALIVE });
    const saved: string[] = [];
    world.serve<number, number>({
      onSession: (session) =>
        session.onBundle((numbers) => numbers.forEach((n) => session.send(n))),
    });
    const client = world.start("client", (self) => {
      const session = self.connect<number, number>({ resume: self.storage.get("session") });
      self.onUnload(() => {
        saved.push(session.save());
        self.storage.set("session", saved.at(-1) ?? "");
      });
      for (let number = 0; number < 20; number++) session.send(number);
    });
    await world.run(5_000);
    client.reload();
    await world.run(5_000);
    expect(saved.length).toBeGreaterThan(0);
    return { saved, picked: play.picked, notes: play.notes, marks: [...play.marks] };
  };
  const first = await playOnce(3);
  expect(await playOnce(3)).toEqual(first);
  expect(await playOnce(4)).not.toEqual(first);
});
