import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, test } from "vitest";
import { evaluateInEmptyContext } from "../core/empty-context.ts";
import { run } from "./run.ts";
import { SUBPATHS } from "./subpaths.ts";

const consumer = inject("consumer");

/** Runs a module, or a script, in the consumer's project and gives what it printed, as JSON. */
async function evaluate(source: string, flags: readonly string[] = []): Promise<unknown> {
  const printed = await run(process.execPath, [...flags, "--eval", source], consumer);
  return JSON.parse(printed) as unknown;
}

const MODULE = ["--input-type=module"];
const SCRIPT = ["--input-type=commonjs"];

/** What each subpath is for. */
const MAIN_NAMES: Readonly<Record<string, readonly string[]>> = {
  holdfast: ["connect", "connectOver", "json", "msgpack", "raw", "SessionEndedError"],
  "holdfast/browser": ["connect", "json", "msgpack", "raw", "SessionEndedError"],
  "holdfast/server": ["PeerSession", "SessionServer"],
  "holdfast/http/node": ["configureServer", "nodeListener"],
  "holdfast/http/fetch": ["fetchHandler"],
  "holdfast/tcp": ["tcpListener"],
  "holdfast/chaos": ["parseDuration", "planRequest", "startChaos"],
  "holdfast/core": ["Endpoint", "ParkSide", "RequestSide", "readBody"],
  "holdfast/sim": ["checkScenario", "explore", "Pair", "Simulation"],
  "holdfast/sim/fast-check": ["assertScenario", "fromLooseTape", "tapes"],
  "holdfast/sim/session": ["SessionWorld", "WorldError"],
};

describe("the installed package", () => {
  test("is imported in Node by every subpath", async () => {
    expect(Object.keys(MAIN_NAMES).toSorted()).toEqual(SUBPATHS.toSorted());
    const source = `const names = {};
      for (const subpath of ${JSON.stringify(SUBPATHS)}) {
        names[subpath] = Object.keys(await import(subpath));
      }
      console.log(JSON.stringify(names));`;
    const names = (await evaluate(source, MODULE)) as Record<string, string[]>;

    for (const [subpath, expected] of Object.entries(MAIN_NAMES)) {
      expect({ [subpath]: names[subpath] }).toEqual({
        [subpath]: expect.arrayContaining([...expected]),
      });
    }
  });

  test("shares its classes between subpaths, so that instanceof works", async () => {
    const source = `const [client, core] = await Promise.all([import("holdfast"), import("holdfast/core")]);
      console.log(client.UsageError === core.UsageError);`;
    expect(await evaluate(source, MODULE)).toBe(true);
  });

  test("is required by CommonJS on this Node", async () => {
    const source = `const { connect } = require("holdfast");
      const { SessionServer } = require("holdfast/server");
      console.log(JSON.stringify([typeof connect, typeof SessionServer]));`;
    expect(await evaluate(source, SCRIPT)).toEqual(["function", "function"]);
  });

  test.each(["holdfast/dist/core/half.js", "holdfast/core/half", "holdfast/session"])(
    "refuses %s, which is not public",
    async (subpath) => {
      const source = `import(${JSON.stringify(subpath)}).then(
        () => console.log('"imported"'), ({ code }) => console.log(JSON.stringify(code)));`;
      expect(await evaluate(source, MODULE)).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
    },
  );

  test("carries messages between a server and a client in plain Node", async () => {
    const source = `
      import { createServer } from "node:http";
      import { once } from "node:events";
      import { connect } from "holdfast";
      import { nodeListener } from "holdfast/http/node";
      import { SessionServer } from "holdfast/server";
      const sessions = new SessionServer({
        async onSession(session) { for await (const n of session) session.send(n * n); },
      });
      const server = createServer(nodeListener(sessions)).listen(0, "127.0.0.1");
      await once(server, "listening");
      const session = connect(\`http://127.0.0.1:\${server.address().port}/holdfast\`);
      for (let n = 0; n < 100; n++) session.send(n);
      const squares = [];
      for await (const square of session) if (squares.push(square) === 100) break;
      const { reason } = await session.close();
      server.close();
      console.log(JSON.stringify({ squares, reason }));`;
    const squares = Array.from({ length: 100 }, (_, n) => n * n);
    expect(await evaluate(source, MODULE)).toEqual({ squares, reason: "closed" });
  });

  test("has a core that evaluates where only ECMAScript's own objects exist", async () => {
    const core = pathToFileURL(join(consumer, "node_modules/holdfast/dist/core/"));
    const read = (url: URL) => (existsSync(url) ? readFileSync(url, "utf8") : undefined);
    const names = Object.keys(await evaluateInEmptyContext(core, "index.js", read));

    expect(names).toEqual(expect.arrayContaining([...(MAIN_NAMES["holdfast/core"] ?? [])]));
  });

  test("says which commands there are, by its bin and by npx", async () => {
    const cli = join(consumer, "node_modules/.bin/holdfast");
    expect(await run(cli, ["--help"], consumer)).toMatch(/Usage: holdfast .*chaos/s);
    const help = await run("npx", ["--no", "holdfast", "chaos", "--help"], consumer);
    expect(help).toMatch(/Usage: holdfast chaos .*--loss .*--cut-every/s);
  });
});

describe("which client it is", () => {
  const conditions = (flags: readonly string[]): Promise<unknown> => {
    const source = `console.log(JSON.stringify(import.meta.resolve("holdfast")));`;
    return evaluate(source, [...MODULE, ...flags]);
  };

  test("is that of node:http in Node, whatever else is true of the host", async () => {
    const client = /\/dist\/http\/connect-node\.js$/;
    expect(await conditions([])).toMatch(client);
    expect(await conditions(["--conditions=browser", "--conditions=worker"])).toMatch(client);
  });
});
