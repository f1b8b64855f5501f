// The ring that measures: ours beside others in processes of their own, with nothing else running.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    allowOnly: false,
    testTimeout: 600_000,
    maxWorkers: 1,
    include: ["test/bench/**/*.test.ts"],
  },
});
