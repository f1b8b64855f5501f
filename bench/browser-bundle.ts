/**
 * The client for browsers as one file: bundled, minified, with internal names shortened and the
 * texts of assertions numbered. `dist/browser` holds what this makes, and the test of its size
 * measures the same.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions, type Plugin, version } from "esbuild";
import { shortenableNames } from "./browser-names.ts";

const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** Where the published bundle goes. */
export const OUTPUT_FOLDER: URL = new URL("../dist/browser/", import.meta.url);

/** A call that no module makes, put where modules begin. */
const MARK = "module_begins";

/** What the published bundle exports. */
const CLIENT = "src/http/connect-fetch.ts";

/** The core of a client alone, measured and tested by itself. */
export const CLIENT_CORE = "src/core/request-side.ts";

export interface ModuleSize {
  readonly source: string;
  readonly bytes: number;
  /** Bytes by which the whole grows, gzipped, because this module is in it. */
  readonly gzipped: number;
}

export interface BrowserBundle {
  readonly code: string;
  readonly gzipped: number;
  /** Texts of assertions by the numbers that stand for them. */
  readonly assertions: readonly string[];
}

/** Bytes as a server sends them. */
export function gzippedBytes(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

/** The published bundle. Needs the declarations of `npm run build`. */
export async function bundleForBrowsers(entry: string = CLIENT): Promise<BrowserBundle> {
  const sources = await bundledSources(entry);
  const assertions = assertionTexts(sources);
  const mangleProps = await shortenedNames(entry, sources);
  const plugins = [shortenTexts(assertions, stateFormat(sources), () => "")];
  const code = await bundle(entry, { mangleProps, plugins });
  return { code, gzipped: gzippedBytes(code), assertions };
}

/** What a bundler makes of the modules as they are. */
export async function bundleOfModules(): Promise<string> {
  return bundle(CLIENT, {});
}

/** What each module adds to the published bundle, largest first. */
export async function moduleSizes(): Promise<readonly ModuleSize[]> {
  const sources = await bundledSources(CLIENT);
  const mark = (source: string): string => `${MARK}("${source}");`;
  const plugins = [shortenTexts(assertionTexts(sources), stateFormat(sources), mark)];
  const mangleProps = await shortenedNames(CLIENT, sources);
  const marked = await bundle(CLIENT, { mangleProps, plugins });
  const [head, ...rest] = marked.split(`${MARK}("`);
  const parts = rest.map((part) => {
    const end = part.indexOf('"');
    return { source: part.slice(0, end), code: part.slice(end + 3) };
  });
  const whole = gzippedBytes([head, ...parts.map(({ code }) => code)].join(""));
  const sizes = parts.map((part) => {
    const others = parts.filter((other) => other !== part).map(({ code }) => code);
    const gzipped = whole - gzippedBytes([head, ...others].join(""));
    return { source: part.source, bytes: part.code.length, gzipped };
  });
  return sizes.toSorted((left, right) => right.gzipped - left.gzipped);
}

async function bundledSources(entry: string): Promise<readonly string[]> {
  const entryPoints = [join(ROOT, entry)];
  const { metafile } = await build({ ...OPTIONS, entryPoints, write: false, metafile: true });
  return Object.keys(metafile.inputs).map((source) => join(ROOT, source));
}

async function shortenedNames(entry: string, sources: readonly string[]): Promise<RegExp> {
  const names = await shortenableNames(ROOT, entry, sources, EXTERNAL);
  return new RegExp(`^(?:${[...names].toSorted().join("|")})$`);
}

/** Packages that the page brings along by itself. */
const EXTERNAL = ["msgpackr"];

const OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: "esm",
  // The browsers of the last two years.
  target: "es2022",
  conditions: ["browser"],
  external: EXTERNAL,
  legalComments: "none",
  outfile: "dist/browser/holdfast.min.js",
};

async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const entryPoints = [join(ROOT, entry)];
  const { outputFiles } = await build({ ...OPTIONS, ...options, entryPoints, write: false });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error("the bundler made nothing");
  return text;
}

/**
 * Puts a number in the place of each assertion's text, and a format of its own in the place of the
 * saved state's, as its fields have other names here; marks where modules begin.
 */
function shortenTexts(
  texts: readonly string[],
  format: string,
  mark: (source: string) => string,
): Plugin {
  return {
    name: "shorten-texts",
    setup(builder) {
      builder.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        const numbered = replaceTexts(source, (text) => String(texts.indexOf(text)));
        const contents = numbered.replace(/(STATE_FORMAT = ")\w+/, `$1${format}`);
        return { contents: mark(relative(ROOT, path)) + contents, loader: "ts" };
      });
    },
  };
}

/** The same sources have the same names in every build by the same bundler. */
function stateFormat(sources: readonly string[]): string {
  const hash = createHash("sha256").update(version);
  for (const source of sources.toSorted()) hash.update(readFileSync(source));
  return hash.digest("hex").slice(0, 8);
}

/** The texts of the assertions of some sources, sorted: their places are their numbers. */
function assertionTexts(sources: readonly string[]): readonly string[] {
  const texts = new Set<string>();
  for (const source of sources) {
    replaceTexts(readFileSync(source, "utf8"), (text) => {
      texts.add(text);
      return "";
    });
  }
  return [...texts].toSorted();
}

/** The text of an assertion is its last argument and a constant. */
function replaceTexts(source: string, replace: (text: string) => string): string {
  return source.replaceAll(
    /(\bassert\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*?,\s*)"([^"]*)"(?=,?\s*\))/g,
    (_whole, before: string, text: string) => before + replace(text),
  );
}
