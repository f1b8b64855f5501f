// Runs the tests of the core against one mutant after another within one process.
//
// A runner that starts a vitest for every mutant needs five seconds each: most of the tests of the
// core reach most of its code. They are pure, though: no clock, no ambient randomness, no hook, no
// state that outlives a test. So they are bundled into one script, evaluated once, and called for
// one mutant after another, the quick ones first. Only a mutant that is reached while modules are
// evaluated has the script evaluated anew.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { INSTRUMENTER_CONSTANTS, type MutantCoverage } from "@stryker-mutator/api/core";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestResult,
  type TestRunner,
  TestStatus,
} from "@stryker-mutator/api/test-runner";
import { chai, JestAsymmetricMatchers, JestChaiExpect, JestExtend } from "@vitest/expect";
import type { Collected } from "./collected.ts";
import { checkLeftOut, isJudging } from "./left-out.ts";
import { type Active, compile, evaluate } from "./loading.ts";

/** Mutants that slow a test down so much are as good as endless. */
const HITS_FACTOR = 20;
const HITS_SLACK = 1_000;
const HITS_OF_LOADING_MAX = 10_000_000;
/** Longer than a busy machine holds a process up, and a loop that never ends goes on for. */
const TEST_TIMEOUT_MS = 500;
const TEST_TIMEOUT_FACTOR = 20;
/** Files with bodies that the core makes while they are evaluated. */
const MADE_WHILE_LOADING = /^test\/core\/(vectors|body-|checksum)/;
const COUNTS_FILE = ".counts.json";

/** What Stryker's instrumented code reads and writes. */
interface Namespace {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: MutantCoverage;
}

/** What the first run found, and every process needs. */
interface Counts {
  readonly durationsMs: Readonly<Record<string, number>>;
  readonly hits: MutantCoverage["perTest"];
}

