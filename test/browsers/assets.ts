/** What pages load: the client in both forms that are published, its codec's package, the program. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { bundleForBrowsers } from "../../bench/browser-bundle.ts";

/** How a page gets the client: by a bundler from the package, or as the published bundle. */
export type ClientForm = "bundled" | "published";

/** Scripts by their paths. */
export type Assets = ReadonlyMap<string, string>;

const FOLDER: string = fileURLToPath(new URL(".", import.meta.url));

let made: Promise<Assets> | undefined;

export function assets(): Promise<Assets> {
  made ??= makeAssets();
  return made;
}

async function makeAssets(): Promise<Assets> {
  const published = await bundleForBrowsers();
  return new Map([
    ["/bundled.js", await bundled('export * from "holdfast";')],
    ["/published.js", published.code],
    ["/msgpackr.js", await bundled('export { Packr } from "msgpackr";')],
    ["/program.js", await bundled('export * from "./page-program.ts";')],
  ]);
}

/** As an application's own bundler makes it. The package's name leads to its built modules. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: FOLDER, loader: "ts" },
    bundle: true,
    platform: "browser",
    format: "esm",
    write: false,
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error("the bundler made nothing");
  return text;
}

/** Allows the one script that stands in the page itself. */
export const NONCE = "once";

/** The page: its program with the client, which goes on with what an earlier page kept. */
export function pageText(form: ClientForm): string {
  const imports = { holdfast: `/${form}.js`, msgpackr: "/msgpackr.js" };
  return `<!doctype html>
<meta charset="utf-8">
<title>Holdfast</title>
<link rel="icon" href="data:,">
<script type="importmap" nonce="${NONCE}">${JSON.stringify({ imports })}</script>
<script type="module" nonce="${NONCE}">
  import * as client from "holdfast";
  import { Program } from "/program.js";
  globalThis.program = new Program(client);
</script>
`;
}
