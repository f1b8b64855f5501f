// What goes wrong in the programs of a world fails its run, with the error that was thrown.

import { describe, expect, onTestFinished, test } from "vitest";
import { SessionEndedError } from "../../src/session/errors.ts";
import { checkScenario, type Scenario, ScenarioFailure } from "../../src/sim/index.ts";
import { type StrayErrorScope, watchStrayErrors } from "../../src/sim-session/stray-errors.ts";
import { SessionWorld } from "../../src/sim-session/index.ts";
import { failure, harmlessWorld, serveSquares } from "./worlds.ts";

const wrong = new Error("of the program");

/** Each lets the error out in its own way. */
const ways: Readonly<Record<string, (world: SessionWorld) => void>> = {
  "a program throws": (world) =>
    void world.start("client", () => {
      throw wrong;
    }),
  "a program rejects": (world) =>
    void world.start("client", async (self) => {
      await self.sleep(10);
      throw wrong;
    }),
  "onSession throws": (world) => {
    world.serve({
      onSession() {
        throw wrong;
      },
    });
    world.connect();
  },
  "onSession rejects": (world) => {
    world.serve({
      async onSession(session) {
        await session[Symbol.asyncIterator]().next();
        throw wrong;
      },
    });
    world.connect().send(1);
  },
  "authenticate throws": (world) => {
    world.serve({
      onSession: () => {},
      authenticate() {
        throw wrong;
      },
    });
    world.connect();
  },
  "a server's callback throws": (world) => {
    world.serve({
      onSession(session) {
        session.onBundle(() => {
          throw wrong;
        });
      },
    });
    world.connect().send(1);
  },
  "a client's callback throws": (world) => {
    serveSquares(world);
    const session = world.connect<number, number>();
    session.send(1);
    session.onBundle(() => {
      throw wrong;
    });
  },
  "a client's callback rejects": (world) => {
    serveSquares(world);
    const session = world.connect<number, number>();
    session.send(1);
    session.onBundle(() => Promise.reject(wrong));
  },
  "a listener throws": (world) => {
    serveSquares(world);
    world.connect().on("status", () => {
      throw wrong;
    });
  },
  "a reload's callback throws": (world) => {
    const client = world.start("client", (self) => {
      self.onUnload(() => {
        throw wrong;
      });
    });
    world.start("other", async (self) => {
      await self.sleep(5);
      client.reload();
    });
  },
  "a promise that nobody looks at is rejected": (world) =>
    void world.start("client", (self) => {
      const forgotten = async (): Promise<void> => {
        await self.sleep(10);
        throw wrong;
      };
      void forgotten();
    }),
  "onError throws": (world) => {
    world.serve({
      onSession() {
        throw new Error("another");
      },
      onError() {
        throw wrong;
      },
    });
    world.connect();
  },
};

test.each(Object.entries(ways))("A run fails when %s", async (_, way) => {
  const world = harmlessWorld();
  way(world);
  expect(await failure(world.run(1_000))).toBe(wrong);
  // It stays failed.
  expect(await failure(world.run(1_000))).toBe(wrong);
});

test("A server's own onError takes what it is told, and the run goes on", async () => {
  const world = harmlessWorld();
  const told: unknown[] = [];
  world.serve({
    onSession() {
      throw wrong;
    },
    onError: (error) => void told.push(error),
  });
  const session = world.connect();
  expect(await world.run(session.ended)).toMatchObject({ detail: "service_failed" });
  expect(told).toEqual([wrong]);
});

test("A client's loop that does not expect the end of its session fails the run", async () => {
  const world = harmlessWorld();
  const server = serveSquares(world);
  world.start("client", async (self) => {
    await self.connect()[Symbol.asyncIterator]().next();
  });
  await world.settle();
  server.restart();
  const error = await failure(world.run(60_000));
  expect(error).toBeInstanceOf(SessionEndedError);
  expect(error).toMatchObject({ ended: { reason: "lost" } });
});

test("An error in a former life is nobody's any more", async () => {
  const world = harmlessWorld();
  const gates: (() => void)[] = [];
  const client = world.start("client", async () => {
    await new Promise<void>((resolve) => gates.push(resolve));
    throw wrong;
  });
  client.kill();
  gates[0]?.();
  await world.run(10);
  expect(world.nowMs).toBe(10);
});

