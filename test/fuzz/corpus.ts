// What the mutations begin with: every committed vector, and bodies of every kind that the writer
// can write, made from a fixed seed.

import fc from "fast-check";
import { readFileSync } from "node:fs";
import { encodeBody } from "../../src/core/body-writer.ts";
import { anyBody } from "../core/bodies.ts";
import { vectorsDirectory } from "../vectors/generate.ts";
import { fromHex } from "../vectors/hex.ts";
import { parseShape, type Shape } from "./shape.ts";

/** Bytes of a committed vector. */
export interface Vector {
  /** The file, and where in it. */
  readonly name: string;
  readonly reader: "body" | "versions";
  readonly bytes: Uint8Array;
}

interface AnyVector {
  readonly name?: string;
  readonly reader?: string;
  readonly bytes?: string;
  readonly steps?: readonly AnyVector[];
}

/** Every vector of spec/vectors that has bytes, the bodies of stories among them. */
export function committedVectors(): Vector[] {
  const files = ["frames", "malformed", "versions", "stories"].map(
    (file): [string, AnyVector[]] => {
      const text = readFileSync(new URL(`${file}.json`, vectorsDirectory), "utf8");
      return [file, JSON.parse(text) as AnyVector[]];
    },
  );
  return files.flatMap(([file, vectors]) =>
    vectors.flatMap((vector, at) => [
      ...vectorOf(vector, `${file}.json ${at} ${vector.name ?? ""}`, file),
      ...(vector.steps ?? []).flatMap((step, k) =>
        vectorOf(step, `${file}.json ${at} ${vector.name ?? ""}, step ${k}`, file),
      ),
    ]),
  );
}

function vectorOf(vector: AnyVector, name: string, file: string): Vector[] {
  if (vector.bytes === undefined) return [];
  const bytes = fromHex(vector.bytes);
  const isVersions = file === "versions" || vector.reader === "versions";
  return [{ name, reader: isVersions ? "versions" : "body", bytes }];
}

/** A body to begin with. */
export interface Base {
  readonly name: string;
  readonly shape: Shape;
}

const WRITTEN_COUNT = 600;
const WRITTEN_SEED = 1;
/** Above it a body is mostly payload, and mutations of it are slow without being others. */
const BASE_BYTES_MAX = 2_000;

/** What mutated bodies begin with. */
export function bodyCorpus(): Base[] {
  const vectors = committedVectors()
    .filter(({ reader }) => reader === "body")
    .map(({ name, bytes }) => ({ name, bytes }));
  const written = fc
    .sample(anyBody, { numRuns: WRITTEN_COUNT, seed: WRITTEN_SEED })
    .map(({ body, options }, at) => ({ name: `body ${at}`, bytes: encodeBody(body, options) }));
  return [...vectors, ...written]
    .filter(({ bytes }) => bytes.length <= BASE_BYTES_MAX)
    .map(({ name, bytes }) => ({ name, shape: parseShape(bytes) }));
}

/** VERSION bodies. */
export function versionsCorpus(): Uint8Array[] {
  return committedVectors()
    .filter(({ reader }) => reader === "versions")
    .map(({ bytes }) => bytes);
}
