/**
 * A map for what most sessions never have: an empty one is a single small object, where a `Map`
 * brings a table of 150 bytes with it, and a session has a dozen of them. It takes its table when
 * something is put in, and lets go of it with the last entry.
 *
 * As with `Map`, entries may be deleted while it is walked through. One that is put in after the
 * last was deleted is not met on that walk.
 */

const NONE: ReadonlyMap<never, never> = new Map<never, never>();

export class LazyMap<Key, Value> {
  private table: Map<Key, Value> | undefined = undefined;

  get size(): number {
    return this.table === undefined ? 0 : this.table.size;
  }

  get(key: Key): Value | undefined {
    return this.table?.get(key);
  }

  has(key: Key): boolean {
    return this.table !== undefined && this.table.has(key);
  }

  set(key: Key, value: Value): void {
    this.table ??= new Map();
    this.table.set(key, value);
  }

  /** Returns whether there was such an entry. */
  delete(key: Key): boolean {
    const { table } = this;
    if (table === undefined || !table.delete(key)) return false;
    if (table.size === 0) this.table = undefined;
    return true;
  }

  clear(): void {
    this.table = undefined;
  }

  keys(): IterableIterator<Key> {
    return (this.table ?? NONE).keys();
  }

  values(): IterableIterator<Value> {
    return (this.table ?? NONE).values();
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return (this.table ?? NONE).entries();
  }
}
