// The core needs nothing from its host: no clock, no I/O, no randomness, no import from outside.
// The compiler's empty `types` and the lint rules say so of the source; this file says so of the
// build.

import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import * as source from "../../src/core/index.ts";
import { evaluateInEmptyContext, globalsOfEmptyContext } from "./empty-context.ts";

const built = new URL("../../dist/core/", import.meta.url);

function readBuilt(url: URL): string | undefined {
  return existsSync(url) ? readFileSync(url, "utf8") : undefined;
}

// ECMA-262's global properties, those newer than the oldest supported Node included; without what
// the empty context removes.
const ecmascript = new Set(
  `
  AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array
  Boolean DataView DisposableStack Error EvalError Float16Array Float32Array Float64Array
  Function Infinity Int16Array Int32Array Int8Array Iterator JSON Map Math NaN Number Object
  Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol
  SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap
  WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis
  isFinite isNaN parseFloat parseInt undefined unescape
  `.match(/\w+/g),
);

describe("the built core", () => {
  beforeAll(() => {
    if (!existsSync(built)) throw new Error("dist/core is missing: npm run build");
  });

  test("evaluates where only ECMAScript's own objects exist", async () => {
    const core = await evaluateInEmptyContext(built, "index.js", readBuilt);

    expect(Object.keys(core).toSorted()).toEqual(Object.keys(source).toSorted());
  });
});

describe("the empty context", () => {
  const root = new URL("file:///core/");
  const evaluate = (files: Record<string, string>) =>
    evaluateInEmptyContext(root, "index.js", (url) => files[url.href.slice(root.href.length)]);

  test("offers ECMAScript's own objects and no others", () => {
    expect(globalsOfEmptyContext().filter((name) => !ecmascript.has(name))).toEqual([]);
  });

  test("evaluates modules that import each other", async () => {
    const files = {
      "index.js": `import { one } from "./a/one.js"; export const two = one + one;`,
      "a/one.js": `import "../index.js"; export const one = 1;`,
    };

    expect(await evaluate(files)).toMatchObject({ two: 2 });
  });

  test.each([
    ["a host module", `import "node:fs";`],
    ["a package", `import "msgpackr";`],
    ["a file outside", `import "../http/index.js";`],
    ["an absolute path", `import "/core/one.js";`],
    ["a URL", `import "file:///core/one.js";`],
  ])("refuses an import of %s", async (_name, text) => {
    await expect(evaluate({ "index.js": text })).rejects.toThrow(/leaves/);
  });

  test.each([
    "setTimeout(() => {}, 0)",
    "queueMicrotask(() => {})",
    "performance.now()",
    "process.hrtime()",
    "Buffer.alloc(1)",
    "console.log(1)",
    "fetch('http://localhost/')",
    "crypto.getRandomValues(new Uint8Array(1))",
    "Date.now()",
    "Math.random()",
    "new Function('return this')()",
    "await import('node:fs')",
  ])("refuses %s", async (text) => {
    await expect(evaluate({ "index.js": `${text};` })).rejects.toThrow(
      /is not defined|is not a function|Code generation|import/,
    );
  });
});

describe("a test of pure code", () => {
  test("sees no clock and no ambient randomness", () => {
    expect(() => Date.now()).toThrow(/nowMs/);
    expect(() => Math.random()).toThrow(/seed/);
  });

  test("draws the same cases in every run", () => {
    const draw = () => {
      const cases: number[] = [];
      fc.assert(fc.property(fc.integer(), (n) => void cases.push(n)));
      return cases;
    };

    expect(draw()).toEqual(draw());
  });
});
