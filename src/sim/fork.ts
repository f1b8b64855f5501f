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
  "reactor",
  "router",
  "secret",
  "sessionId",
  "settings",
]);

/** A copy of a value; what is in `shared` is not copied but shared. */
export function fork<Value extends object>(value: Value, shared: readonly object[] = []): Value {
  const copier = new Copier();
  for (const each of shared) copier.copies.set(each, each);
  return copier.copyObject(value) as Value;
}

/** An object of the same class with the same values in its fields. */
export function shallow<Value extends object>(source: Value): Value {
  // Ten times as fast as making an empty object and filling it.
  const copy = { ...source };
  const prototype = Object.getPrototypeOf(source) as object;
  if (prototype !== Object.prototype) Object.setPrototypeOf(copy, prototype);
  return copy;
}

class Copier {
  readonly copies: Map<object, object> = new Map();

  copy(each: unknown): unknown {
    if (typeof each === "function") throw new Error("a state that holds functions has no forks");
    return typeof each === "object" && each !== null ? this.copyObject(each) : each;
  }

  copyObject(each: object): object {
    const known = this.copies.get(each);
    if (known !== undefined) return known;
    if (Array.isArray(each)) return this.copyArray(each);
    if (each instanceof Uint8Array || each instanceof Float64Array) {
      return this.note(each, each.slice());
    }
    if (each instanceof Map) {
      const map = this.note(each, new Map<unknown, unknown>());
      for (const [key, item] of each) map.set(this.copy(key), this.copy(item));
      return map;
    }
    if (each instanceof Set) {
      const set = this.note(each, new Set<unknown>());
      for (const item of each) set.add(this.copy(item));
      return set;
    }
    return this.copyFields(each);
  }

  private copyArray(each: readonly unknown[]): unknown[] {
    const array = this.note(each, each.slice());
    for (let at = 0; at < array.length; at++) {
      const item = array[at];
      if (typeof item === "object" || typeof item === "function") array[at] = this.copy(item);
    }
    return array;
  }

  private copyFields(each: object): object {
    const object = this.note(each, shallow(each)) as Record<string, unknown>;
    const names = Object.keys(each);
    const values = Object.values(each) as unknown[];
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (typeof value !== "object" && typeof value !== "function") continue;
      const name = names[at] as string;
      if (value !== null && !CONSTANT.has(name)) object[name] = this.copy(value);
    }
    return object;
  }

  private note<Value extends object>(of: object, copy: Value): Value {
    this.copies.set(of, copy);
    return copy;
  }
}
