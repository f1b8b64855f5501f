/**
 * State as plain data. A session's state is numbers, arrays, maps, sets and a few classes of this
 * folder, so it can be taken apart into values that `structuredClone` and any codec for binary data
 * accept, and put together again: to survive a page's reload, to be moved, or to be explored.
 *
 * Shared references stay shared. Functions and foreign classes are refused.
 */
import { assert } from "./errors.ts";

/**
 * Of what fields the states of this version consist: a hash of their names, kept right by a test.
 * The bundle for browsers has shorter names and puts a hash of its own here.
 */
export const STATE_FORMAT = "10210817";

/** A value as plain data: `{ root, nodes }`, where a node refers to others by their number. */
export interface Snapshot {
  readonly format: string;
  readonly root: Encoded;
  readonly nodes: readonly Node[];
}

/** A primitive as it is; `{ node }` for what has an identity. */
type Encoded = null | undefined | boolean | number | string | { readonly node: number };

type Node =
  | { readonly kind: "array"; readonly items: readonly Encoded[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Encoded, Encoded])[] }
  | { readonly kind: "set"; readonly items: readonly Encoded[] }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "floats"; readonly values: readonly number[] }
  | {
      readonly kind: "object";
      /** Its place among the classes; -1 for a plain one. */
      readonly of: number;
      readonly fields: readonly (readonly [string, Encoded])[];
    };

/** The classes that a state may hold; a snapshot has their places. */
export type Classes = readonly { readonly prototype: object }[];

/** Takes a value apart. Bytes are copied, so the value may change afterwards. */
export function takeSnapshot(value: unknown, classes: Classes): Snapshot {
  const prototypes = classes.map(({ prototype }) => prototype);
  const numbers = new Map<object, number>();
  const nodes: Node[] = [];
  const root = encode(value);
  return { format: STATE_FORMAT, root, nodes };

  function encode(each: unknown): Encoded {
    if (typeof each !== "object" || each === null) {
      assert(typeof each !== "function" && typeof each !== "symbol", "snapshot_of_function");
      return each as Encoded;
    }
    const known = numbers.get(each);
    if (known !== undefined) return { node: known };
    const number = nodes.length;
    numbers.set(each, number);
    // The place is taken before the parts are, so that circles find it.
    nodes.push({ kind: "array", items: [] });
    nodes[number] = encodeNode(each);
    return { node: number };
  }

  function encodeNode(each: object): Node {
    if (Array.isArray(each)) return { kind: "array", items: Array.from(each, encode) };
    if (each instanceof Map) {
      const entries = Array.from(each, ([key, item]) => [encode(key), encode(item)] as const);
      return { kind: "map", entries };
    }
    if (each instanceof Set) return { kind: "set", items: Array.from(each, encode) };
    if (each instanceof Uint8Array) return { kind: "bytes", bytes: new Uint8Array(each) };
    if (each instanceof Float64Array) return { kind: "floats", values: Array.from(each) };
    const prototype = Object.getPrototypeOf(each) as object;
    const of = prototypes.indexOf(prototype);
    assert(of >= 0 || prototype === Object.prototype, "snapshot_of_unknown_class");
    const fields = Object.entries(each).map(([name, item]) => [name, encode(item)] as const);
    return { kind: "object", of, fields };
  }
}

/** Puts a value together again. */
export function restoreSnapshot(snapshot: Snapshot, classes: Classes): unknown {
  const made: (object | undefined)[] = [];
  return decode(snapshot.root);

  function decode(encoded: Encoded): unknown {
    if (typeof encoded !== "object" || encoded === null) return encoded;
    const known = made[encoded.node];
    if (known !== undefined) return known;
    const node = snapshot.nodes[encoded.node];
    assert(node !== undefined, "snapshot_node_missing");
    return decodeNode(encoded.node, node);
  }

  function decodeNode(number: number, node: Node): object {
    switch (node.kind) {
      case "array": {
        const array: unknown[] = [];
        made[number] = array;
        for (const item of node.items) array.push(decode(item));
        return array;
      }
      case "map": {
        const map = new Map<unknown, unknown>();
        made[number] = map;
        for (const [key, item] of node.entries) map.set(decode(key), decode(item));
        return map;
      }
      case "set": {
        const set = new Set<unknown>();
        made[number] = set;
        for (const item of node.items) set.add(decode(item));
        return set;
      }
      case "bytes":
        return (made[number] = new Uint8Array(node.bytes));
      case "floats":
        return (made[number] = Float64Array.from(node.values));
      case "object": {
        const known = classes[node.of];
        assert(node.of === -1 || known !== undefined, "snapshot_of_unknown_class");
        const object = Object.create(known?.prototype ?? Object.prototype) as object;
        made[number] = object;
        for (const [name, item] of node.fields) {
          Object.defineProperty(object, name, {
            value: decode(item),
            writable: true,
            enumerable: true,
            configurable: true,
          });
        }
        return object;
      }
    }
  }
}
