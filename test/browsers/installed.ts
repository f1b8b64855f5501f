/** The browsers of this ring. Without them nothing here is skipped: it fails. */
import { existsSync } from "node:fs";
import { CHROMIUM } from "./chromium.ts";
import { FIREFOX } from "./firefox.ts";

const PROGRAMS: readonly { readonly path: string; readonly name: string }[] = [
  { path: CHROMIUM, name: "chromium" },
  { path: FIREFOX, name: "firefox-esr" },
];

export default function setup(): void {
  const missing = PROGRAMS.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const names = missing.map(({ name, path }) => `${name} (as ${path})`).join(", ");
  const wanted = missing.map(({ name }) => name).join(" ");
  throw new Error(
    `These tests need programs that are not installed: ${names}.\n` +
      `On Debian 12: apt-get install --no-install-recommends ${wanted}`,
  );
}
