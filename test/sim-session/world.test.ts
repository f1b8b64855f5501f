// A world by itself: its time, its processes, how runs end.

import { describe, expect, test } from "vitest";
import { PERFECT_NETWORK, TRAIN_TUNNEL } from "../../src/sim/index.ts";
import { SessionEndedError } from "../../src/session/errors.ts";
import { type ProcessScope, WorldError, type WorldOptions } from "../../src/sim-session/index.ts";
import { eventsOf, failure, harmlessWorld, seededWorld, serveSquares, slow } from "./worlds.ts";

describe("time", () => {
  test("is the world's alone: an hour passes at once, in the order of the timers", async () => {
    const world = harmlessWorld({ runMsMax: 7_200_000 });
    const order: string[] = [];
    world.start("one", async (self) => {
      await self.sleep(3_600_000);
      order.push(`one at ${self.nowMs}`);
    });
    world.start("two", async (self) => {
      await self.sleep(10);
      order.push(`two at ${self.nowMs}`);
      await self.sleep(3_599_990);
      order.push(`two at ${self.nowMs}`);
    });
    await world.settle();
    expect(order).toEqual(["two at 10", "one at 3600000", "two at 3600000"]);
    expect(world.nowMs).toBe(3_600_000);
  });

  test("stands still while promises are ready, however many there are in a row", async () => {
    const world = harmlessWorld();
    const order: string[] = [];
    world.start("patient", async () => {
      for (let turns = 0; turns < 5_000; turns++) await undefined;
      order.push(`5,000 promises at ${world.nowMs}`);
    });
    world.start("other", async (self) => {
      await self.sleep(1);
      order.push("a millisecond");
    });
    await world.settle();
    expect(order).toEqual(["5,000 promises at 0", "a millisecond"]);
  });

  test("passes by as much as was asked for, to a condition, or to a promise", async () => {
    const world = harmlessWorld({ network: slow(20) });
    serveSquares(world);
    const session = world.connect<number, number>();
    await world.run(15);
    expect(world.nowMs).toBe(15);
    await world.run(() => session.status.state === "open");
    expect(world.nowMs).toBe(40);
    session.send(7);
    const { value } = await world.run(session[Symbol.asyncIterator]().next());
    expect([value, world.nowMs]).toEqual([49, 80]);
    expect(await failure(world.run(Promise.reject(new Error("of the promise"))))).toEqual(
      new Error("of the promise"),
    );
    await world.run(world.sleep(20));
    expect(world.nowMs).toBe(100);
  });

  test("passes until nothing moves, with requests parked", async () => {
    const world = harmlessWorld({ network: slow(20) });
    const server = serveSquares(world);
    const session = world.connect<number, number>();
    const got: number[] = [];
    session.onBundle((numbers) => void got.push(...numbers));
    for (let number = 1; number < 5; number++) session.send(number);
    await world.settle();
    expect(got).toEqual([1, 4, 9, 16]);
    expect(session.unacknowledged).toBe(0);
    expect(world.nowMs).toBeLessThan(200);
    const atMs = world.nowMs;
    await world.settle();
    expect(world.nowMs).toBe(atMs);

    server.kill();
    server.restart(1_000);
    await world.settle();
    expect((await session.ended).reason).toBe("lost");
  });
});

describe("a run that has no end", () => {
  test("fails when nothing is left that could happen", async () => {
    const world = harmlessWorld();
    const error = await failure(world.run(new Promise(() => {})));
    expect(error).toMatchObject({ name: "WorldError", code: "run_stalled" });
    expect(String(error)).toContain("nothing is left to happen before its promise is settled");
  });

  test("fails when it takes too long, in the world's time or in events", async () => {
    const ticking = async (self: ProcessScope): Promise<void> => {
      for (;;) await self.sleep(100);
    };
    const long = harmlessWorld({ runMsMax: 5_000 });
    long.start("ticking", ticking);
    const error = await failure(long.settle());
    expect(error).toMatchObject({ code: "run_endless" });
    expect(String(error)).toContain("5000 ms of its time, not yet: nothing moves any more");

    const busy = harmlessWorld({ eventsMax: 20 });
    busy.start("ticking", ticking);
    expect(await failure(busy.run(() => false))).toMatchObject({ code: "run_endless" });
    expect(busy.nowMs).toBe(2_000);
  });

  test("is none when it is asked for a time that passes", async () => {
    const world = harmlessWorld();
    await world.run(1_000);
    expect(world.nowMs).toBe(1_000);
  });
});

