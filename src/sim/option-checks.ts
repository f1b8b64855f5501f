/**
 * What options of the simulation may be. A misspelt one would be as good as none, and a test that
 * runs without its faults is green: so every object of options is checked, as those of the core
 * are.
 */
import { UsageError } from "../core/index.ts";
import { valueText } from "./scenario/value-text.ts";

/** Refuses a value that the option cannot have; `name` is where it stands: "up.latencyMs". */
export type Rule = (value: unknown, name: string) => void;

/** A rule for each option, so that none is forgotten. */
export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule };

/**
 * @throws UsageError `option_unknown`, `option_invalid`, naming the option.
 */
export function checkOptions<Options extends object>(
  given: Options,
  rules: Rules<Options>,
  name = "",
): void {
  const options: unknown = given;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw invalid(given, name === "" ? "the argument for options" : name, "an object of options");
  }
  const path = (each: string): string => (name === "" ? each : `${name}.${each}`);
  for (const each of Object.keys(options)) {
    if (!Object.hasOwn(rules, each)) throw new UsageError("option_unknown", path(each));
  }
  for (const [each, rule] of Object.entries<Rule>(rules)) {
    rule((options as Readonly<Record<string, unknown>>)[each], path(each));
  }
}

/** A value that is refused is shown up to here. */
const VALUE_LETTERS_MAX = 100;

/** The refusal of a value. */
export function invalid(value: unknown, name: string, range: string): UsageError {
  const text = valueText(value, 1);
  const shown = text.length <= VALUE_LETTERS_MAX ? text : `${text.slice(0, VALUE_LETTERS_MAX)}…`;
  return new UsageError("option_invalid", `${name} is ${shown} and must be ${range}`);
}

/** A number, which may have a fraction. Infinity is one only where `most` is. */
export function amount(least: number, most: number): Rule {
  const range = most === Infinity ? `a number from ${least}` : `a number from ${least} to ${most}`;
  return (value, name) => {
    if (typeof value !== "number" || !(value >= least && value <= most)) {
      throw invalid(value, name, range);
    }
  };
}

/** An integer, or Infinity where `most` is. */
export function integer(least: number, most: number = Infinity): Rule {
  const inRange = amount(least, most);
  const range = `an integer from ${least} to ${most}`;
  return (value, name) => {
    const isCount = Number.isSafeInteger(value) || value === Infinity;
    if (!isCount) throw invalid(value, name, range);
    inRange(value, name);
  };
}

/** More than nothing; Infinity too. */
export const POSITIVE: Rule = (value, name) => {
  if (typeof value !== "number" || !(value > 0)) throw invalid(value, name, "a number above 0");
};

/** Of a thousand times. */
export const PERMILLE: Rule = amount(0, 1_000);
/** A time that can pass. */
export const MS: Rule = (value, name) => {
  if (Number.isFinite(value) && (value as number) >= 0) return;
  throw invalid(value, name, "a number from 0 and not Infinity");
};
/** A part of all, but not all of it. */
export const FRACTION: Rule = (value, name) => {
  if (typeof value !== "number" || !(value >= 0 && value < 1)) {
    throw invalid(value, name, "a number from 0 to below 1");
  }
};
/** One that is picked, so it has no fraction. */
export const PICKED_MS: Rule = integer(0, 2 ** 31 - 1);
/** Yes or no. */
export const FLAG: Rule = ofType("boolean", "true or false");
/** One of a few words. */
export function oneOf(...words: readonly string[]): Rule {
  return (value, name) => {
    if (typeof value === "string" && words.includes(value)) return;
    throw invalid(value, name, `one of ${words.join(", ")}`);
  };
}
/** Words. */
export const TEXT: Rule = (value, name) => {
  if (typeof value !== "string") throw invalid(value, name, "a string");
};
/** Something that is called. */
export const FUNCTION: Rule = ofType("function", "a function");

function ofType(type: "boolean" | "function", range: string): Rule {
  return (value, name) => {
    if (typeof value !== type) throw invalid(value, name, range);
  };
}

/** An object, of which others know what is in it. */
export const OBJECT: Rule = (value, name) => {
  if (typeof value !== "object" || value === null) throw invalid(value, name, "an object");
};

/** A list of whatever. */
export const LIST: Rule = (value, name) => {
  if (!Array.isArray(value)) throw invalid(value, name, "a list");
};

/** Names, in a list. */
export const NAMES_LIST: Rule = (value, name) => {
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string")) {
    throw invalid(value, name, "a list of names");
  }
};

/** It may be left out. */
export function optional(rule: Rule): Rule {
  return (value, name) => {
    if (value !== undefined) rule(value, name);
  };
}

/** Options within options. */
export function nested<Options extends object>(rules: Rules<Options>): Rule {
  return (value, name) => checkOptions(value as Options, rules, name);
}

/** The same options, each of which may be left out. */
export function allOptional<Options extends object>(rules: Rules<Options>): Rules<Options> {
  const entries = Object.entries<Rule>(rules).map(([name, rule]) => [name, optional(rule)]);
  return Object.fromEntries(entries) as Rules<Options>;
}
