// The README's page.html, in a page of stubs: its script runs with what its import map names.
// test/browsers/readme.test.ts shows it in real browsers.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { soon, until } from "../waiting.ts";
import { fileAt, importMap, PAGE, startPageSite } from "./site.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** What the script of the page does to its page. */
interface Stubs {
  readonly name: { value: string; onchange?: () => void };
  readonly greetings: string[];
  /** Tells the listeners, of the script and of the client. */
  dispatch(type: string): void;
}

type Listener = (event: { readonly type: string }) => void;

function stubPage(origin: string, storage: Map<string, string>): Stubs {
  const listeners = new Map<string, Set<Listener>>();
  const stubs: Stubs = {
    name: { value: "" },
    greetings: [],
    dispatch(type) {
      for (const listener of listeners.get(type) ?? []) listener({ type });
    },
  };
  const greetings = { append: (...texts: string[]) => void stubs.greetings.push(...texts) };
  const querySelector = (id: string): unknown => (id === "#name" ? stubs.name : greetings);
  vi.stubGlobal("document", { querySelector, visibilityState: "visible" });
  vi.stubGlobal("location", { href: `${origin}/` });
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
    removeItem: (key: string) => void storage.delete(key),
  });
  vi.stubGlobal("addEventListener", (type: string, listener: Listener) => {
    listeners.set(type, (listeners.get(type) ?? new Set()).add(listener));
  });
  vi.stubGlobal("removeEventListener", (type: string, listener: Listener) => {
    listeners.get(type)?.delete(listener);
  });
  return stubs;
}

/** As a person who types a name into the page's field and leaves it. */
function say(page: Stubs, name: string): void {
  page.name.value = name;
  page.name.onchange?.();
}

/**
 * The page's script as a function, with what its import map names. It is not run as a module, as
 * what loads modules for tests knows no `for await` outside of functions.
 */
async function buildScript(): Promise<() => Promise<void>> {
  const [, script = ""] = /<script type="module">([^]*?)<\/script>/.exec(PAGE) ?? [];
  const [, imports = "", body = ""] = /^(\s*import [^;]*;)([^]*)$/.exec(script) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const map = importMap();
  const outfile = join(folder, "page.mjs");
  await build({
    stdin: { contents: `${imports} export async function run() {${body}}`, resolveDir: folder },
    bundle: true,
    platform: "browser",
    format: "esm",
    outfile,
    plugins: [
      {
        name: "import-map",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^[^./]/ }, ({ path }) => {
            const file = fileAt(map[path] ?? "");
            return file === undefined ? { errors: [{ text: path }] } : { path: file };
          });
        },
      },
    ],
  });
  const { run } = (await import(pathToFileURL(outfile).href)) as { run: () => Promise<void> };
  return run;
}

describe("the README's page", () => {
  it("has an import map of files that there are", () => {
    const addresses = Object.values(importMap());
    expect(addresses.filter((address) => fileAt(address) === undefined)).toEqual([]);
    expect(Object.keys(importMap())).toEqual(["holdfast", "msgpackr"]);
  });

  it("greets, keeps its session when it is reloaded, and leaves it to a duplicate", async () => {
    const { origin, sessions } = await startPageSite();
    const storage = new Map<string, string>();
    const runScript = await buildScript();
    const first = stubPage(origin, storage);
    const firstOver = runScript();
    await until(() => first.name.onchange !== undefined, "the script");
    say(first, "Ada");
    await until(() => first.greetings.length === 1, "the greeting");
    first.dispatch("pagehide");
    expect(storage.get("session")).toBeTypeOf("string");

    // The same storage: to the server a reloaded page and a duplicate are the same.
    const second = stubPage(origin, storage);
    const secondOver = runScript();
    await until(() => second.name.onchange !== undefined, "the script after the reload");
    say(second, "Grace");
    await until(() => second.greetings.length > 0, "the greeting after the reload");
    expect(second.greetings).toEqual(["Hello, Grace!\n"]);

    // The first one is shown again, is told, and goes on.
    first.dispatch("pageshow");
    await until(() => first.greetings.length === 2, "the word of the end");
    expect(first.greetings[1]).toMatch(/^-- The session has ended \(superseded\): going on/);
    say(first, "Ada");
    await until(() => first.greetings.length === 3, "the greeting of the new session");
    expect(first.greetings[2]).toBe("Hello, Ada!\n");
    expect(sessions).toHaveLength(2);

    // Once the server has closed them the scripts end, and keep nothing.
    for (const session of sessions) await soon(session.close(), "the close");
    await soon(Promise.all([firstOver, secondOver]), "the end of the scripts");
    for (const { greetings, name } of [first, second]) {
      expect(greetings.at(-1)).toMatch(/^-- The session has ended \(closed\): reload/);
      name.onchange?.();
      expect(greetings.at(-1)).toMatch(/^-- Not sent/);
    }
    second.dispatch("pagehide");
    expect(storage.has("session")).toBe(false);
  });

  it("begins anew where what was saved is of another build", async () => {
    const { origin, sessions } = await startPageSite();
    const runScript = await buildScript();
    const stubs = stubPage(origin, new Map([["session", "{}"]]));
    const over = runScript();
    await until(() => stubs.name.onchange !== undefined, "the script");
    say(stubs, "Ada");
    await until(() => stubs.greetings.length > 0, "the greeting");
    expect(stubs.greetings[0]).toBe("Hello, Ada!\n");
    await soon(sessions[0]?.close() ?? Promise.reject(new Error("no session")), "the close");
    await soon(over, "the end of the script");
  });
});
