/** Numbers as people read them, short enough for their places. Pure. */

const thousands = new Intl.NumberFormat("en-GB");

export function count(value: number): string {
  return thousands.format(value);
}

export function bytes(value: number): string {
  if (value < 1_000) return `${value} B`;
  return value < 100_000 ? `${(value / 1_000).toFixed(1)} kB` : `${Math.round(value / 1_000)} kB`;
}

export function milliseconds(value: number): string {
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`;
}

/** "1 message", "2 messages". */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
