// The README's server.ts and client.ts, two programs, drive-core.ts, which is one, and the chat over
// the line that the README makes bad.

import { describe, expect, it } from "vitest";
import { freePort } from "../listening.ts";
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

  it("say that nobody listens", async () => {
    const port = await freePort();
    const client = new Program("examples/readme/client.ts", [], port);
    expect(await client.line(/down/)).toEqual(["The line is down: connection_refused"]);
  });
});

describe("the chat over the line that the README makes bad", () => {
  it("says everything once, and the line says what it did", async () => {
    const target = await new Program("examples/chat.ts", ["serve"]).port();
    const options = BROKEN_LINE.map((word) => {
      return word.replace("127.0.0.1:8080", `127.0.0.1:${target}`).replace(/^8081$/, "0");
    });
    expect(options).toContain("--loss");
    const line = new Program("src/cli/main.ts", ["chaos", ...options, "--verbose"]);
    const [said = ""] = await line.line(/Listening on 127\.0\.0\.1:\d+, passing HTTP on/);
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(said) ?? [];

    const ada = new Program("examples/chat.ts", ["Ada"], port);
    await ada.line(/^-- Ada has joined/);
    ada.say("before");
    // A line that nothing is said on is cut as well.
    await line.line(/ {2}cuts {2}/, 2);
    ada.say("after");
    ada.endInput();
    expect(await ada.ended).toBe(0);
    expect(ada.lines.filter((text) => text.startsWith("Ada: "))).toEqual([
      "Ada: before",
      "Ada: after",
    ]);
    line.signal("SIGINT");
    expect(await line.ended).toBe(0);
    const [counted = ""] = await line.line(/connections cut/);
    expect(Number(/\d+/.exec(counted)?.[0])).toBeGreaterThanOrEqual(2);
  });
});

describe("the core alone", () => {
  it("is driven by a program that says what to do with its outputs", async () => {
    const program = new Program("examples/readme/drive-core.ts");
    expect(await program.ended).toBe(0);
    expect([program.lines, program.complaints]).toEqual([[], []]);
  });
});
