import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { freePort } from "../listening.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Runs an example as a reader would, against the built package. */
async function run(file: string, ...options: string[]): Promise<string> {
  const command = ["--import", "tsx", `examples/${file}`, ...options];
  const env = { ...process.env, PORT: String(await freePort()) };
  return execFileSync(process.execPath, command, {
    cwd: root,
    encoding: "utf8",
    env,
    timeout: 60_000,
  });
}

describe("examples", () => {
  it("carry every message over a bad line once and in order", async () => {
    expect(await run("bad-line.ts", "30", "3000")).toContain("messagesWrong: 0");
  }, 60_000);

  it.each(["hello.ts", "client.ts"])(
    "show in the README what runs: %s",
    async (file) => {
      const readme = readFileSync(`${root}README.md`, "utf8");
      const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((match) => match[1]);
      expect(blocks).toContain(readFileSync(`${root}examples/${file}`, "utf8"));
      await expect(run(file)).resolves.toBeTypeOf("string");
    },
    60_000,
  );

  it("greet over plain HTTP", async () => {
    expect(await run("hello.ts")).toBe("Hello, Ada!\nHello, Grace!\n");
  }, 60_000);

  it("show in the README nothing that is not run", () => {
    const readme = readFileSync(`${root}README.md`, "utf8");
    expect(readme.match(/```(ts|js)/g)).toHaveLength(2);
  });
});
