// The ring that runs the client in a real browser. It needs one installed, and says so if there is
// none.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    allowOnly: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A browser is several processes already.
    maxWorkers: 2,
    include: ["test/browsers/**/*.test.ts"],
    globalSetup: "test/browsers/installed.ts",
  },
});
