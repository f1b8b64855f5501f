// The README's server.ts and client.ts, two programs, and drive-core.ts, which is one.

import { describe, expect, it } from "vitest";
import { BROKEN_LINE } from "./commands.ts";
import { start } from "./programs.ts";

const GREETINGS = "Hello, Ada!\nHello, Grace!\n";

async function startServer(): Promise<number> {
  const server = start("examples/readme/server.ts");
  const [, port] = await server.whenPrinted(/port: (\d+)/);
  return Number(port);
}

describe("the README's server and client", () => {
  it("talk to each other as two processes", async () => {
    const client = start("examples/readme/client.ts", [], await startServer());
    expect(await client.ended).toEqual({ status: 0, printed: GREETINGS });
  });

  it("talk to each other over the line that the README makes bad", async () => {
    const target = await startServer();
    const options = BROKEN_LINE.map((word) => {
      return word.replace("127.0.0.1:8080", `127.0.0.1:${target}`).replace(/^8081$/, "0");
    });
    expect(options).toContain("--loss");
    const line = start("src/cli/main.ts", ["chaos", ...options]);
    const [, port] = await line.whenPrinted(/Listening on 127\.0\.0\.1:(\d+), passing HTTP on/);

    const client = start("examples/readme/client.ts", [], Number(port));
    const { status, printed } = await client.ended;
    expect(status).toBe(0);
    // An outage of more than a second would be told in between.
    expect(printed.replaceAll(/^(The line is down|Back after).*\n/gm, "")).toBe(GREETINGS);
    line.stop();
    expect((await line.ended).printed).toMatch(/requests/);
  });
});

describe("the core alone", () => {
  it("is driven by a program that says what to do with its outputs", async () => {
    const program = start("examples/readme/drive-core.ts");
    expect(await program.ended).toEqual({ status: 0, printed: "" });
  });
});
