import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleForBrowsers } from "../../bench/browser-bundle.ts";
import { ENDPOINT_DEFAULTS, REQUEST_DEFAULTS } from "../../src/core/index.ts";
import {
  connect as connectByFetch,
  type ConnectOptions as FetchOptions,
} from "../../src/http/connect-fetch.ts";
import {
  connect as connectByNode,
  type ConnectOptions as NodeOptions,
} from "../../src/http/connect-node.ts";
import { FETCH_CARRIERS_MAX } from "../../src/http/fetch-carrier.ts";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { type ListenerOptions, SERVER_DEFAULTS } from "../../src/http/request-rules.ts";
import { ClientSession } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/index.ts";
import { CLIENT_LOST_AFTER_MS, SERVER_LOST_AFTER_MS } from "../../src/session/limits.ts";
import { PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { EVENTS } from "../../src/session/status.ts";
import { read, ROOT, tableOf } from "./markdown.ts";

const readme = read("README.md");
const client = REQUEST_DEFAULTS;
const server = ENDPOINT_DEFAULTS;

const MINUTES_FROM_MS = 300_000;
const UNITS: readonly (readonly [unit: string, size: number])[] = [
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
];

/** A number as the README has it: with a unit where the option's name has one. */
function shown(value: number, name: string): string {
  if (name.endsWith("Ms")) {
    if (value >= MINUTES_FROM_MS && value % 60_000 === 0) return `${value / 60_000} min`;
    return value % 1_000 === 0 ? `${value / 1_000} s` : `${value} ms`;
  }
  const [unit, size] = UNITS.find(([, bytes]) => value % bytes === 0) ?? ["bytes", 1];
  return /Bytes/.test(name) ? `${value / size} ${unit}` : value.toLocaleString("en");
}

/** Names are checked by their types. */
type Defaults<Options> = Partial<Record<keyof Options, string>>;
type ConnectOptions = FetchOptions & NodeOptions;
type AnyServerOptions = ServerOptions<unknown, unknown>;

/** What is no number, or no number of the core, by where the option is. */
const STATED: {
  readonly both: Defaults<ConnectOptions & AnyServerOptions>;
  readonly client: Defaults<ConnectOptions>;
  readonly server: Defaults<AnyServerOptions>;
  readonly listener: Defaults<ListenerOptions>;
  readonly "server, listener": Defaults<AnyServerOptions & ListenerOptions>;
} = {
  both: {
    codec: `\`${msgpack.name}\``,
    hold: `\`${client.hold}\``,
    lostAfterMs: `${shown(CLIENT_LOST_AFTER_MS, "Ms")}; server ${shown(SERVER_LOST_AFTER_MS, "Ms")}`,
  },
  client: {
    agent: "its own",
    carriersMax: `${client.carriersMax}; by fetch ${FETCH_CARRIERS_MAX}`,
    headers: "none",
    links: "all",
    tcp: "none",
    sharesConnections: "`false`",
    resume: "none",
  },
  server: {
    onSession: "required",
    authenticate: "none",
  },
  listener: { path: `\`${SERVER_DEFAULTS.path}\``, cors: "none", trustProxy: "`false`" },
  "server, listener": { onError: "`console.error`" },
};

function isPlace(where: string): where is keyof typeof STATED {
  return Object.hasOwn(STATED, where);
}

/** What the code has for an option at a place; undefined: there is no such option there. */
function defaultOf(name: string, where: string): string | undefined {
  if (!isPlace(where)) return undefined;
  const stated = (STATED[where] as Readonly<Record<string, string>>)[name];
  if (stated !== undefined) return stated;
  const numberIn = (table: object): string | undefined => {
    const value = (table as Readonly<Record<string, unknown>>)[name];
    return typeof value === "number" ? shown(value, name) : undefined;
  };
  const [atClient, atServer] = [numberIn(client), numberIn(server)];
  switch (where) {
    case "both":
      if (atClient === undefined || atServer === undefined) return undefined;
      return atClient === atServer ? atClient : `${atClient}; server ${atServer}`;
    case "client":
      return atServer === undefined ? atClient : undefined;
    case "server":
      return atClient === undefined ? atServer : undefined;
    case "listener":
      return numberIn(SERVER_DEFAULTS);
    case "server, listener":
      return undefined;
  }
}

describe("the README's table of options", () => {
  const rows = tableOf(readme, "| option | where | default | why |");

  it("has names, places and defaults that the code has", () => {
    const expected = rows.map(([name = "", where = "", , why = ""]) => {
      return [name, where, defaultOf(name.replaceAll("`", ""), where), why];
    });
    expect(rows).toEqual(expected);
    expect(rows.length).toBeGreaterThan(20);
  });

  it("names each option once, and says something of it", () => {
    const names = rows.map(([name]) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(rows.filter(([, , , why = ""]) => why.length < 10)).toEqual([]);
  });

  it("would be found wrong in a name, a place or a default", () => {
    expect(defaultOf("holdTimeMs", "both")).toBe("25 s");
    expect(defaultOf("holdTimesMs", "both")).toBe(undefined);
    expect(defaultOf("carriersMax", "server")).toBe(undefined);
    expect(defaultOf("sessionsMax", "client")).toBe(undefined);
    expect(defaultOf("tombstoneMs", "server")).toBe("5 min");
  });
});

describe("options that nobody knows", () => {
  const unknown = { holdTimesMs: 1 };

  it("are refused by clients, servers and listeners", () => {
    const onSession = (): void => {};
    const sessions = new SessionServer({ onSession });
    const refusal: unknown = expect.objectContaining({ code: "option_unknown" });
    for (const connect of [connectByFetch, connectByNode]) {
      expect(() => connect("http://127.0.0.1/", unknown as object)).toThrow(refusal);
    }
    expect(() => new SessionServer({ onSession, ...unknown })).toThrow(refusal);
    expect(() => nodeListener(sessions, unknown as object)).toThrow(refusal);
    expect(() => fetchHandler(sessions, unknown as object)).toThrow(refusal);
  });
});

/** Gzipped bytes of what the README's command makes of a page's program. */
async function bundledAsShown(): Promise<number> {
  const [, file = "", shownOptions = ""] = /`npx esbuild (\S+) (.+?) \| gzip/.exec(readme) ?? [];
  expect(shownOptions).toBe("--bundle --minify --format=esm");
  const { outputFiles } = await build({
    entryPoints: [ROOT + file],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error("no output");
  return gzipSync(output.contents).length;
}

describe("the README's text", () => {
  it("names members and events that a session has", () => {
    const cells = tableOf(readme, "| | |").map(([names = ""]) => names);
    const members = (text: string): string[] => {
      return [...text.matchAll(/`(?:await )?(\w+)/g)].flatMap(([, name]) => name ?? []);
    };
    const isMember = (name: string): boolean => {
      return name in ClientSession.prototype && name in PeerSession.prototype;
    };
    const named = cells.filter((cell) => !cell.includes("for await")).flatMap(members);
    const known: readonly string[] = EVENTS;
    expect(named.filter((name) => !isMember(name) && !known.includes(name))).toEqual([]);
    expect(named.length).toBeGreaterThan(10);
  });

  it("has the figures that the code has", async () => {
    const { gzipped } = await bundleForBrowsers();
    expect(readme).toContain(`about ${Math.round(gzipped / 1_000)} kB gzipped`);
    const page = await bundledAsShown();
    expect(readme).toContain(`about ${Math.round(page / 1_000)} kB (after`);
    const closeTimeout = shown(client.closeTimeoutMs, "closeTimeoutMs");
    expect(readme).toContain(`takes longer than ${closeTimeout} to hold`);
    expect(readme).toContain(`share ${server.sessionsPerAddressMax} sessions`);
    const [window, assembly] = [server.windowBytes / 2 ** 20, server.assemblyBytesMax / 2 ** 20];
    expect(readme).toContain(`are ${window} and ${assembly} MiB for each`);
    expect(readme).toContain(`hold time of ${server.holdTimeMs / 1_000} s`);
    expect([server.tombstoneMs, client.silenceLimitMs]).toEqual([300_000, 60_000]);
    expect(readme).toContain("five minutes after its end");
    expect(readme).toContain("after a minute without a word");
    // "Who lets a megabyte wait": the example's comment.
    expect(server.highWaterBytes).toBe(2 ** 20);
  });
});
