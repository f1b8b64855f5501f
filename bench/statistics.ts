/** What a sample says in one line. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** The median of a sample, and its least and greatest value. */
export function spread(sample: readonly number[]): Spread {
  if (sample.length === 0) throw new Error("a sample without values");
  const sorted = sample.toSorted((left, right) => left - right);
  const at = (position: number): number => sorted[position] as number;
  const half = sorted.length >>> 1;
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
  return { low: at(0), median, high: at(sorted.length - 1) };
}

/** `median [low..high]` with so many digits. */
export function show({ low, median, high }: Spread, digits: number): string {
  const text = (value: number): string => value.toFixed(digits);
  return `${text(median)} [${text(low)}..${text(high)}]`;
}

/** Rows as a Markdown table, columns padded. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => (row[at] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, at) => (cells[at] ?? "").padEnd(width)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The value below which such a share of a sample lies. */
export function percentile(sample: readonly number[], share: number): number {
  if (sample.length === 0) throw new Error("a sample without values");
  const sorted = sample.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}
