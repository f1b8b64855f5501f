import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("examples", () => {
  it("carry every message over a bad line once and in order", () => {
    const command = ["--import", "tsx", "examples/bad-line.ts", "30", "3000"];
    const options = { cwd: root, encoding: "utf8", timeout: 60_000 } as const;
    expect(execFileSync(process.execPath, command, options)).toContain("messagesWrong: 0");
  }, 60_000);
});
