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
export const STATE_FORMAT = "82158356";

/** A value as plain data: `{ root, nodes }`, where a node refers to others by their number. */
export interface Snapshot {
  /** Which fields states consist of: one that another build wrote may be refused. */
  readonly format: string;
  /** @internal Of no use to anybody else. */
  readonly root: Encoded;
  /** @internal Of no use to anybody else. */
  readonly nodes: readonly Node[];
}

/** A primitive as it is; `{ node }` for what has an identity. */
type Encoded = null | undefined | boolean | number | string | { readonly node: number };

type Node =
  | Uint8Array
  | {
      /** Place of the class: first `BUILT_IN`, then those that a state may hold. */
      readonly of: number;
      /** Items; of maps and objects, keys and values by turns. */
      readonly parts: readonly Encoded[];
    };

/** The classes that a state may hold; a snapshot has their places. */
export type Classes = readonly { readonly prototype: object }[];

const BUILT_IN: Classes = [Object, Array, Map, Set, Float64Array];

/** Takes a value apart. Bytes are copied, so the value may change afterwards. */
export function takeSnapshot(value: unknown, classes: Classes): Snapshot {
  const prototypes = [...BUILT_IN, ...classes].map(({ prototype }) => prototype);
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
    nodes.push(NO_BYTES);
    nodes[number] = each instanceof Uint8Array ? new Uint8Array(each) : encodeNode(each);
    return { node: number };
  }

  function encodeNode(each: object): Node {
    const of = prototypes.indexOf(Object.getPrototypeOf(each) as object);
    assert(of >= 0, "snapshot_of_unknown_class");
    // Of classes of the core the fields are meant, also where these can be walked through.
    const hasFields = of === 0 || of >= BUILT_IN.length;
    const items = hasFields ? Object.entries(each) : [...(each as Iterable<unknown>)];
    const isPairs = hasFields || each instanceof Map;
    return { of, parts: (isPairs ? items.flat() : items).map(encode) };
  }
}

const NO_BYTES = new Uint8Array(0);

/** Puts a value together again. */
export function restoreSnapshot(snapshot: Snapshot, classes: Classes): unknown {
  const all = [...BUILT_IN, ...classes];
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
    if (node instanceof Uint8Array) return (made[number] = new Uint8Array(node));
    const known = all[node.of];
    assert(known !== undefined, "snapshot_of_unknown_class");
    if (known === Float64Array) {
      return (made[number] = Float64Array.from(node.parts as readonly number[]));
    }
    const object = emptyOf(known.prototype);
    // Known before its parts are made, for circles.
    made[number] = object;
    const parts = node.parts.map(decode);
    for (let at = 0; at < parts.length; at++) {
      if (Array.isArray(object)) object.push(parts[at]);
      else if (object instanceof Set) object.add(parts[at]);
      else if (object instanceof Map) object.set(parts[at], parts[++at]);
      else define(object, parts[at] as string, parts[++at]);
    }
    return object;
  }
}

function emptyOf(prototype: object): object {
  if (prototype === Array.prototype) return [];
  if (prototype === Map.prototype) return new Map();
  return prototype === Set.prototype ? new Set() : (Object.create(prototype) as object);
}

/** Not by assignment: a field may be called `__proto__`. */
function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
