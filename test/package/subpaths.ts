/** What the package says that can be imported. */
import { readFileSync } from "node:fs";

const manifest = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { readonly exports: Readonly<Record<string, unknown>> };

/** `holdfast`, `holdfast/server` and so on: every one of `exports`. */
export const SUBPATHS: readonly string[] = Object.keys(manifest.exports).map((subpath) => {
  return `holdfast${subpath.slice(1)}`;
});