describe("a killed process", () => {
  test("is not heard of again: its timers, its promises and its sessions stay as they are", async () => {
    const world = harmlessWorld();
    serveSquares(world);
    const said: string[] = [];
    const client = world.start("client", async (self) => {
      const session = self.connect<number, number>();
      said.push(`begins at ${self.nowMs}`);
      session.on("ended", () => said.push("ended"));
      session.send(3);
      for await (const number of session) said.push(`got ${number}`);
    });
    const sleeper = world.start("sleeper", async (self) => {
      await self.sleep(50);
      said.push("woke");
    });
    await world.run(10);
    client.kill();
    sleeper.kill();
    expect([client.isRunning, sleeper.isRunning]).toEqual([false, false]);
    await world.run(60_000);
    expect(said).toEqual(["begins at 0", "got 9"]);
  });

  test("starts anew with what it has stored, and its server has lost its sessions", async () => {
    const world = harmlessWorld();
    const starts: string[] = [];
    const server = world.start("server", (self) => {
      const before = self.storage.get("starts") ?? "0";
      self.storage.set("starts", String(Number(before) + 1));
      starts.push(`${before} starts before ${self.nowMs} ms`);
      self.serve({ onSession: () => {} });
    });
    const session = world.connect();
    await world.settle();
    server.restart(500);
    expect(server.isRunning).toBe(false);
    const { reason } = await world.run(session.ended);
    expect(reason).toBe("lost");
    expect(starts).toEqual(["0 starts before 0 ms", "1 starts before 503 ms"]);
    expect(eventsOf(world.play)).toContain("503 server starts again");
  });

  test("refuses connections until it is back, and sessions go on that it never knew", async () => {
    const world = harmlessWorld();
    const server = serveSquares(world);
    server.kill();
    const session = world.connect<number, number>({ lostAfterMs: 100 });
    session.send(5);
    const lost: string[] = [];
    session.on("lost", ({ reason }) => lost.push(reason));
    await world.run(3_000);
    expect(lost).toEqual(["connection_refused"]);
    server.restart();
    expect(await world.run(session[Symbol.asyncIterator]().next())).toMatchObject({ value: 25 });
  });

  test("sends nothing more of what it was about to send", async () => {
    const world = harmlessWorld();
    serveSquares(world);
    let requests = 0;
    const client = world.start("client", (self) => {
      const session = self.connect<number, number>();
      if (self.nowMs > 0) return;
      session.onBundle(() => {
        session.send(2);
        client.kill();
      });
      session.send(1);
    });
    await world.run(30_000);
    for (const { kind, from } of world.play.notes) {
      if (kind === "leaves" && from === "client") requests++;
    }
    expect(requests).toBe(1);
    expect(client.isRunning).toBe(false);
  });

  test("is told of as not reached only where no copy of a request was", async () => {
    // The middle sends each request again, late: the first is taken, the second one refused.
    const http = { ...PERFECT_NETWORK.http, replayPermille: 1_000, replayMs: 50 };
    const network = { ...PERFECT_NETWORK, http };
    for (let seed = 1; seed < 20; seed++) {
      const world = seededWorld(seed, { network });
      const server = world.serve<number>({ onSession: () => {} });
      const session = world.connect<number, number>({ earlyMessages: false });
      await world.run(session.opened);
      session.send(1);
      await world.run(1);
      // It has arrived by now, and lives on in the memory of a process that is gone.
      server.kill();
      const { neverSent, unknown } = await world.run(session.ended);
      expect([neverSent.length, unknown.length]).toEqual([0, 1]);
    }
  });

  test("cannot act from a former life", async () => {
    const world = harmlessWorld();
    serveSquares(world);
    const scopes: ProcessScope[] = [];
    const client = world.start("client", (self) => void scopes.push(self));
    client.restart();
    await world.settle();
    const [former, present] = scopes as [ProcessScope, ProcessScope];
    expect(() => former.connect()).toThrow(expect.objectContaining({ code: "state_invalid" }));
    expect(() => former.serve({ onSession: () => {} })).toThrow(WorldError);
    present.connect();
    let woke = 0;
    void former.sleep(1).then(() => woke++);
    await world.run(10);
    expect(woke).toBe(0);
  });

  test("that ends by itself is finished, in whichever life", async () => {
    const world = harmlessWorld();
    await world.run(world.start("short", () => {}).finished);
    expect(world.nowMs).toBe(0);
    const client = world.start("client", async (self) => {
      const isFirst = self.storage.size === 0;
      self.storage.set("was", "here");
      await self.sleep(isFirst ? 1_000_000 : 30);
    });
    await world.run(100);
    client.restart(100);
    await world.run(client.finished);
    expect(world.nowMs).toBe(230);
  });
});

