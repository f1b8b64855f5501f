/** Options and errors as somebody reads them, whatever they are. */

/** Deeper than this only the kind of a value is shown. */
const DEPTH_MAX = 6;

/** What stands for a value that throws when it is looked at. */
const UNREADABLE = "[unreadable]";

/** A value in one line. Of what throws when it is looked at, only that. */
export function valueText(value: unknown, depth = 0): string {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if ((typeof value !== "object" && typeof value !== "function") || value === null) {
    return String(value);
  }
  return readable(() => objectText(value, depth), UNREADABLE);
}

function objectText(value: object, depth: number): string {
  if (typeof value === "function") return `[function ${value.name}]`;
  if (ArrayBuffer.isView(value)) return `${value.constructor.name}(${value.byteLength} bytes)`;
  if (depth >= DEPTH_MAX) return "…";
  if (Array.isArray(value))
    return `[${value.map((each) => valueText(each, depth + 1)).join(", ")}]`;
  const name = value.constructor?.name ?? "Object";
  const kind = name === "Object" ? "" : `${name} `;
  const fields = Object.keys(value).map((key) => {
    return `${key}: ${readable(() => valueText(fieldOf(value, key), depth + 1), UNREADABLE)}`;
  });
  return fields.length === 0 ? `${kind}{}` : `${kind}{ ${fields.join(", ")} }`;
}

function fieldOf(value: object, key: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[key];
}

/** What reading comes to, or the other value where it throws: getters and proxies may do so. */
function readable<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** What an error says of itself. */
export interface ErrorWords {
  readonly name: string;
  readonly message: string;
  /** Empty where it has none. */
  readonly code: string;
}

/** Undefined where it is no error, or does not even say that. */
export function errorWords(error: unknown): ErrorWords | undefined {
  if (!isInstance(error, Error)) return undefined;
  const wordOf = (name: "name" | "message" | "code"): unknown =>
    readable(() => fieldOf(error, name), UNREADABLE);
  const code = wordOf("code");
  return {
    name: valueText(wordOf("name")),
    message: valueText(wordOf("message")),
    code: typeof code === "string" ? code : "",
  };
}

/** As `instanceof`, of whatever there is. */
export function isInstance<Kind>(
  value: unknown,
  kind: abstract new (...given: never) => Kind,
): value is Kind {
  return readable(() => value instanceof kind, false);
}

/** Where two values differ: the path and the second value of each place. */
export function differences(left: unknown, right: unknown, depth = 0): string[] {
  if (!isRecord(left) || !isRecord(right) || depth >= DEPTH_MAX) {
    const text = valueText(right, 1);
    return valueText(left, 1) === text ? [] : [text];
  }
  const keysOf = (value: object): string[] => readable(() => Object.keys(value), []);
  const keys = new Set([...keysOf(left), ...keysOf(right)]);
  return [...keys].flatMap((key) => {
    const [was, is] = [left, right].map((each) => readable(() => fieldOf(each, key), UNREADABLE));
    return differences(was, is, depth + 1).map((text) => {
      return isRecord(was) && isRecord(is) ? `${key}.${text}` : `${key} ${text}`;
    });
  });
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !readable(() => Array.isArray(value), true);
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
