/**
 * The programs of a soak as one script each. A run starts a dozen processes, most of them while it
 * goes on, and one that loads the sources file by file keeps a processor busy for as long as it
 * then talks in a second or two.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** Where the scripts find the packages that they import. */
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));

export type ProgramName = "server" | "client" | "check";

/** Reader: `file`. Command: `remove`, when no process starts any more. */
export class Programs {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws what esbuild throws */
  static async make(): Promise<Programs> {
    mkdirSync(CACHE, { recursive: true });
    const programs = new Programs(mkdtempSync(join(CACHE, "holdfast-soak-")));
    try {
      await build({
        absWorkingDir: HERE,
        entryPoints: ["server.ts", "client.ts", "check.ts"],
        outdir: programs.#folder,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        packages: "external",
        platform: "node",
        target: "node20",
        format: "esm",
        sourcemap: "inline",
        tsconfigRaw: {},
        logLevel: "silent",
      });
    } catch (error) {
      programs.remove();
      throw error;
    }
    return programs;
  }

  file(name: ProgramName): URL {
    return pathToFileURL(join(this.#folder, `${name}.mjs`));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
