import { expect, test } from "vitest";
import { reasonBytes, reasonText } from "../../src/core/reason.ts";

test("a reason comes back as it was said, as far as it is ASCII and short", () => {
  expect(reasonText(reasonBytes("shutting down"))).toBe("shutting down");
  expect(reasonText(reasonBytes("adiós"))).toBe("adi?s");
  expect(reasonBytes("x".repeat(200))).toHaveLength(128);
  expect(reasonText(reasonBytes(""))).toBe("");
});
