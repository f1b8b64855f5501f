/**
 * The page: what its browser loads, bundled in memory from page/. The names in "holdfast" lead the
 * bundler to the built package, as those of any application would.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What to answer with. */
export interface PageFile {
  readonly type: string;
  readonly content: string | Uint8Array;
}

const FOLDER = new URL("page/", import.meta.url);

/** The files by their paths. Takes some ten milliseconds: made anew for each visit. */
export async function bundlePage(): Promise<ReadonlyMap<string, PageFile>> {
  const html = readFile(new URL("index.html", FOLDER));
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(FOLDER),
    entryPoints: [
      { in: "main.ts", out: "page" },
      { in: "style.css", out: "page" },
    ],
    bundle: true,
    platform: "browser",
    format: "esm",
    sourcemap: "inline",
    outdir: "/",
    write: false,
    logLevel: "silent",
  });
  const files = new Map([["/", { type: "html", content: await html } as PageFile]]);
  for (const { path, contents } of outputFiles) {
    const type = path.endsWith(".css") ? "css" : "js";
    files.set(`/page.${type}`, { type, content: contents });
  }
  return files;
}
