// Leaves out what stands inside `assert(...)`. An assertion of the core says once more what other
// code already makes true, so that none fails while the core is right, and no test that the core
// passes can tell a weaker assertion from a strong one. `demand(...)`, which decides what a peer
// may send, is left in.

import type { Ignorer } from "@stryker-mutator/api/ignore";
import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/** Why a mutant is left out, as the report says it. */
export const ASSERTION = "inside an assertion";

interface CallPath {
  isCallExpression?(): boolean;
  readonly node?: { readonly callee?: { readonly type: string; readonly name?: string } };
}

const assertions: Ignorer = {
  shouldIgnore(path: CallPath) {
    if (path.isCallExpression?.() !== true) return undefined;
    const callee = path.node?.callee;
    return callee?.type === "Identifier" && callee.name === "assert" ? ASSERTION : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "assertions", assertions)];
