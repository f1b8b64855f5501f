// How the tests run. Projects: "pure" drives the core and the simulation and sees no real clock and
// no ambient randomness (test/setup.ts); "package" looks at the packed and installed package;
// "attack" has the machine to itself; "node" is every other test. All have the seed of
// test/seed.ts.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pureTests = [
  "test/core/**/*.test.ts",
  "test/sim/**/*.test.ts",
  "test/regressions/**/*.test.ts",
];

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    allowOnly: false,
    // Properties and attacks take seconds on a loaded machine; nothing here waits for a clock.
    testTimeout: 120_000,
    coverage: {
      provider: "v8",
      include: ["src/core/**/*.ts"],
      reporter: ["text", "html"],
      thresholds: { 100: true },
    },
    projects: [
      {
        extends: true,
        test: {
          name: "pure",
          include: pureTests,
          setupFiles: ["test/seed.ts", "test/setup.ts"],
          // No clock is real in them, so each processor may have some.
          maxWorkers: "100%",
          sequence: { groupOrder: 0 },
          // purity.test.ts links the built core by vm.SourceTextModule.
          execArgv: ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
        },
      },
      {
        extends: true,
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          setupFiles: ["test/seed.ts"],
          sequence: { groupOrder: 1 },
          // The rings of proxies, browsers and the model need programs that npm does not install.
          exclude: [
            ...pureTests,
            "test/package/**",
            "test/attack/**",
            "test/proxies/**",
            "test/browsers/**",
            "test/model/model.test.ts",
          ],
        },
      },
      {
        extends: true,
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: ["test/package/setup.ts"],
          setupFiles: ["test/seed.ts"],
          sequence: { groupOrder: 1 },
          // imports.test.ts links the installed core by vm.SourceTextModule.
          execArgv: ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
        },
      },
      {
        extends: true,
        test: {
          name: "attack",
          include: ["test/attack/**/*.test.ts"],
          setupFiles: ["test/seed.ts"],
          // These compare the pace of honest sessions: nothing else may run beside them.
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
