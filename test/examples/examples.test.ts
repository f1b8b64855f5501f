import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs an example as a reader would, against the built package. */
function run(file: string, ...options: string[]): string {
  const path = `examples/${file}`;
  const command = ["--import", "tsx", path, ...options];
  const env = { ...process.env, PORT: String(20_000 + (process.pid % 10_000)) };
  return execFileSync(process.execPath, command, {
    cwd: root,
    encoding: "utf8",
    env,
    timeout: 60_000,
  });
}

describe("examples", () => {
  it("carry every message over a bad line once and in order", () => {
    expect(run("bad-line.ts", "30", "3000")).toContain("messagesWrong: 0");
  }, 60_000);

  it.each(["hello.ts", "client.ts"])(
    "show in the README what runs: %s",
    (file) => {
      const readme = readFileSync(`${root}README.md`, "utf8");
      const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]);
      expect(blocks).toContain(readFileSync(`${root}examples/${file}`, "utf8"));
      expect(() => run(file)).not.toThrow();
    },
    60_000,
  );

  it("greet over plain HTTP", () => {
    expect(run("hello.ts")).toBe("Hello, Ada!\nHello, Grace!\n");
  }, 60_000);

  it("show in the README nothing that is not run", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    expect(readme.match(/```(ts|js)/g)).toHaveLength(2);
  });
});
