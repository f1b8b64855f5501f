// Whatever a scenario throws or writes down, its failure is told with seed and steps; what cannot
// be told is refused where it is given.

import { describe, expect, test } from "vitest";
import {
  checkScenario,
  type Choices,
  describePlay,
  Play,
  playScenario,
  seeded,
} from "../../src/sim/index.ts";
import { assertScenario } from "../../src/sim/fast-check.ts";

function hostileError(property: "message" | "name" | "code", value: unknown): Error {
  const error = new Error("hidden");
  if (value instanceof Error) {
    const get = (): never => {
      throw value;
    };
    return Object.defineProperty(error, property, { get });
  }
  return Object.defineProperty(error, property, { value });
}

function hostileProxy(): object {
  const refuse = (): never => {
    throw new Error("from within");
  };
  return new Proxy({}, { get: refuse, getPrototypeOf: refuse, has: refuse, ownKeys: refuse });
}

const getter = new Error("from within");
/** Functions, as a table of the values themselves would be printed by the host. */
const THROWN: readonly (readonly [string, () => unknown, string])[] = [
  ["an error whose message throws", () => hostileError("message", getter), "Error: [unreadable]"],
  ["an error whose name throws", () => hostileError("name", getter), "[unreadable]: hidden"],
  ["an error whose code throws", () => hostileError("code", getter), "Error: hidden"],
  ["a message that is a symbol", () => hostileError("message", Symbol("s")), "Error: Symbol(s)"],
  ["a message that is undefined", () => hostileError("message", undefined), "Error: undefined"],
  ["a message that is an object", () => hostileError("message", { a: 1 }), "Error: { a: 1 }"],
  ["a name that is a symbol", () => hostileError("name", Symbol("n")), "Symbol(n): hidden"],
  ["a proxy that refuses everything", hostileProxy, "[unreadable]"],
  ["a proxy in a list", () => [1, hostileProxy()], "[1, [unreadable]]"],
  ["an object of which one field throws", thrower, "{ plain: 1, bad: [unreadable] }"],
  ["an object without a prototype", () => Object.create(null), "{}"],
  ["a symbol", () => Symbol("s"), "Symbol(s)"],
  ["nothing", () => undefined, "undefined"],
];

function thrower(): object {
  return Object.defineProperty({ plain: 1 } as object, "bad", {
    enumerable: true,
    get: () => {
      throw getter;
    },
  });
}

/** Fails by what it throws once something went wrong, and notes what it does. */
function failing(make: () => unknown) {
  return {
    name: "hostile",
    run(play: Play): void {
      const value = play.pick(3, "what goes wrong");
      play.note(1, "client", `it is ${value}`);
      if (value !== 0) throw make();
    },
  };
}

describe("a failure is told with seed and steps", () => {
  test.each(THROWN.map(([name, , text], at) => [name, text, at] as const))(
    "by %s: %s",
    async (_name, text, at) => {
      const make = THROWN[at]?.[1] ?? getter.toString;
      const told = {
        name: "ScenarioFailure",
        steps: [{ label: "what goes wrong", occurrence: 1, value: 1 }],
        isRepeatable: true,
      };

      const failure = await checkScenario(failing(make)).catch((error: unknown) => error);
      expect(failure).toMatchObject(told);
      const { message, seed } = failure as { message: string; seed: number };
      expect(message).toContain(`Scenario "hostile" fails (seed ${seed}): ${text}\n`);
      expect(message).toContain("* it is 1");

      await expect(assertScenario(failing(make))).rejects.toMatchObject(told);
    },
  );

  test("by options that throw when they are shown", async () => {
    const scenario = {
      name: "hostile",
      run(play: Play): void {
        const value = play.pick(3, "what goes wrong");
        play.expand("thrower", value > 1 ? thrower() : hostileProxy());
        if (value !== 0) throw new Error("x");
      },
    };

    await expect(checkScenario(scenario, { firstSeed: 3 })).rejects.toThrow(
      "thrower: [unreadable]",
    );
    const play = await playScenario(scenario, {});
    expect(describePlay(play)).toContain("thrower: [unreadable]");
  });
});

describe("what cannot be told is refused where it is given,", () => {
  const text = 5 as unknown as string;
  const count = Number.NaN;
  const cases: readonly (readonly [string, (play: Play) => unknown])[] = [
    ["the text of a note is 5 and must be a string", (play) => play.note(0, "client", text)],
    ["a party is 5 and must be a string", (play) => play.note(0, text, "sends")],
    ["a party is 5 and must be a string", (play) => play.note(0, "client", "sends", text)],
    ["the time of a note is NaN and must be a number", (play) => play.note(count, "client", "a")],
    ["the text of a note is 5 and must be a string", (play) => play.leaves(0, "a", "b", text)],
    ["a party is 5 and must be a string", (play) => play.leaves(0, "a", text, "c")],
    ["the text of a note is 5 and must be a string", (play) => play.arrives(0, 1, text)],
    ["the time of a note is NaN and must be a number", (play) => play.vanishes(count, 1)],
    ["a party is 5 and must be a string", (play) => play.showParties("a", text)],
    ["a mark is 5 and must be a string", (play) => play.mark(text)],
    ["the count of a mark is NaN and must be an integer", (play) => play.mark("lost", count)],
    ["the name of an option is 5 and must be a string", (play) => play.expand(text, 1)],
    ["a label is 5 and must be a string of up to 1000 letters", (play) => play.pick(2, text)],
    ["a label is ", (play) => play.pick(2, "l".repeat(1_001))],
    ['the count of "a" is NaN and must be', (play) => play.pick(count, "a")],
    ['the count of "a" is 0 and must be', (play) => play.pick(0, "a")],
    ['the permille of "a" is -1 and must be', (play) => play.pick(2, "a", -1)],
    ['the permille of "a" is NaN and must be', (play) => play.pick(2, "a", count)],
    ['the permille of "a" is -1 and must be', (play) => play.happens("lost", "a", -1)],
  ];

  test.each(cases.map(([message], at) => [message, at] as const))(
    "with notes and without: %s",
    async (message, at) => {
      const use = cases[at]?.[1] ?? (() => {});
      for (const isNoting of [true, false]) {
        const play = new Play(seeded(1), { isNoting });
        expect(() => use(play)).toThrow(`option_invalid: ${message}`);
        expect(play.picked).toEqual([]);
      }
      const scenario = { name: "hostile", run: (play: Play) => void use(play) };
      await expect(checkScenario(scenario)).rejects.toMatchObject({
        name: "ScenarioFailure",
        seed: 1,
        isRepeatable: true,
      });
    },
  );

  test.each([-1, 3, 0.5, Number.NaN, undefined, "1"])("an answer that is none: %j", (answer) => {
    const play = new Play({ pick: () => answer } as unknown as Choices);

    expect(() => play.pick(3, "a")).toThrow('option_invalid: the answer to "a" is ');
    expect(play.picked).toEqual([]);
  });
});