describe("a reload", () => {
  test("lets a page save its session, and nothing is lost or doubled", async () => {
    const world = harmlessWorld({ network: slow(15) });
    serveSquares(world);
    const got: number[] = [];
    let sent = 0;
    const page = world.start("page", async (self) => {
      const session = self.connect<number, number>({ resume: self.storage.get("session") });
      self.onUnload(() => self.storage.set("session", session.save()));
      session.onBundle((numbers) => void got.push(...numbers));
      while (sent < 100) {
        session.send(sent++);
        await self.sleep(7);
      }
    });
    for (let reloads = 0; reloads < 4; reloads++) {
      await world.run(130);
      page.reload();
    }
    await world.run(page.finished);
    await world.settle();
    expect(got).toEqual(Array.from({ length: 100 }, (_, number) => number * number));
    expect(eventsOf(world.play).filter((text) => text.endsWith("is reloaded"))).toHaveLength(4);
  });
});

describe("a sleeping process", () => {
  test("finds what arrived, does at once what was due, and hears that the path may be back", async () => {
    const world = harmlessWorld();
    serveSquares(world);
    const got: string[] = [];
    const client = world.start("client", async (self) => {
      const session = self.connect<number, number>();
      session.onBundle((numbers) => void got.push(`${numbers.join()} at ${self.nowMs}`));
      session.send(2);
      await self.sleep(100);
      got.push(`woke at ${self.nowMs}`);
      session.send(3);
    });
    await world.run(1);
    client.suspend(40_000);
    await world.run(20_000);
    expect(got).toEqual([]);
    await world.settle();
    // As in a process that was stopped: timers come before what has arrived.
    expect(got).toEqual(["woke at 40001", "4 at 40001", "9 at 40003"]);
  });

  test("sends nothing before it wakes, whoever tells it to", async () => {
    const world = harmlessWorld();
    serveSquares(world);
    const session = world.connect<number, number>();
    await world.settle();
    const [, client] = world.processes;
    client?.suspend(1_000);
    session.send(6);
    await world.run(999);
    expect([client?.isAsleep, session.unacknowledged]).toEqual([true, 1]);
    const { value } = await world.run(session[Symbol.asyncIterator]().next());
    expect([value, client?.isAsleep]).toEqual([36, false]);
    expect(world.nowMs).toBeGreaterThan(1_000);
  });

  test("keeps a server's clients waiting, and no longer than it sleeps", async () => {
    const world = harmlessWorld();
    const server = serveSquares(world);
    const session = world.connect<number, number>();
    await world.settle();
    server.suspend(5_000);
    session.send(4);
    const { value } = await world.run(session[Symbol.asyncIterator]().next());
    expect(value).toBe(16);
    expect(world.nowMs).toBeGreaterThanOrEqual(5_000);
    expect(world.nowMs).toBeLessThan(5_100);
  });
});

test("A network that is there later has nothing to make up for", async () => {
  const { partitions } = TRAIN_TUNNEL;
  const network = { ...PERFECT_NETWORK, partitions: { ...partitions, permille: 1_000 } };
  const world = seededWorld(1, { network });
  serveSquares(world);
  await world.run(100_000);
  const session = world.connect();
  await world.run(session.opened);
  expect(world.play.picked).toEqual([]);
  await world.run(partitions.checkMs);
  expect(world.play.picked[0]?.label).toContain(`is cut at ${100_000 + partitions.checkMs} ms`);
});

