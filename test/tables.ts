// Tables that the test programs print: names at the left, figures at the right.

import Table from "cli-table3";

const number = new Intl.NumberFormat("en");

/** One cell; NaN is a figure that there is not. */
export type Cell = string | number;

export function tableOf(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const isText = head.map((_, column) => {
    return column === 0 || !rows.some((row) => isFigure(row[column]));
  });
  const table = new Table({
    head: [...head],
    colAligns: isText.map((isLeft) => (isLeft ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push(row.map(textOf));
  return table.toString();
}

function isFigure(cell: Cell | undefined): boolean {
  return typeof cell === "number" || /^[-+\d]/.test(cell ?? "");
}

function textOf(cell: Cell): string {
  if (typeof cell === "string") return cell;
  return Number.isNaN(cell) ? "-" : number.format(cell);
}