const globals = globalThis as { [name: string]: unknown };
const namespace = (globals[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {}) as Namespace;

const active: Active = { mutant: -1 };

function activate(id: string | undefined): void {
  active.mutant = id === undefined ? -1 : Number(id);
  namespace.activeMutant = id;
}

class InProcessRunner implements TestRunner {
  static readonly inject = [] as const;
  private readonly folder = process.cwd();
  private readonly kills = new Map<string, number>();
  private script = new Script("");
  private counts: Counts | undefined;
  private clean: Collected[] = [];

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  async dryRun(): Promise<DryRunResult> {
    this.script = await compile(this.folder, true);
    delete namespace.mutantCoverage;
    const results: TestResult[] = [];
    const durationsMs: Record<string, number> = {};
    const tests = evaluate(this.script, expectation(), active);
    checkLeftOut(tests);
    for (const test of tests.filter(isJudging)) {
      namespace.currentTestId = test.id;
      const before = process.cpuUsage();
      const failure = failureOf(test, undefined);
      const timeSpentMs = processorMs(before);
      durationsMs[test.id] = timeSpentMs;
      const common = { id: test.id, name: test.id, timeSpentMs };
      if (failure === undefined) results.push({ ...common, status: TestStatus.Success });
      else results.push({ ...common, status: TestStatus.Failed, failureMessage: failure });
    }
    namespace.currentTestId = undefined;
    results.push(...(await this.failuresAgain()));
    const mutantCoverage = namespace.mutantCoverage ?? { static: {}, perTest: {} };
    const counts: Counts = { durationsMs, hits: mutantCoverage.perTest };
    writeFileSync(join(this.folder, COUNTS_FILE), JSON.stringify(counts));
    return { status: DryRunStatus.Complete, tests: results, mutantCoverage };
  }

  /** A test that fails when it is called once more would seem to kill every mutant. */
  private async failuresAgain(): Promise<TestResult[]> {
    const tests = load(await compile(this.folder, false));
    return [...tests, ...tests].flatMap((test) => {
      const failureMessage = failureOf(test, undefined);
      const common = { id: `${test.id} again`, name: `${test.id} again`, timeSpentMs: 0 };
      if (failureMessage === undefined) return [];
      return [{ ...common, status: TestStatus.Failed as const, failureMessage }];
    });
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    if (this.counts === undefined) await this.prepare();
    const id = Object.keys({ [options.activeMutant.id]: 0 })[0] ?? "";
    try {
      return this.judge(id, options);
    } finally {
      activate(undefined);
      namespace.hitCount = undefined;
    }
  }

  private judge(id: string, options: MutantRunOptions): MutantRunResult {
    // Most mutants that are reached while modules are evaluated are reached by tests as well.
    const reached = this.clean.filter((test) => this.counts?.hits[test.id]?.[id] !== undefined);
    const result = this.tryAll(reached, id);
    if (options.mutantActivation !== "static" || result.status !== MutantRunStatus.Survived) {
      return result;
    }
    namespace.hitCount = 0;
    namespace.hitLimit = HITS_OF_LOADING_MAX;
    activate(id);
    try {
      const anew = load(this.script);
      const isConstant = reached.length === 0;
      return this.tryAll(
        anew.filter((test) => isConstant || MADE_WHILE_LOADING.test(test.id)),
        id,
      );
    } catch (error) {
      const failureMessage = `does not load: ${String(error)}`;
      return { status: MutantRunStatus.Killed, killedBy: [], failureMessage, nrOfTests: 0 };
    }
  }

  private tryAll(tests: readonly Collected[], id: string): MutantRunResult {
    const ordered = tests
      .map((test) => ({ test, weight: this.weightOf(test.id, id) }))
      .toSorted((left, right) => left.weight - right.weight);
    let nrOfTests = 0;
    for (const { test } of ordered) {
      nrOfTests++;
      const failure = this.failureUnder(test, id);
      if (failure === undefined) continue;
      this.kills.set(test.id, (this.kills.get(test.id) ?? 0) + 1);
      if (failure === TIMEOUT) return { status: MutantRunStatus.Timeout, reason: test.id };
      const killedBy = [test.id];
      return { status: MutantRunStatus.Killed, killedBy, failureMessage: failure, nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }

  private failureUnder(test: Collected, id: string): string | undefined {
    const hits = this.counts?.hits[test.id]?.[id] ?? 0;
    const durationMs = this.counts?.durationsMs[test.id] ?? 0;
    namespace.hitCount = 0;
    namespace.hitLimit = hits * HITS_FACTOR + HITS_SLACK;
    activate(id);
    const failure = failureOf(test, TEST_TIMEOUT_MS + durationMs * TEST_TIMEOUT_FACTOR);
    return namespace.hitCount > namespace.hitLimit ? TIMEOUT : failure;
  }

  /** Quick tests first, those that have found many mutants before the others, unreached ones last. */
  private weightOf(testId: string, mutantId: string): number {
    const durationMs = (this.counts?.durationsMs[testId] ?? 0) + 0.1;
    const isReached = this.counts?.hits[testId]?.[mutantId] !== undefined;
    return (durationMs / (1 + (this.kills.get(testId) ?? 0))) * (isReached ? 1 : 1e6);
  }

  private async prepare(): Promise<void> {
    const counts = readFileSync(join(this.folder, COUNTS_FILE), "utf8");
    this.counts = JSON.parse(counts) as Counts;
    this.script = await compile(this.folder, false);
    this.clean = load(this.script);
  }
}

const TIMEOUT = "timeout";

/** The tests that judge. */
function load(script: Script): Collected[] {
  return evaluate(script, expectation(), active).filter(isJudging);
}

let expected: unknown;
function expectation(): unknown {
  if (expected === undefined) {
    chai.use(JestExtend);
    chai.use(JestChaiExpect);
    chai.use(JestAsymmetricMatchers);
    expected = Object.assign(chai.expect, { soft: chai.expect, hasAssertions: () => undefined });
  }
  return expected;
}

const watched = new Script("globalThis.holdfastTest()");

function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

/** A machine that is busy with something else is no reason to call a loop endless. */
function withinProcessorTime(test: Collected, limitMs: number): void {
  globals["holdfastTest"] = test.run;
  for (let timeoutMs = Math.ceil(limitMs); ; timeoutMs *= 2) {
    const before = process.cpuUsage();
    try {
      watched.runInThisContext({ timeout: timeoutMs });
      return;
    } catch (error) {
      const isTimeout = (error as { code?: string })?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
      if (!isTimeout || processorMs(before) > limitMs / 2) throw error;
    }
  }
}

/** A test that goes on later would be taken for one that has passed. */
function refusePromise(result: unknown): void {
  if (result instanceof Promise) throw new Error("asynchronous tests judge no mutants");
}

/** What a test says is wrong; nothing when it passes. */
function failureOf(test: Collected, timeoutMs: number | undefined): string | undefined {
  try {
    if (timeoutMs === undefined) refusePromise(test.run());
    else withinProcessorTime(test, timeoutMs);
    return undefined;
  } catch (error) {
    const isTimeout = (error as { code?: string })?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    return isTimeout ? TIMEOUT : String(error);
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, "in-process", InProcessRunner),
];
