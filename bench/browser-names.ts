/**
 * Which property names may be shortened in the browser's bundle: those that our sources use, but
 * neither a name of the public API nor one that the language or the browser gave. Derived from the
 * declarations that `npm run build` emits, so that a new public name is kept without a list.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { transform } from "esbuild";

const require = createRequire(import.meta.url);

/** Names of members at the beginning of a line of declarations, as the compiler emits them. */
const MEMBER = /^\s+(?:(?:static|readonly|abstract|get|set) )*(\w+)\??[:(<]/gm;

/** The names that may be shortened in a bundle of these sources whose public API is `entry`. */
export async function shortenableNames(
  root: string,
  entry: string,
  sources: readonly string[],
): Promise<ReadonlySet<string>> {
  const language = libraryNames(/^lib\.es.*\.d\.ts$/);
  const browser = libraryNames(/^lib\.dom.*\.d\.ts$/);
  const kept = publicNames(root, entry);
  const shortenable = new Set<string>();
  const reserved = new Set<string>();
  for (const source of sources) {
    // The core compiles without the browser's types, so what it names is its own.
    const isPure = relative(root, source).startsWith(join("src", "core"));
    const { names, strings } = await propertiesOf(source);
    for (const text of strings) reserved.add(text);
    for (const name of names) {
      if (!isPure && browser.has(name)) reserved.add(name);
      if (!language.has(name) && !kept.has(name)) shortenable.add(name);
    }
  }
  for (const name of reserved) shortenable.delete(name);
  return shortenable;
}

/**
 * The property names that a source uses when its types are gone, and its strings: what is also
 * written as a string may be a key that is looked up by it.
 */
async function propertiesOf(
  source: string,
): Promise<{ readonly names: readonly string[]; readonly strings: readonly string[] }> {
  const text = readFileSync(source, "utf8");
  const options = { loader: "ts", mangleProps: /./, mangleCache: {} } as const;
  const { code, mangleCache } = await transform(text, options);
  const strings = Array.from(code.matchAll(/"(\w+)"/g), ([, word]) => word as string);
  return { names: Object.keys(mangleCache ?? {}), strings };
}

/** Members of what the compiler's own libraries declare. */
function libraryNames(files: RegExp): ReadonlySet<string> {
  // The libraries lie beside the compiler's binary, in a package for each platform.
  const platform = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  const compiler = createRequire(require.resolve("typescript/package.json"));
  const folder = join(dirname(compiler.resolve(platform)), "lib");
  const names = new Set<string>();
  for (const file of readdirSync(folder)) {
    if (!files.test(file)) continue;
    // Nothing here formats for a locale, and its options have many common names.
    const text = readFileSync(join(folder, file), "utf8");
    addMembers(names, text.replaceAll(/^declare namespace Intl \{[\s\S]*?^\}/gm, ""));
  }
  if (names.size === 0) throw new Error(`no declarations in ${folder}`);
  return names;
}

function addMembers(names: Set<string>, text: string): void {
  for (const [, name] of text.matchAll(MEMBER)) names.add(name as string);
}

/**
 * Members of what the entry exports, and of the types that these mention. Of a class that is not
 * exported itself nothing is public: such fields are there for tests and the simulation.
 */
function publicNames(root: string, entry: string): ReadonlySet<string> {
  const declarations = new Map<string, string>();
  const built = join(root, "dist");
  for (const file of readdirSync(built, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = readFileSync(join(built, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    for (const [name, declaration] of topLevel(text)) declarations.set(name, declaration);
  }
  const roots = exportedNames(readFileSync(join(root, entry), "utf8"));
  const names = new Set<string>();
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const declaration = declarations.get(name);
    if (seen.has(name) || declaration === undefined) continue;
    seen.add(name);
    const isClass = / class /.test(declaration.slice(0, declaration.indexOf("{")));
    const isBase = declaration.includes("abstract class");
    if (isClass && !isBase && !roots.includes(name)) continue;
    addMembers(names, declaration);
    for (const [type] of declaration.matchAll(/\b[A-Z]\w*/g)) waiting.push(type);
  }
  return names;
}

/** The declarations of a file by name, without what is private or protected. */
function topLevel(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visible = text.replaceAll(/^\s+(?:private|protected) .*$/gm, "");
  for (const part of visible.split(/^(?=export |declare |interface |type |class )/m)) {
    const name = /\b(?:class|interface|type|const|function) (\w+)/.exec(part)?.[1];
    // A union begins its lines with what would be a member's type: one member a line.
    if (name !== undefined) found.set(name, part.replaceAll(/[{;] /g, "\n  "));
  }
  return found;
}

function exportedNames(source: string): string[] {
  const declared = source.matchAll(/^export (?:async )?(?:class|const|function) (\w+)/gm);
  const listed = source.matchAll(/^export (?:type )?\{([^}]*)\}/gm);
  const names = [...declared].map(([, name]) => name as string);
  for (const [, list] of listed) names.push(...(list as string).split(/\W+|\btype\b/));
  return names.filter((name) => name !== "");
}
