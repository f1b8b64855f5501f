import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs an example as a reader would, against the built package. */
function run(file: string, ...options: string[]): string {
  const path = `examples/${file}`;
  const command = ["--import", "tsx", path, ...options];
  return execFileSync(process.execPath, command, { cwd: root, encoding: "utf8", timeout: 60_000 });
}

describe("examples", () => {
  it("carry every message over a bad line once and in order", () => {
    expect(run("bad-line.ts", "30", "3000")).toContain("messagesWrong: 0");
  }, 60_000);

  it("show in the README what runs", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    const code = /```ts\n([^]*?)```/.exec(readme)?.[1];
    expect(code).toBe(readFileSync(`${root}examples/client.ts`, "utf8"));
    expect(() => run("client.ts")).not.toThrow();
  }, 60_000);
});
