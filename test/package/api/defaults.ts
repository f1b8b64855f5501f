/**
 * The options whose defaults stand in tables: their values, their bounds, and the reasons that the
 * source gives in comments above the rows.
 */
import { readFileSync } from "node:fs";
import { FAULTS_DEFAULT } from "../../../src/chaos/index.ts";
import {
  ENDPOINT_DEFAULTS,
  ENDPOINT_RANGES,
  LITERAL_DEFAULTS,
  PARK_DEFAULTS,
  PARK_RANGES,
  REQUEST_DEFAULTS,
  REQUEST_RANGES,
  SESSION_DEFAULTS,
  SESSION_RANGES,
} from "../../../src/core/index.ts";
import { SERVER_SETTINGS_DEFAULTS } from "../../../src/http/node.ts";
import { SERVER_DEFAULTS } from "../../../src/http/request-rules.ts";
import { TCP_DEFAULTS } from "../../../src/http/tcp-listener.ts";
import { EXPLORE_DEFAULTS } from "../../../src/sim/index.ts";

interface Table {
  readonly values: object;
  readonly ranges: object;
  readonly source: string;
  /** The constants whose rows say why, those that count most first. */
  readonly constants: readonly string[];
}

const LIMITS = "core/limits.ts";

const SESSION: Table = {
  values: SESSION_DEFAULTS,
  ranges: SESSION_RANGES,
  source: LIMITS,
  constants: ["SESSION_DEFAULTS", "SESSION_RANGES"],
};

const REQUEST: Table = {
  values: REQUEST_DEFAULTS,
  ranges: { ...SESSION_RANGES, ...REQUEST_RANGES },
  source: LIMITS,
  constants: ["REQUEST_DEFAULTS", "REQUEST_RANGES", ...SESSION.constants],
};

const PARK: Table = {
  values: PARK_DEFAULTS,
  ranges: { ...SESSION_RANGES, ...PARK_RANGES },
  source: LIMITS,
  constants: ["PARK_DEFAULTS", "PARK_RANGES", ...SESSION.constants],
};

const ENDPOINT: Table = {
  values: ENDPOINT_DEFAULTS,
  ranges: { ...PARK.ranges, ...ENDPOINT_RANGES },
  source: LIMITS,
  constants: ["ENDPOINT_DEFAULTS", "ENDPOINT_RANGES", ...PARK.constants],
};

function tableOf(values: object, source: string, constant: string): Table {
  return { values, ranges: {}, source, constants: [constant] };
}

const FAULTS: Table = tableOf(FAULTS_DEFAULT, "chaos/faults.ts", "FAULTS_DEFAULT");

/** By the name of the type whose members are options. */
const TABLES: Readonly<Record<string, Table>> = {
  SessionOptions: SESSION,
  ClientOptions: REQUEST,
  RequestOptions: REQUEST,
  ParkOptions: PARK,
  EndpointOptions: ENDPOINT,
  ServerOptions: ENDPOINT,
  LiteralOptions: tableOf(LITERAL_DEFAULTS, LIMITS, "LITERAL_DEFAULTS"),
  ListenerOptions: tableOf(SERVER_DEFAULTS, "http/request-rules.ts", "SERVER_DEFAULTS"),
  TcpListenerOptions: tableOf(TCP_DEFAULTS, "http/tcp-listener.ts", "TCP_DEFAULTS"),
  ServerSettings: tableOf(
    SERVER_SETTINGS_DEFAULTS,
    "http/configure-server.ts",
    "SERVER_SETTINGS_DEFAULTS",
  ),
  Faults: FAULTS,
  FaultOptions: FAULTS,
  ExploreOptions: tableOf(EXPLORE_DEFAULTS, "sim/explore/explorer.ts", "EXPLORE_DEFAULTS"),
};

/** What is to be said of an option's default, as sentences; empty where nothing is known. */
export function defaultOf(owner: string, option: string): string {
  const table = TABLES[owner];
  if (table === undefined || !Object.hasOwn(table.values, option)) return "";
  const value: unknown = (table.values as Readonly<Record<string, unknown>>)[option];
  if (value === undefined) return "";
  const range = (table.ranges as Readonly<Record<string, readonly unknown[]>>)[option];
  const shown = quantity(option, value);
  const reason = reasonOf(table, option);
  const sentences = [
    range === undefined
      ? `Default ${shown}.`
      : `Default ${shown}; from ${quantity(option, range[1])} to ${quantity(option, range[2])}.`,
    reason,
  ];
  return sentences.join(" ").trim();
}

/** The comment above the option's row, in the first of the constants that has a row for it. */
function reasonOf({ source, constants }: Table, option: string): string {
  const text = readFileSync(new URL(`../../../src/${source}`, import.meta.url), "utf8");
  for (const constant of constants) {
    const start = text.indexOf(`export const ${constant}:`);
    if (start < 0) throw new Error(`${source} has no ${constant} any more`);
    const rows = text.slice(start, text.indexOf("\n\n", start)).split("\n");
    const at = rows.findIndex((row) => row.trimStart().startsWith(`${option}:`));
    if (at < 0) continue;
    const comment: string[] = [];
    for (let above = at - 1; /^\s*\/\/ /.test(rows[above] ?? ""); above--) {
      comment.unshift((rows[above] ?? "").trim().slice(3));
    }
    return comment.join(" ");
  }
  return "";
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** A number with its thousands marked, bytes also in larger units; another option by its name. */
export function quantity(name: string, value: unknown): string {
  if (typeof value === "string") return `\`${value}\``;
  if (typeof value !== "number") return String(value);
  const digits = value.toLocaleString("en-US", { maximumFractionDigits: 3 });
  if (!/bytes/i.test(name)) return digits;
  let [scaled, unit] = [value, ""];
  for (const larger of UNITS) {
    if (scaled < 1024 || scaled % 1024 !== 0) break;
    [scaled, unit] = [scaled / 1024, larger];
  }
  return unit === "" ? digits : `${scaled} ${unit}`;
}
