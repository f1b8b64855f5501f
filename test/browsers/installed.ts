/** The browser of this ring. Without it nothing here is skipped: it fails. */
import { existsSync } from "node:fs";
import { CHROMIUM } from "./chromium.ts";

export default function setup(): void {
  if (existsSync(CHROMIUM)) return;
  throw new Error(
    `These tests need a program that is not installed: chromium (as ${CHROMIUM}).\n` +
      "On Debian 12: apt-get install --no-install-recommends chromium",
  );
}