describe("promises that are rejected unheard", () => {
  const EVENT = "unhandledRejection";

  test("are told to whoever listens otherwise, as soon as no world runs", async () => {
    const before = process.listeners(EVENT);
    const heard: unknown[] = [];
    process.removeAllListeners(EVENT);
    process.on(EVENT, (error) => void heard.push(error));
    onTestFinished(() => {
      process.removeAllListeners(EVENT);
      for (const listener of before) process.on(EVENT, listener);
    });
    await harmlessWorld().run(1_000);
    expect(process.listeners(EVENT)).toHaveLength(1);
    void Promise.reject(wrong);
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual([wrong]);
  });

  test("are kept from a page's own listeners while a world runs there", () => {
    const page = new EventTarget();
    const [heard, kept]: [unknown[], unknown[]] = [[], []];
    page.addEventListener("unhandledrejection", () => heard.push("page"));
    const reject = (): boolean => {
      const event = new Event("unhandledrejection", { cancelable: true });
      page.dispatchEvent(Object.assign(event, { reason: wrong }));
      return event.defaultPrevented;
    };
    const scope = page as unknown as StrayErrorScope;
    const release = watchStrayErrors((error) => void kept.push(error), scope);
    // In Node the order is that of listening; a browser asks who captures before all others.
    page.addEventListener("unhandledrejection", () => heard.push("later"));
    expect(reject()).toBe(true);
    expect(kept).toEqual([wrong]);
    expect(heard).not.toContain("later");
    release();
    expect(reject()).toBe(false);
    expect(kept).toHaveLength(1);
    expect(heard).toContain("page");
  });

  test("are found, shrunk and repeated like any other failure", async () => {
    const scenario: Scenario = {
      name: "forgotten promise",
      async run(play) {
        const world = new SessionWorld(play);
        serveSquares(world);
        const session = world.connect<number, number>();
        for (let number = 0; number < 5; number++) {
          session.send(play.pick(1_000, `message ${number}`));
        }
        session.onBundle((squares) => {
          for (const square of squares) {
            if (square > 250_000) void Promise.reject(new Error("too large"));
          }
        });
        await world.settle();
      },
    };
    const error = await failure(checkScenario(scenario, { seeds: 10 }));
    expect(error).toBeInstanceOf(ScenarioFailure);
    expect(error).toMatchObject({ steps: [{ label: "message 0", value: 501 }] });
  });
});

/** Its program goes wrong after a millisecond, unheard. */
function wrongLater(world: SessionWorld): void {
  world.start("client", async (self) => {
    await self.sleep(1);
    void Promise.reject(wrong);
  });
}

/** Nothing is wrong with it. */
const innocent: Scenario = {
  name: "innocent",
  async run(play) {
    const world = new SessionWorld(play);
    serveSquares(world);
    const session = world.connect<number, number>();
    session.send(play.pick(10, "number"));
    await world.settle();
  },
};

describe("a scenario that does not await its world", () => {
  const forgetful: Scenario = {
    name: "forgetful",
    run(play) {
      const world = new SessionWorld(play);
      wrongLater(world);
      // Rejected before the scenario is over, and told by the host after that.
      void Promise.reject(wrong);
      void world.run(10);
    },
  };

  test("fails by itself, and leaves those that come after it alone", async () => {
    const error = await failure(checkScenario(forgetful));
    expect(error).toMatchObject({ name: "ScenarioFailure", seed: 1, isRepeatable: true });
    expect(error).toMatchObject({ cause: { name: "ScenarioError", code: "run_not_awaited" } });

    await expect(checkScenario(innocent, { seeds: 20 })).resolves.toMatchObject({ runs: 20 });
  });

  test("fails by what it threw, where it threw", async () => {
    const thrower: Scenario = {
      name: "thrower",
      async run(play) {
        void new SessionWorld(play).run(10);
        throw new RangeError("of the scenario");
      },
    };
    const error = await failure(checkScenario(thrower));
    expect(error).toMatchObject({ cause: { message: "of the scenario" } });
    await checkScenario(innocent, { seeds: 1 });
  });
});

describe("two checks at once", () => {
  const guilty: Scenario = {
    name: "guilty",
    async run(play) {
      const world = new SessionWorld(play);
      wrongLater(world);
      await world.run(10);
    },
  };

  test("take turns, and no error of one is told of the other", async () => {
    const [first, second, third] = await Promise.allSettled([
      checkScenario(guilty),
      checkScenario(innocent),
      checkScenario(innocent),
    ]);
    expect(first).toMatchObject({ reason: { name: "ScenarioFailure", cause: wrong } });
    expect(second).toMatchObject({ value: { runs: 100 } });
    expect(third).toMatchObject({ value: { runs: 100 } });
  });

  test("do not run their worlds at once, and none is made while another one runs", async () => {
    const [first, second] = [harmlessWorld(), harmlessWorld()];
    const order: string[] = [];
    const running = first.run(5).then(() => order.push("first"));
    const waiting = second.run(5).then(() => order.push("second"));
    expect(() => harmlessWorld()).toThrow("runs_overlap: ");
    expect(await failure(first.run(5))).toMatchObject({ code: "state_invalid" });
    await Promise.all([running, waiting]);
    expect(order).toEqual(["first", "second"]);
  });
});

test("A play has one world: of two, neither chart nor labels could be read", async () => {
  const world = harmlessWorld();
  expect(() => new SessionWorld(world.play)).toThrow("state_invalid: a play has one world");
});
