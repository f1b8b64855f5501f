/**
 * A set for what most sessions never have; what `LazyMap` says of maps holds for it too.
 */

const NONE: ReadonlySet<never> = new Set<never>();

export class LazySet<Value> {
  private table: Set<Value> | undefined = undefined;

  get size(): number {
    return this.table === undefined ? 0 : this.table.size;
  }

  has(value: Value): boolean {
    return this.table !== undefined && this.table.has(value);
  }

  add(value: Value): void {
    this.table ??= new Set();
    this.table.add(value);
  }

  /** Returns whether it was in the set. */
  delete(value: Value): boolean {
    const { table } = this;
    if (table === undefined || !table.delete(value)) return false;
    if (table.size === 0) this.table = undefined;
    return true;
  }

  clear(): void {
    this.table = undefined;
  }

  [Symbol.iterator](): IterableIterator<Value> {
    return (this.table ?? NONE).values();
  }
}
