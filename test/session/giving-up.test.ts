// What a session gives with each exchange, to say that nobody waits for it any more.
import { expect, test } from "vitest";
import { GivingUp } from "../../src/session/giving-up.ts";

test("whoever still listens is told once that an exchange is given up", () => {
  const signal = new GivingUp();
  const told: string[] = [];
  const gone = (): void => void told.push("gone");
  const once = (): void => {
    told.push(`once, ${String(signal.aborted)}`);
    // As everybody does who is over then.
    signal.removeEventListener("abort", once);
  };
  signal.addEventListener("abort", gone);
  signal.addEventListener("abort", once);
  signal.addEventListener("abort", () => void told.push("other"));
  signal.removeEventListener("abort", gone);
  expect(signal.aborted).toBe(false);

  signal.abort();
  signal.abort();

  expect(signal.aborted).toBe(true);
  expect(told).toEqual(["once, true", "other"]);
});
