import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import { soon } from "../waiting.ts";
import { post, refusalOf } from "./test-server.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts an example as a reader would, against the built package, on a free port. */
async function start(file: string): Promise<{ port: number; stop: () => Promise<unknown> }> {
  const child = spawn(process.execPath, ["--import", "tsx", `examples/servers/${file}`], {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exit = once(child, "exit");
  const complaints: string[] = [];
  createInterface(child.stderr).on("line", (line) => complaints.push(line));
  const lines = createInterface(child.stdout);
  const port = await Promise.race([
    once(lines, "line").then(([line]) => Number(/port: (\d+)/.exec(line as string)?.[1])),
    exit.then(() => Promise.reject(new Error(complaints.join("\n")))),
  ]);
  const stop = async (): Promise<unknown> => {
    child.kill("SIGTERM");
    const [status] = await exit;
    return [status, complaints];
  };
  return { port, stop };
}

describe.each(["express.ts", "fastify.ts", "hono.ts"])("examples/servers/%s", (file) => {
  it("serves sessions beside other routes, and drains before it goes", async () => {
    const { port, stop } = await start(file);
    const url = `http://127.0.0.1:${port}`;
    expect(await (await fetch(url)).text()).toBe("home");
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
    const refused = post(`${url}/holdfast`, "x", { "content-type": "text/plain" });
    expect(await refusalOf(refused)).toEqual([415, "media_type_unsupported"]);

    const session = connect<string, string>(`${url}/holdfast`);
    const upgraded = new Promise<void>((resolve) => {
      session.on("link", (name) => name === "websocket" && resolve());
    });
    session.send("Ada");
    session.send("Grace");
    const greetings: string[] = [];
    for await (const greeting of session) if (greetings.push(greeting) === 2) break;
    expect(greetings).toEqual(["Hello, Ada!", "Hello, Grace!"]);

    // The session's WebSocket is open; it must not keep the server from going.
    await soon(upgraded, "the WebSocket");
    expect(await stop()).toEqual([0, []]);
    session.abort();
  }, 60_000);
});
