/**
 * A copy of a state that shares nothing with it that may change. State is plain data in classes
 * without hidden parts, so a structural copy that keeps prototypes and identities is a fork.
 */

/** Fields whose values never change once they are made: copies share them. */
const CONSTANT: ReadonlySet<string> = new Set([
  "body",
  "lastWord",
  "message",
  "options",
  "origin",
  "peer",
  "router",
  "secret",
  "sessionId",
  "settings",
]);

/** A copy of a value; what is in `shared` is not copied but shared. */
export function fork<Value extends object>(value: Value, shared: readonly object[] = []): Value {
  const copies = new Map<object, object>();
  for (const each of shared) copies.set(each, each);
  return copy(value) as Value;

  function copy(each: unknown): unknown {
    if (typeof each !== "object" || each === null) {
      if (typeof each === "function") throw new Error("a state that holds functions has no forks");
      return each;
    }
    const known = copies.get(each);
    return known ?? copyObject(each);
  }

  function copyObject(each: object): object {
    if (Array.isArray(each)) {
      const array: unknown[] = new Array<unknown>(each.length);
      copies.set(each, array);
      for (let at = 0; at < each.length; at++) array[at] = copy(each[at]);
      return array;
    }
    if (each instanceof Uint8Array || each instanceof Float64Array) {
      const array = each.slice();
      copies.set(each, array);
      return array;
    }
    if (each instanceof Map) {
      const map = new Map<unknown, unknown>();
      copies.set(each, map);
      for (const [key, item] of each) map.set(copy(key), copy(item));
      return map;
    }
    if (each instanceof Set) {
      const set = new Set<unknown>();
      copies.set(each, set);
      for (const item of each) set.add(copy(item));
      return set;
    }
    const source = each as Record<string, unknown>;
    const object = Object.create(Object.getPrototypeOf(each) as object) as Record<string, unknown>;
    copies.set(each, object);
    for (const name of Object.keys(source)) {
      object[name] = CONSTANT.has(name) ? source[name] : copy(source[name]);
    }
    return object;
  }
}
