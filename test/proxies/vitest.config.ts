// The ring that runs sessions through the programs that stand between clients and servers on real
// networks. It needs them installed, and says which are missing.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    allowOnly: false,
    testTimeout: 120_000,
    // Most of the time goes by in waiting for the timeouts of others.
    maxWorkers: 2,
    include: ["test/proxies/**/*.test.ts"],
    globalSetup: "test/proxies/installed.ts",
  },
});
