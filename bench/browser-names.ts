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

/**
 * The names that may be shortened in a bundle of these sources whose public API is `entry`, and
 * which leaves the packages named in `external` outside.
 */
export async function shortenableNames(
  root: string,
  entry: string,
  sources: readonly string[],
  external: readonly string[],
): Promise<ReadonlySet<string>> {
  const language = libraryNames(/^lib\.es.*\.d\.ts$/);
  const browser = libraryNames(/^lib\.dom.*\.d\.ts$/);
  const kept = new Set(publicNames(root, entry));
  for (const name of external) addMembers(kept, packageDeclarations(root, name));
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

/** What a package declares: its methods and options keep their names where it is not bundled. */
function packageDeclarations(root: string, name: string): string {
  const folder = join(root, "node_modules", name);
  const { types } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly types: string;
  };
  return readFileSync(join(folder, types), "utf8");
}

function addMembers(names: Set<string>, text: string): void {
  for (const [, name] of text.matchAll(MEMBER)) names.add(name as string);
}

type Source = readonly [file: string, name: string, isPassedOn: boolean];

/** A compiled module's declarations, and where the names come from that it imports or passes on. */
interface Declarations {
  readonly own: ReadonlyMap<string, string>;
  readonly from: ReadonlyMap<string, Source>;
  /** Modules that are passed on whole. */
  readonly passedOn: readonly string[];
}

/**
 * Members of what the entry exports, and of the types that these mention. Of a class that is not
 * exported itself nothing is public: such fields are there for tests and the simulation.
 */
function publicNames(root: string, entry: string): ReadonlySet<string> {
  const modules = new Map<string, Declarations>();
  const names = new Set<string>();
  const seen = new Set<string>();

  const moduleOf = (file: string): Declarations => {
    const known = modules.get(file) ?? readDeclarations(file);
    modules.set(file, known);
    return known;
  };
  const reach = (file: string, name: string, isExported: boolean): void => {
    if (seen.has(`${file} ${name}`)) return;
    seen.add(`${file} ${name}`);
    const { own, from, passedOn } = moduleOf(file);
    const source = from.get(name);
    if (source !== undefined) reach(source[0], source[1], isExported);
    for (const other of passedOn) reach(other, name, isExported);
    const declaration = own.get(name);
    if (declaration === undefined) return;
    const isInner = !isExported && declaration.startsWith("export declare class ");
    if (isInner) return;
    addMembers(names, declaration);
    for (const [type] of declaration.matchAll(/\b[A-Z]\w*/g)) {
      const isBase = new RegExp(`extends ${type}\\b`).test(declaration);
      reach(file, type, isBase);
    }
  };
  const file = join(root, entry.replace(/^src/, "dist").replace(/\.ts$/, ".d.ts"));
  const exportsOf = (each: string): void => {
    const { own, from, passedOn } = moduleOf(each);
    for (const [name, declaration] of own) {
      if (declaration.startsWith("export ")) reach(each, name, true);
    }
    for (const [name, [, , isPassedOn]] of from) if (isPassedOn) reach(each, name, true);
    for (const other of passedOn) exportsOf(other);
  };
  exportsOf(file);
  return names;
}

function readDeclarations(file: string): Declarations {
  const text = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  const path = (to: string): string => join(dirname(file), to.replace(/\.ts$/, ".d.ts"));
  const from = new Map<string, Source>();
  const listed = text.matchAll(/^(import|export) (?:type )?\{([^}]*)\} from "(\..*)";/gm);
  for (const [, verb, list, to] of listed) {
    for (const item of (list as string).split(",")) {
      const [name, alias] = item
        .trim()
        .replace(/^type /, "")
        .split(" as ");
      const source: Source = [path(to as string), name as string, verb === "export"];
      if (name !== undefined && name !== "") from.set(alias ?? name, source);
    }
  }
  const passedOn = Array.from(text.matchAll(/^export \* from "(.*)";/gm), ([, to]) =>
    path(to as string),
  );
  return { own: topLevel(text), from, passedOn };
}

/** The declarations of a module by name, without what is private or protected. */
function topLevel(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const visible = text.replaceAll(/^\s+(?:private|protected) .*$/gm, "");
  for (const part of visible.split(/^(?=export |declare |interface |type |class )/m)) {
    const declared = /^[a-z ]*\b(?:class|interface|type|const|function) (\w+)/.exec(part);
    const name = declared?.[1];
    // A union begins its lines with what would be a member's type: one member a line.
    if (name !== undefined) found.set(name, part.replaceAll(/[{;] /g, "\n  "));
  }
  return found;
}
