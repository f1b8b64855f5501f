// The README's server.ts and client.ts, two programs, and drive-core.ts, which is one.

import { describe, expect, it } from "vitest";
import { Program } from "../program.ts";
import { BROKEN_LINE } from "./commands.ts";

const GREETINGS = ["Hello, Ada!", "Hello, Grace!"];

function startServer(): Promise<number> {
  return new Program("examples/readme/server.ts").port();
}

describe("the README's server and client", () => {
  it("talk to each other as two processes", async () => {
    const client = new Program("examples/readme/client.ts", [], await startServer());
    expect(await client.ended).toBe(0);
    expect([client.lines, client.complaints]).toEqual([GREETINGS, []]);
  });

  it("talk to each other over the line that the README makes bad", async () => {
    const target = await startServer();
    const options = BROKEN_LINE.map((word) => {
      return word.replace("127.0.0.1:8080", `127.0.0.1:${target}`).replace(/^8081$/, "0");
    });
    expect(options).toContain("--loss");
    const line = new Program("src/cli/main.ts", ["chaos", ...options]);
    const [said = ""] = await line.line(/Listening on 127\.0\.0\.1:\d+, passing HTTP on/);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];

    const client = new Program("examples/readme/client.ts", [], port);
    expect(await client.ended).toBe(0);
    // An outage of more than a second would be told in between.
    const isOutage = (text: string): boolean => /^(The line is down|Back after)/.test(text);
    expect(client.lines.filter((text) => !isOutage(text))).toEqual(GREETINGS);
    line.signal("SIGTERM");
    await line.ended;
    expect(line.lines.join("\n")).toMatch(/requests/);
  });
});

describe("the core alone", () => {
  it("is driven by a program that says what to do with its outputs", async () => {
    const program = new Program("examples/readme/drive-core.ts");
    expect(await program.ended).toBe(0);
    expect([program.lines, program.complaints]).toEqual([[], []]);
  });
});
