import { describe, expect, test } from "vitest";
import { LazyMap } from "../../src/core/lazy-map.ts";
import { LazySet } from "../../src/core/lazy-set.ts";
import { fingerprint, HARMLESS, Pair, seeded, type Step } from "../../src/sim/index.ts";
import { TABLE } from "../../src/sim/explore/fields.ts";
import { branch, Memory } from "../../src/sim/explore/memory.ts";
import { configurationNamed } from "./configurations.ts";

function stepLabelled(pair: Pair, label: string): void {
  const step = pair.steps().find((each: Step) => each.label.includes(label));
  pair.apply(step ?? expect.unreachable(`nothing like ${label}`));
}

describe("two states count as the same", () => {
  test("where ways differ in the numbers of exchanges and in what the clocks show", () => {
    const pair = new Pair(configurationNamed("timers-at-will").options);
    pair.drive(HARMLESS);
    const before = fingerprint(pair);
    const { client, server } = pair.clocks;
    const { next } = pair.client.exchanges;

    for (let round = 0; round < 3; round++) {
      stepLabelled(pair, "hold");
      expect(fingerprint(pair)).not.toBe(before);
      stepLabelled(pair, "answer");
      stepLabelled(pair, "request");
      expect(fingerprint(pair)).toBe(before);
    }

    expect(pair.client.exchanges.next).toBe(next + 3);
    expect(pair.clocks.server).toBeGreaterThan(server);
    expect(pair.clocks.client).toBe(client);
  });

  test("whichever of two steps that have nothing to do with each other comes first", () => {
    const [one, other] = [1, 2].map(() => new Pair(configurationNamed("one-loss").options));
    if (one === undefined || other === undefined) return expect.unreachable();
    for (const pair of [one, other]) stepLabelled(pair, "request 1 arrives");

    for (const label of ["client: send", "server: send"]) stepLabelled(one, label);
    for (const label of ["server: send", "client: send"]) stepLabelled(other, label);

    expect(fingerprint(one)).toBe(fingerprint(other));
  });
});

describe("two states that count as the same lead to such as count as the same", () => {
  test.each(["resuming", "parts", "giving-up"])("%s", (name) => {
    const memory = new Memory();
    const start = new Pair(configurationNamed(name).options);
    memory.adopt(start);
    const successors = (pair: Pair): [string, Pair][] =>
      pair.steps().map((step) => {
        const next = branch(pair);
        next.apply(step);
        return [fingerprint(next), next];
      });
    const futureOf = (pair: Pair): string =>
      [...new Set(successors(pair).map(([print]) => print))].toSorted().join();
    const known = new Map([[fingerprint(start), futureOf(start)]]);
    let again = 0;
    for (const open = [start]; open.length > 0;) {
      for (const [print, pair] of successors(open.pop() ?? expect.unreachable("none"))) {
        const future = known.get(print);
        const ownFuture = futureOf(pair);
        if (future === undefined) {
          known.set(print, ownFuture);
          open.push(pair);
        } else {
          expect(ownFuture).toBe(future);
          again++;
        }
      }
    }

    expect(again).toBeGreaterThan(known.size / 2);
  });
});

describe("two states are told apart", () => {
  test("where times differ by a step of the clock, even if the order of the timers is the same", () => {
    const [pair, later] = [1, 2].map(() => new Pair(configurationNamed("one-loss").options));
    if (pair === undefined || later === undefined) return expect.unreachable();
    for (const each of [pair, later]) each.drive(HARMLESS);
    const [retry, lateRetry] = [pair, later].map(
      ({ client }) => (client as unknown as { retry: { notBeforeMs: number } }).retry,
    );
    if (retry === undefined || lateRetry === undefined) return expect.unreachable();

    lateRetry.notBeforeMs = later.clocks.client + 501;
    retry.notBeforeMs = pair.clocks.client + 500;

    expect(fingerprint(pair)).not.toBe(fingerprint(later));
    lateRetry.notBeforeMs = later.clocks.client + 499;
    expect(fingerprint(pair)).toBe(fingerprint(later));
  });

  test("where nothing differs but what may still go wrong", () => {
    const { options } = configurationNamed("one-loss");

    const prints = [0, 1, 2].map((losses) => fingerprint(new Pair({ ...options, losses })));

    expect(new Set(prints).size).toBe(3);
  });
});

