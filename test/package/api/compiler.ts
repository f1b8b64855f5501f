/**
 * A compiler that can be asked about declarations. TypeScript 7 has no programming interface yet,
 * so this is the TypeScript 6 that @microsoft/api-extractor brings along.
 */
import { createRequire } from "node:module";
import type * as ts6 from "../../../node_modules/@microsoft/api-extractor/node_modules/typescript/lib/typescript.d.ts";

const require = createRequire(import.meta.url);
const requireAsTool = createRequire(require.resolve("@microsoft/api-extractor/package.json"));

export const ts = requireAsTool("typescript") as typeof ts6;
export type { ts6 };
