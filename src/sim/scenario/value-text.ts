/** Options and errors as somebody reads them, whatever they are. */

/** Deeper than this only the kind of a value is shown. */
const DEPTH_MAX = 6;

/** A value in one line. */
export function valueText(value: unknown, depth = 0): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value))
    return `[${value.map((each) => valueText(each, depth + 1)).join(", ")}]`;
  const name = value.constructor?.name ?? "Object";
  const kind = name === "Object" ? "" : `${name} `;
  const fields = Object.entries(value).map(
    ([key, each]) => `${key}: ${valueText(each, depth + 1)}`,
  );
  return fields.length === 0 ? `${kind}{}` : `${kind}{ ${fields.join(", ")} }`;
}

/** Where two values differ: the path and the second value of each place. */
export function differences(left: unknown, right: unknown, depth = 0): string[] {
  if (!isRecord(left) || !isRecord(right) || depth >= DEPTH_MAX) {
    const text = valueText(right, 1);
    return valueText(left, 1) === text ? [] : [text];
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => {
    return differences(left[key], right[key], depth + 1).map((text) => {
      return isRecord(left[key]) && isRecord(right[key]) ? `${key}.${text}` : `${key} ${text}`;
    });
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Broken into lines of so many letters: after commas, and at spaces where there are none. */
export function wrapped(text: string, columnsMax: number): string[] {
  const lines: string[] = [];
  const parts = text.split(/(?<=,) /).flatMap((part) => {
    return part.length <= columnsMax ? [part] : part.split(" ");
  });
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + part.length > columnsMax) lines.push(part);
    else lines[lines.length - 1] = `${last} ${part}`;
  }
  return lines;
}
