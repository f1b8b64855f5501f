/**
 * How large the client for browsers is: `npm run size`. With `--write`, makes `dist/browser`.
 * What is done to keep it small: decision 0014.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import {
  bundleForBrowsers,
  bundleOfModules,
  CLIENT_CORE,
  gzippedBytes,
  moduleSizes,
  OUTPUT_FOLDER,
} from "./browser-bundle.ts";
import { table } from "./statistics.ts";

const { code, gzipped, assertions } = await bundleForBrowsers();
if (process.argv.includes("--write")) {
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  writeFileSync(new URL("holdfast.min.js", OUTPUT_FOLDER), code);
  writeFileSync(new URL("assertions.json", OUTPUT_FOLDER), JSON.stringify(assertions, null, 2));
} else {
  const modules = await bundleOfModules();
  const core = await bundleForBrowsers(CLIENT_CORE);
  const wholes = [
    ["dist/browser/holdfast.min.js", String(code.length), String(gzipped)],
    ["the modules, by a bundler", String(modules.length), String(gzippedBytes(modules))],
    ["the core alone, shortened", String(core.code.length), String(core.gzipped)],
  ];
  console.log(table(["bundle", "minified", "gzipped"], wholes));
  const rows = await moduleSizes();
  const cells = rows.map(({ source, bytes, gzipped: added }) => [
    source,
    String(bytes),
    String(added),
  ]);
  console.log(`\n${table(["module", "minified", "adds, gzipped"], cells)}`);
}
