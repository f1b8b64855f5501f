import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startChaos } from "../../src/chaos/index.ts";
import { runCli } from "../../src/cli/program.ts";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { upgradeListener } from "../../src/http/node-upgrade.ts";
import { SessionServer } from "../../src/session/server.ts";

const headersSeen: (string | undefined)[] = [];
const sessions = new SessionServer({
  authenticate: ({ header }) => {
    headersSeen.push(header("authorization"));
    return "";
  },
  onSession() {},
});
const server = createServer(nodeListener(sessions));
server.on("upgrade", upgradeListener(sessions));
configureServer(server);
let port = 0;
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => void server.close().closeAllConnections());

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process. */
async function holdfast(...args: string[]): Promise<Result> {
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    const spy = vi.spyOn(process[name], "write").mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  const status = await runCli(args);
  vi.restoreAllMocks();
  return { status, ...printed };
}

describe("holdfast probe", () => {
  const url = (): string => `http://127.0.0.1:${port}/holdfast`;

  test("prints a table, and ends with 0 where nothing is wrong", async () => {
    const { status, stdout, stderr } = await holdfast("probe", url(), "--hold-for", "1s");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/│ link +│ works │ after +│ why not │/);
    for (const link of ["poll", "stream", "websocket"]) {
      expect(stdout).toMatch(new RegExp(`│ ${link} +│ yes +│ \\d+ ms +│ +│`));
    }
    expect(stdout).toContain("Nobody holds streams back.\nA request was held for 1.0 s, and");
    expect(status).toBe(0);
  });

  test("prints one JSON object, sends the message and the headers", async () => {
    const flags = "--hold-for 0 --json -m hello -H X-Other:z --codec msgpack".split(" ");
    const authorization = ["-H", "Authorization: Bearer x:y"];
    const { status, stdout } = await holdfast("probe", url(), ...flags, ...authorization);
    expect(stdout.split("\n")).toHaveLength(2);
    const report = JSON.parse(stdout) as { links: { link: string; messageMs: number }[] };
    expect(report).toMatchObject({ url: url(), isFine: true, isBuffered: false });
    expect(report.links.map(({ link }) => link)).toEqual(["poll", "stream", "websocket"]);
    for (const { messageMs } of report.links) expect(messageMs).toBeGreaterThanOrEqual(0);
    expect(headersSeen.at(-1)).toBe("Bearer x:y");
    expect(status).toBe(0);
  });

  test("says what cuts held requests, and ends with 1", async () => {
    const proxy = await startChaos({ target: port, tcp: true, closeIdleMs: 1_200 });
    onTestFinished(() => proxy.close());
    const { status, stdout } = await holdfast("probe", `http://127.0.0.1:${proxy.port}/holdfast`);
    expect(stdout).toMatch(/Held requests are cut after 1\.\d s \(\w+\): sessions learn/);
    expect(status).toBe(1);
  });

  test("says what is wrong, and ends with 1 where nothing works", async () => {
    const { status, stdout } = await holdfast("probe", `https://127.0.0.1:${port}/holdfast`);
    expect(stdout).toMatch(/│ poll +│ no +│ +│ tls_failed │/);
    expect(stdout).not.toContain("websocket");
    expect(status).toBe(1);
  });

  test("leaves out of the JSON what it could not try", async () => {
    const { stdout } = await holdfast("probe", `https://127.0.0.1:${port}/holdfast`, "--json");
    expect(stdout).toContain('"isFine":false');
    expect(stdout).not.toContain("isBuffered");
  });

  test("says where to look where WebSockets are refused, and only there", async () => {
    const bare = createServer(nodeListener(sessions)).listen(0, "127.0.0.1");
    onTestFinished(() => void bare.close().closeAllConnections());
    await once(bare, "listening");
    const hint = "a proxy may leave out the header Upgrade, or change Host: see spec/links.md.\n";
    const target = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/holdfast`;
    const refused = await holdfast("probe", target, "--hold-for", "0");
    expect(refused.stdout).toMatch(/│ websocket +│ no +│ +│ websocket_refused +│/);
    expect(refused.stdout).toContain(hint);
    expect(refused.status).toBe(0);
    const taken = await holdfast("probe", url(), "--hold-for", "0");
    expect(taken.stdout).not.toContain("Upgrade");
    expect((await holdfast("probe", "--help")).stdout).toContain("websocket_refused");
  });

  test.each<[string, string[], RegExp]>([
    ["no address", [], /missing required argument 'url'/],
    ["two", ["http://a", "http://b"], /too many arguments/],
    ["another protocol", ["ftp://a"], /must be a URL with http: or https:/],
    ["no URL", ["example.org"], /must be a URL with http: or https:/],
    ["credentials in it", ["http://a:b@c/"], /without credentials/],
    ["a header without a value", ["http://a", "-H", "x"], /must be written "name: value"/],
    ["a header of two lines", ["http://a", "-H", "x: a\nb"], /must be written "name: value"/],
    ["a time of nothing", ["http://a", "--hold-for", "soon"], /--hold-for/],
    ["a link that has no time", ["http://a", "--link-timeout", "0"], /linkTimeoutMs is 0 and must/],
    ["an address of no TCP", ["http://a", "--tcp", "http://b"], /tcp:\/\/host:port/],
    ["another codec", ["http://a", "--codec", "xml"], /Allowed choices are raw, json, msgpack/],
  ])("takes %s for a command line that makes no sense", async (_what, args, message) => {
    const { status, stdout, stderr } = await holdfast("probe", ...args);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, ""]);
  });
});