describe("each field of the state enters as the table says", () => {
  /** Fields that only matter together with others, or at times that no state here shows. */
  const met = new Map<string, { changed: boolean; rule: string }>();

  function look(pair: Pair): void {
    const before = fingerprint(pair);
    const seen = new Set<object>();
    const open: unknown[] = [pair.client, pair.server];
    while (open.length > 0) {
      const object = open.pop();
      if (typeof object !== "object" || object === null || seen.has(object)) continue;
      seen.add(object);
      if (isMap(object) || isSet(object)) {
        open.push(...[...object].flat(1));
        continue;
      }
      if (ArrayBuffer.isView(object)) continue;
      open.push(...Object.values(object));
      const table = TABLE[object.constructor.name];
      if (table === undefined) continue;
      for (const [field, [rule, why]] of Object.entries(table)) {
        // It enters elsewhere, or nothing ever changes it.
        if (rule === "out" && /^with |^where payloads|^room for|^never changes/.test(why)) continue;
        const changed = tryAll(pair, object as Record<string, unknown>, field, before);
        if (changed === undefined) continue;
        const name = `${object.constructor.name}.${field}`;
        const known = met.get(name);
        met.set(name, { rule, changed: changed || known?.changed === true });
      }
    }
  }

  function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
    return value instanceof Map || value instanceof LazyMap;
  }

  function isSet(value: unknown): value is ReadonlySet<unknown> {
    return value instanceof Set || value instanceof LazySet;
  }

  /** Whether any other value changes the print; undefined where there is none to try. */
  function tryAll(
    pair: Pair,
    object: Record<string, unknown>,
    field: string,
    before: string,
  ): boolean | undefined {
    if (!(field in object)) return undefined;
    const value = object[field];
    let changed: boolean | undefined;
    for (const other of othersThan(value)) {
      object[field] = other;
      const differs = printOf(pair) !== before;
      object[field] = value;
      changed = changed === true || differs;
      if (changed) break;
    }
    return changed;
  }

  /** A state that cannot be walked through any more is another one. */
  function printOf(pair: Pair): string {
    try {
      return fingerprint(pair);
    } catch (error) {
      return String(error);
    }
  }

  function othersThan(value: unknown): unknown[] {
    if (typeof value === "number") return [value + 1, 0, 1, value + 5_000, 12_345, Infinity];
    if (typeof value === "boolean") return [!value];
    if (typeof value === "string") return [`${value}!`];
    if (value === undefined) return [1];
    if (isSet(value)) return [new Set([...value, 99])];
    if (isMap(value)) return value.size === 0 ? [] : [new Map()];
    if (Array.isArray(value)) return value.length === 0 ? [] : [value.slice(1)];
    return [];
  }

  test("what is in makes a difference, and what is out makes none", () => {
    const names = [
      "one-loss",
      "parking",
      "giving-up",
      "superseding",
      "parts",
      "windows",
      "closing",
    ];
    const others = ["resuming", "waking", "tombstone", "aborting", "pipe", "stream"];
    for (const name of [...names, ...others]) {
      const choices = seeded(7);
      const pair = new Pair(configurationNamed(name).options);
      for (let count = 0; count < 26; count++) {
        if (count % 3 === 2 && pair.client.state !== "ended") look(pair);
        if (pair.step(choices) === undefined) break;
      }
    }
    const silent: string[] = [];
    const loud: string[] = [];
    for (const [name, { rule, changed }] of met) {
      if (rule === "out" || rule === "name") {
        if (changed) loud.push(name);
      } else if (!changed) {
        silent.push(name);
      }
    }

    expect(met.size).toBeGreaterThan(155);
    expect(loud).toEqual([]);
    expect(silent).toEqual([]);
  });

  test("a field without a rule is an error", () => {
    const pair = new Pair(configurationNamed("one-loss").options);
    class Stranger {
      readonly value: number = 1;
    }
    (pair.client as unknown as { notices: unknown }).notices = new Stranger();

    expect(() => fingerprint(pair)).toThrow("class without a table: Stranger");
  });

  test("every rule has its reason", () => {
    for (const [name, fields] of Object.entries(TABLE)) {
      for (const [field, [, why]] of Object.entries(fields)) {
        expect.soft(why.length, `${name}.${field}`).toBeGreaterThan(5);
      }
    }
  });
});

test("which of many exchanges are held makes a difference, and in which order does not", () => {
  const pair = new Pair(configurationNamed("one-loss").options);
  // More than a double could tell apart by digits of 33.
  for (let exchange = 2; exchange <= 16; exchange++) pair.http.waiting.add(exchange);
  const printOf = (exchanges: readonly number[]): string => {
    pair.http.held.clear();
    for (const exchange of exchanges) pair.http.held.set(100 + exchange, exchange);
    return fingerprint(pair);
  };

  expect(printOf([16, 3])).not.toBe(printOf([16, 4]));
  expect(printOf([3, 16])).toBe(printOf([16, 3]));
});

test("a request and a failure on the same connection are not the same", () => {
  const prints = (["request", "answer", "failure"] as const).map((kind) => {
    const pair = new Pair(configurationNamed("one-loss").options);
    const [item] = pair.http.items;
    pair.http.items.splice(0, 1, { ...(item ?? expect.unreachable()), kind });
    return fingerprint(pair);
  });

  expect(new Set(prints).size).toBe(3);
});
