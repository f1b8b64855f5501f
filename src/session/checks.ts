/** Checks of what an application hands in: misuse is told at once, with the value and what is right. */
import { UsageError } from "../core/index.ts";

/** @throws UsageError `option_invalid` */
export function refuse(name: string, value: unknown, wanted: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new UsageError("option_invalid", `${name} is ${shown} and must be ${wanted}`);
}

/** @throws UsageError `option_invalid` */
export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== "function") refuse(name, value, "a function");
}

/**
 * Names that are not among `known` would be as good as none, without a word.
 *
 * @throws UsageError `option_unknown`
 */
export function checkKnown(names: readonly string[], known: readonly string[], of: string): void {
  for (const name of names) {
    if (known.includes(name)) continue;
    throw new UsageError("option_unknown", `${name} is none of ${of}: ${known.join(", ")}`);
  }
}

/** Options that are undefined are as good as absent ones. */
export function withoutUndefined<Options extends object>(options: Options): Given<Options> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Given<Options>;
}

/** Options of which none is undefined: absent ones are absent. */
export type Given<Options> = { [Name in keyof Options]: Exclude<Options[Name], undefined> };

/** Options that may be left out, or be undefined, which is the same. */
export type Optional<Options> = {
  readonly [Name in keyof Options]?: Options[Name] | undefined;
};
