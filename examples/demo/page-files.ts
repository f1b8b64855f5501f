/**
 * What a browser loads, bundled in memory from page/. It is made anew for each visit: who changes
 * the page only reloads it. The name "holdfast" leads the bundler to the built package, to its half
 * for browsers.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type BuildContext, context } from "esbuild";

export interface PageFile {
  readonly type: "html" | "css" | "js";
  readonly content: Uint8Array;
}

type PageFiles = ReadonlyMap<string, PageFile>;

/** The paths at which the page's files are. */
export const PAGE_PATHS = ["/", "/page.js", "/page.css"];

const FOLDER = new URL("page/", import.meta.url);

export class Page {
  readonly #context: Promise<BuildContext<{ write: false }>>;
  #files: Promise<PageFiles> | undefined;

  constructor() {
    this.#context = context({
      absWorkingDir: fileURLToPath(FOLDER),
      entryPoints: [
        { in: "main.ts", out: "page" },
        // With what it imports: the styles of the plots.
        { in: "style.css", out: "page" },
      ],
      outdir: "/",
      bundle: true,
      platform: "browser",
      format: "esm",
      sourcemap: "inline",
      write: false,
      logLevel: "silent",
    });
    // Told to whoever asks for a file.
    this.#context.catch(() => {});
  }

  /** The file at one of the paths: "/" as it is now, and the others as they were then. */
  async file(path: string): Promise<PageFile> {
    if (path === "/" || this.#files === undefined) this.#files = this.#make();
    const file = (await this.#files).get(path);
    if (file === undefined) throw new Error(`The bundler made no ${path}`);
    return file;
  }

  async close(): Promise<void> {
    await this.#context.then(
      (bundler) => bundler.dispose(),
      // There never was one.
      () => {},
    );
  }

  async #make(): Promise<PageFiles> {
    const html = readFile(new URL("index.html", FOLDER));
    const { outputFiles } = await (await this.#context).rebuild();
    const files = new Map<string, PageFile>([["/", { type: "html", content: await html }]]);
    for (const { path, contents } of outputFiles) {
      const type = path.endsWith(".css") ? "css" : "js";
      files.set(`/page.${type}`, { type, content: contents });
    }
    return files;
  }
}
