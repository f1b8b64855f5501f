// How the tests run. Projects: "pure" drives the core and the simulation and sees no real clock and
// no ambient randomness (test/setup.ts); "package" looks at the packed and installed package; "node"
// is every other test, but for those whose project's name begins with "long:". `npm test` leaves
// these out, and .ci/run has stages for them: "long:simulation" and "long:fuzz" compute for minutes
// (`npm run test:simulation`), "long:alone" has the machine to itself (`npm run test:alone`). All
// have the seed of test/seed.ts.
//
// `npm test` demands that all of src/core is covered, without the long ones: no line is known by
// chance alone.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const pureTests = [
  "test/core/**/*.test.ts",
  "test/sim/**/*.test.ts",
  "test/regressions/**/*.test.ts",
];

/** As pure, and by far the longest. */
const longSimulation = [
  "test/sim/canaries.test.ts",
  "test/sim/explorer.test.ts",
  "test/sim/lives.test.ts",
  "test/sim/simulation.test.ts",
];

/** Attacks compare the pace of honest sessions; the others are many processes each. */
const alone = ["test/attack/**/*.test.ts", "test/replay/replay.test.ts", "test/soak/soak.test.ts"];

export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    allowOnly: false,
    // Properties and attacks take seconds on a loaded machine; nothing here waits for a clock.
    testTimeout: 120_000,
    // Each processor may have some: pure tests know no real clock, and those with sockets wait for
    // events about half of their time. What these say of times leaves room for neighbours.
    maxWorkers: "100%",
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
          exclude: longSimulation,
          setupFiles: ["test/seed.ts", "test/setup.ts"],
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
            ...alone,
            "test/package/**",
            "test/fuzz/**",
            "test/proxies/**",
            "test/browsers/**",
            "test/model/model.test.ts",
            // Measures, with nothing else running.
            "test/bench/**",
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
          name: "long:simulation",
          include: longSimulation,
          setupFiles: ["test/seed.ts", "test/setup.ts"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "long:fuzz",
          include: ["test/fuzz/**/*.test.ts"],
          setupFiles: ["test/seed.ts"],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "long:alone",
          include: alone,
          setupFiles: ["test/seed.ts"],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
