/**
 * Reads an editing trace: a gzipped JSON of the shape that the public collection of editing traces
 * has, `{ startContent, endContent, txns: [{ patches: [[position, deleted, inserted]] }] }`. What
 * is returned was played once: its patches do make its end out of its start.
 */
import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { isPatch } from "./change.ts";
import { Document, type Patch } from "./document.ts";

export interface Trace {
  readonly startContent: string;
  readonly endContent: string;
  /** The patches of each transaction; a transaction is one message. */
  readonly transactions: readonly (readonly Patch[])[];
}

/** The largest file, in bytes: 64 times the largest trace of the public collection. */
const FILE_BYTES_MAX = 64 * 1_048_576;
/** The largest JSON in it: below the longest string that V8 makes (2^29 - 24 units). */
const JSON_BYTES_MAX = 512 * 1_048_576 - 1_024;
/** Most transactions: each costs two times of arrival and two of sending, 8 bytes each. */
const TRANSACTIONS_MAX = 4_194_304;

/** Why a file is no trace. Stable. */
export type TraceErrorCode =
  | "trace_missing"
  | "trace_too_large"
  | "trace_not_gzip"
  | "trace_not_json"
  | "trace_shape"
  | "trace_empty"
  | "trace_end_differs";

export class TraceError extends Error {
  override readonly name = "TraceError";
  readonly code: TraceErrorCode;

  constructor(code: TraceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws TraceError */
export function readTrace(path: string): Trace {
  return playedTrace(parse(unzip(readFile(path), path), path), path);
}

function readFile(path: string): Uint8Array {
  let size: number;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new TraceError("trace_missing", `${path} is not a file`);
    size = stat.size;
  } catch (error) {
    if (error instanceof TraceError) throw error;
    throw new TraceError("trace_missing", `cannot read ${path}: ${reasonOf(error)}`);
  }
  if (size > FILE_BYTES_MAX) {
    throw new TraceError("trace_too_large", `${path} is larger than ${FILE_BYTES_MAX} bytes`);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TraceError("trace_missing", `cannot read ${path}: ${reasonOf(error)}`);
  }
}

function unzip(bytes: Uint8Array, path: string): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: JSON_BYTES_MAX }).toString("utf8");
  } catch (error) {
    if (error instanceof RangeError) {
      throw new TraceError("trace_too_large", `${path} unzips to over ${JSON_BYTES_MAX} bytes`);
    }
    throw new TraceError("trace_not_gzip", `${path} is no gzip file: ${reasonOf(error)}`);
  }
}

function parse(json: string, path: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    throw new TraceError("trace_not_json", `${path} holds no JSON: ${reasonOf(error)}`);
  }
}

function playedTrace(value: unknown, path: string): Trace {
  const shape = (what: string): TraceError =>
    new TraceError("trace_shape", `${path} is no trace: ${what}`);
  if (typeof value !== "object" || value === null) throw shape("it holds no object");
  const { startContent, endContent, txns } = value as Record<string, unknown>;
  if (typeof startContent !== "string") throw shape("startContent is no string");
  if (typeof endContent !== "string") throw shape("endContent is no string");
  if (!Array.isArray(txns)) throw shape("txns is no list");
  if (txns.length === 0) throw new TraceError("trace_empty", `${path} has no transactions`);
  if (txns.length > TRANSACTIONS_MAX) {
    throw new TraceError("trace_too_large", `${path} has over ${TRANSACTIONS_MAX} transactions`);
  }
  const document = new Document(startContent);
  const transactions = txns.map((txn: unknown, place): readonly Patch[] => {
    const patches = typeof txn === "object" && txn !== null && "patches" in txn && txn.patches;
    if (!Array.isArray(patches) || !patches.every(isPatch)) {
      throw shape(`transaction ${place} has no list of patches`);
    }
    if (!patches.every((patch) => document.apply(patch))) {
      throw shape(`a patch of transaction ${place} lies outside the document`);
    }
    return patches;
  });
  if (document.text() !== endContent) {
    throw new TraceError("trace_end_differs", `${path}: its patches do not make its endContent`);
  }
  return { startContent, endContent, transactions };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