describe("misuse", () => {
  test("of names is refused", () => {
    const world = harmlessWorld();
    world.start("client", () => {});
    expect(() => world.start("client", () => {})).toThrow(
      expect.objectContaining({ code: "name_taken" }),
    );
    expect(() => world.connect()).toThrow(expect.objectContaining({ code: "name_taken" }));
    expect(() => harmlessWorld().connect({ to: "nobody" })).toThrow(
      expect.objectContaining({ code: "name_unknown" }),
    );
  });

  test("of limits, and of a world that is running, is refused", async () => {
    for (const limit of [0, -1, Number.NaN]) {
      const refusal = expect.objectContaining({ code: "option_invalid" });
      expect(() => harmlessWorld({ runMsMax: limit })).toThrow(refusal);
      expect(() => harmlessWorld({ eventsMax: limit })).toThrow(refusal);
      const hazards = { everyMs: limit, sleepPermille: 1 };
      expect(() => harmlessWorld({ hazards })).toThrow(refusal);
    }
    const world = harmlessWorld();
    const running = world.run(100);
    expect(await failure(world.run(100))).toMatchObject({ code: "state_invalid" });
    await running;
  });

  test("of times is refused", async () => {
    const refusal = expect.objectContaining({ code: "option_invalid" });
    const world = harmlessWorld();
    const scopes: ProcessScope[] = [];
    const process = world.start("client", (self) => void scopes.push(self));
    for (const ms of [-1, Number.NaN, Infinity]) {
      expect(await failure(world.run(ms))).toEqual(refusal);
      expect(await failure(world.sleep(ms))).toEqual(refusal);
      expect(await failure(scopes[0]?.sleep(ms) ?? Promise.resolve())).toEqual(refusal);
      expect(() => process.restart(ms)).toThrow(refusal);
      expect(() => process.suspend(ms)).toThrow(refusal);
    }
    expect(process.isRunning).toBe(true);
  });

  test("of a process that serves already is refused", () => {
    const world = harmlessWorld();
    world.start("server", (self) => {
      self.serve({ onSession: () => {} });
      expect(() => self.serve({ onSession: () => {} })).toThrow(WorldError);
    });
    expect(world.processes.map(({ name, isServing }) => [name, isServing])).toEqual([
      ["server", true],
    ]);
  });
});

describe("a server in a world", () => {
  test("sees headers and addresses, and its refusals arrive", async () => {
    const world = harmlessWorld();
    world.serve<string, string>({
      authenticate: (peer) => peer.header("authorization")?.replace("Bearer ", ""),
      onSession: (session) => void session.send(`${session.principal} ${session.address}`),
    });
    const ann = world.connect<string>({ headers: { authorization: "Bearer ann" } });
    const nobody = world.connect();
    expect(await world.run(ann[Symbol.asyncIterator]().next())).toMatchObject({
      value: "ann 192.0.2.3",
    });
    expect(await world.run(nobody.ended)).toMatchObject({ reason: "refused" });
    expect(await failure(nobody.opened)).toBeInstanceOf(SessionEndedError);
  });

  test("asks again who a client is that comes back after silence", async () => {
    const world = harmlessWorld();
    let isWelcome = true;
    world.serve({
      authenticate: () => (isWelcome ? "ann" : undefined),
      reauthenticateAfterMs: 30_000,
      onSession: () => {},
    });
    const reasons: string[] = [];
    const client = world.start("client", (self) => {
      const session = self.connect({ lostAfterMs: 0 });
      session.on("lost", ({ reason }) => reasons.push(reason));
    });
    await world.settle();
    isWelcome = false;
    client.suspend(40_000);
    await world.run(45_000);
    expect(reasons).toContain("http_403");
  });
});

describe("options of a world", () => {
  const wrong = (options: unknown) => () => harmlessWorld(options as WorldOptions);

  test.each([
    ["network.up", { network: { ...PERFECT_NETWORK, up: 5 } }, "option_invalid"],
    ["network", { network: "wifi" }, "option_invalid"],
    ["hazard", { hazard: {} }, "option_unknown"],
    ["hazards.serverRestartPermile", { hazards: { serverRestartPermile: 5 } }, "option_unknown"],
    ["hazards.sleepPermille", { hazards: { sleepPermille: 5_000 } }, "option_invalid"],
    ["hazards.everyMs", { hazards: { everyMs: 0, sleepPermille: 1 } }, "option_invalid"],
    ["hazards.downMs", { hazards: { downMs: 1.5 } }, "option_invalid"],
    ["hazards", { hazards: [] }, "option_invalid"],
  ])("are refused at once and by name: %s", (name, options, code) => {
    expect(wrong(options)).toThrow(
      expect.objectContaining({
        name: "UsageError",
        code,
        message: expect.stringContaining(`${code}: ${name}`),
      }),
    );
  });
});
