// The ring that searches the model of spec/model with SPIN. It needs SPIN and a C compiler, and
// says so where one is missing.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    allowOnly: false,
    testTimeout: 300_000,
    include: ["test/model/**/*.test.ts"],
    globalSetup: "test/model/installed.ts",
  },
});
