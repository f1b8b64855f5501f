/** examples/shared-text/main.ts as its reader starts it. */
import { describe, expect, it } from "vitest";
import { freePort } from "../listening.ts";
import { Program } from "../program.ts";

const WRITERS = 3;

/** Runs it to its end. */
async function write(...options: readonly string[]): Promise<Program> {
  const program = new Program("examples/shared-text/main.ts", options, await freePort());
  await program.ended;
  return program;
}

describe("the shared text", () => {
  it.each([
    ["a clean line", 60, []],
    ["a bad line", 150, ["--loss", "8%", "--cuts", "4/s"]],
  ])("ends equal at all writers and the server, on %s", async (_line, edits, faults) => {
    const program = await write("--edits", String(edits), ...faults);
    expect(program.complaints).toEqual([]);
    expect(program.lines.at(-1)).toBe(`${WRITERS * edits} changes; the texts are equal`);
    expect(await program.ended).toBe(0);
    if (faults.length === 0) return;
    const [, cuts, lost] = /(\d+) cuts, (\d+) requests lost/.exec(program.lines.join("\n")) ?? [];
    expect(Math.min(Number(cuts), Number(lost))).toBeGreaterThan(0);
  });

  it.each([5, WRITERS * 40])(
    "differs for good when one message is lost: the change %d",
    async (forget) => {
      const program = await write("--edits", "40", "--forget", String(forget));
      expect(await program.ended).toBe(1);
      expect(program.lines.join("\n")).toMatch(/^\d+ changes; the texts \[\s+"?'?differ/m);
    },
  );

  it.each(["--edits", "--forget"])("does not begin with %s that are no number", async (option) => {
    const program = await write(option, "abc");
    expect(await program.ended).toBe(1);
    expect(program.complaints.join("\n")).toContain("RangeError: edits and forget are numbers");
  });
});
