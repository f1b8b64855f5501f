import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { TYPED_TRACE } from "./options.ts";
import { readTrace, TraceError } from "./trace.ts";
import { TYPED_SEED, TYPED_TRANSACTIONS, typedTrace } from "./typist.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

function written(bytes: Uint8Array | string): string {
  const path = join(folder, "trace.json.gz");
  writeFileSync(path, bytes);
  return path;
}

function codeOf(path: string): string {
  try {
    readTrace(path);
  } catch (error) {
    if (error instanceof TraceError) {
      expect(error.message, "names the file, in one line").toMatch(/^.*trace.*$/);
      return error.code;
    }
    throw error;
  }
  return "none";
}

function codeOfValue(value: unknown): string {
  return codeOf(written(gzipSync(JSON.stringify(value))));
}

const good = { startContent: "", endContent: "ab", txns: [{ patches: [[0, 0, "ab"]] }] };

test("a trace is read with its ends and its patches", () => {
  const trace = readTrace(written(gzipSync(JSON.stringify(good))));
  expect(trace).toEqual({
    startContent: "",
    endContent: "ab",
    transactions: [[[0, 0, "ab"]]],
  });
});

test("what is no file, no gzip or no JSON is refused as that", () => {
  expect(codeOf(join(folder, "no-trace"))).toBe("trace_missing");
  const subfolder = mkdtempSync(join(folder, "trace"));
  expect(codeOf(subfolder)).toBe("trace_missing");
  expect(codeOf(written(JSON.stringify(good)))).toBe("trace_not_gzip");
  expect(codeOf(written(gzipSync(JSON.stringify(good)).subarray(0, 40)))).toBe("trace_not_gzip");
  expect(codeOf(written(""))).toBe("trace_not_gzip");
  expect(codeOf(written(gzipSync("{")))).toBe("trace_not_json");
});

test.each<[string, unknown]>([
  ["no object", 7],
  ["null", null],
  ["no start", { ...good, startContent: undefined }],
  ["no end", { ...good, endContent: 3 }],
  ["no transactions", { ...good, txns: {} }],
  ["a transaction that is none", { ...good, txns: [null] }],
  ["a transaction without patches", { ...good, txns: [{}] }],
  ["a patch of two", { ...good, txns: [{ patches: [[0, 0]] }] }],
  ["a patch with a number for a text", { ...good, txns: [{ patches: [[0, 0, 1]] }] }],
  ["a patch outside the document", { ...good, txns: [{ patches: [[1, 0, "ab"]] }] }],
])("a file that holds %s is refused for its shape", (_what, value) => {
  expect(codeOfValue(value)).toBe("trace_shape");
});

test("a trace without transactions, or whose patches do not make its end, is refused", () => {
  expect(codeOfValue({ ...good, txns: [] })).toBe("trace_empty");
  expect(codeOfValue({ ...good, endContent: "ba" })).toBe("trace_end_differs");
});

test("the committed trace is the one that its script makes, and small", () => {
  const { endContent, txns } = typedTrace(TYPED_TRANSACTIONS, TYPED_SEED);
  const trace = readTrace(TYPED_TRACE);
  expect(trace.endContent).toBe(endContent);
  expect(trace.transactions).toEqual(txns.map(({ patches }) => patches));
  expect(statSync(TYPED_TRACE).size).toBeLessThanOrEqual(60_000);
});

test("the committed trace types, deletes, pastes, moves pieces, and is not ASCII alone", () => {
  const { transactions, endContent } = readTrace(TYPED_TRACE);
  const patches = transactions.flat();
  expect(
    patches.filter(([, deleted, text]) => deleted === 1 && text === "").length,
  ).toBeGreaterThan(100);
  expect(patches.filter(([, deleted]) => deleted > 1).length).toBeGreaterThan(5);
  expect(patches.filter(([, , text]) => text.length > 1).length).toBeGreaterThan(5);
  expect(transactions.filter(({ length }) => length > 1).length).toBeGreaterThan(2);
  expect(endContent).toMatch(/[é-ü]/);
});

const recorded = fileURLToPath(new URL("../../../shared/data", import.meta.url));

test.runIf(existsSync(recorded)).each([
  ["automerge-paper.json.gz", 259_778, 104_852],
  ["friendsforever_flat.json.gz", 26_078, 21_362],
])("the recorded trace %s is read", (name, transactions, length) => {
  const trace = readTrace(join(recorded, name));
  expect(trace.transactions.length).toBe(transactions);
  expect(trace.endContent.length).toBe(length);
});
