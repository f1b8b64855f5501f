import { describe, expect, test } from "vitest";
import { Deque } from "../../src/core/deque.ts";
import { InvariantError } from "../../src/core/errors.ts";
import {
  type Classes,
  restoreSnapshot,
  STATE_FORMAT,
  takeSnapshot,
} from "../../src/core/snapshot.ts";
import { CORE_CLASSES } from "./core-classes.ts";
import { LossyPair, SMALL } from "./lossy-pair.ts";

const NONE: Classes = [];
const copy = <Value>(value: Value, classes = NONE): Value =>
  restoreSnapshot(structuredClone(takeSnapshot(value, classes)), classes) as Value;

describe("a snapshot", () => {
  test.each([
    [null],
    [undefined],
    [true],
    [1.5],
    [-Infinity],
    ["text"],
    [[1, [2, undefined], "3"]],
    [
      new Map<unknown, unknown>([
        ["a", { b: 1 }],
        [{ key: 1 }, new Set([1, "2"])],
      ]),
    ],
    [new Uint8Array([1, 2, 3]).subarray(1)],
    [Float64Array.of(1, NaN, -0)],
    [{ __proto__plain: 1, ["__proto__"]: 2, nested: { deep: [] } }],
  ])("gives %o back", (value) => {
    expect(copy(value)).toEqual(value);
  });

  test("keeps what is shared shared, and circles round", () => {
    const shared = { name: "shared" };
    const value: { left: object; right: object; self?: object } = { left: shared, right: shared };
    value.self = value;

    const again = copy(value);

    expect(again.left).toBe(again.right);
    expect(again.left).not.toBe(shared);
    expect(again.self).toBe(again);
  });

  test("does not follow what is changed later", () => {
    const bytes = new Uint8Array(2);
    const taken = takeSnapshot(bytes, NONE);

    bytes.fill(7);

    expect(restoreSnapshot(taken, NONE)).toEqual(new Uint8Array(2));
  });

  test("gives classes back that are stated, and refuses others", () => {
    const deque = new Deque<number>();
    deque.push(4);
    const taken = takeSnapshot(deque, CORE_CLASSES);

    const again = restoreSnapshot(taken, CORE_CLASSES) as Deque<number>;

    expect(again).toBeInstanceOf(Deque);
    expect(again.shift()).toBe(4);
    expect(() => takeSnapshot(deque, NONE)).toThrow(InvariantError);
    expect(() => restoreSnapshot(taken, NONE)).toThrow(InvariantError);
  });

  test("refuses functions, symbols and nodes that are missing", () => {
    expect(() => takeSnapshot({ act: () => 1 }, NONE)).toThrow(InvariantError);
    expect(() => takeSnapshot([Symbol("s")], NONE)).toThrow(InvariantError);
    const lying = { format: STATE_FORMAT, root: { node: 1 }, nodes: [] } as const;
    expect(() => restoreSnapshot(lying, NONE)).toThrow(InvariantError);
  });

  test("of both halves of reliability goes on where it was taken", () => {
    const pair = new LossyPair(SMALL);
    pair.open("latest", 50);
    for (let number = 0; number < 12; number++) pair.send(number, 3_000 * number, number % 3);
    pair.transmit(60_000, 20);
    pair.transmit(60_000, 20);
    pair.arrive(1, false);

    const classes = [...CORE_CLASSES, LossyPair];
    const again = copy(pair, classes);

    for (const each of [pair, again]) {
      each.heal();
      each.checkHealed();
    }
    expect(again.records).toEqual(pair.records);
  });
});
