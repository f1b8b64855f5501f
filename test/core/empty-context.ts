// Evaluates ES modules in a context that has ECMAScript's own objects and nothing else, as a
// stand-in for every host that the core may meet. Needs node --experimental-vm-modules.

import { Script, SourceTextModule, createContext, type Context } from "node:vm";

/** Gives the source text of a module, or undefined where there is no such module. */
export type ReadSource = (specifier: URL) => string | undefined;

// What V8 puts into a new context beside ECMAScript's own objects, and what of these reaches for
// the clock or the locale, shares memory, or observes garbage collection.
const removed = [
  "console",
  "WebAssembly",
  "Date",
  "Intl",
  "SharedArrayBuffer",
  "Atomics",
  "Temporal",
  "WeakRef",
  "FinalizationRegistry",
];

function emptyContext(): Context {
  const context = createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
  });
  const removal = removed.map((name) => `delete globalThis.${name};`).join("");
  new Script(`${removal} delete Math.random;`).runInContext(context);
  return context;
}

/** The names of every global object that the evaluated modules can see. */
export function globalsOfEmptyContext(): string[] {
  const names = new Script("Object.getOwnPropertyNames(globalThis)").runInContext(emptyContext());
  return [...(names as string[])].toSorted();
}

/**
 * Links and evaluates `entry` and everything that it imports, and returns its exports. Every import
 * must be relative and stay within `root`; anything else, a dynamic import included, is an error.
 */
export async function evaluateInEmptyContext(
  root: URL,
  entry: string,
  readSource: ReadSource,
): Promise<Record<string, unknown>> {
  const context = emptyContext();
  const modules = new Map<string, SourceTextModule>();

  function load(url: URL): SourceTextModule {
    const known = modules.get(url.href);
    if (known !== undefined) return known;
    const source = readSource(url);
    if (source === undefined) throw new Error(`no such module: ${url.href}`);
    const module = new SourceTextModule(source, { context, identifier: url.href });
    modules.set(url.href, module);
    return module;
  }

  const entryModule = load(new URL(entry, root));
  await entryModule.link((specifier, referrer) => {
    const url = /^\.\.?\//.test(specifier) ? new URL(specifier, referrer.identifier) : undefined;
    if (url === undefined || !url.href.startsWith(root.href)) {
      throw new Error(`import of ${specifier} leaves ${root.href}`);
    }
    return load(url);
  });
  await entryModule.evaluate();
  return entryModule.namespace as Record<string, unknown>;
}
