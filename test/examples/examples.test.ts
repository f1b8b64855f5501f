import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("examples", () => {
  it("carry every message over a bad line once and in order", () => {
    const command = ["--import", "tsx", "examples/bad-line.ts", "30", "3000"];
    const options = { cwd: root, encoding: "utf8", timeout: 60_000 } as const;
    expect(execFileSync(process.execPath, command, options)).toContain("messagesWrong: 0");
  }, 60_000);

  it("are read in a minute: each file has fewer than 100 lines", () => {
    // The demo is a whole application, and bad-line.ts is a driver of the core beside a network.
    const files = readdirSync(`${root}examples`, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .filter((file) => !/^demo\b/.test(file) && file !== "bad-line.ts");
    const lengths = files.map((file) => {
      const lines = readFileSync(`${root}examples/${file}`, "utf8").split("\n").length - 1;
      return [file, lines] as const;
    });
    for (const file of ["chat.ts", "game-loop.ts", "shared-text/main.ts", "shared-text/copy.ts"]) {
      expect(files).toContain(file);
    }
    expect(lengths.filter(([, lines]) => lines >= 100)).toEqual([]);
  });
});
