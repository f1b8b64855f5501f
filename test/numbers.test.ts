// What the test programs take for a number on their command lines.

import { expect, test } from "vitest";
import { integerFrom, NumberError } from "./numbers.ts";

test("an integer within its bounds is read", () => {
  expect(["8", "0010", "12"].map((text) => integerFrom(text, "--seed", 8, 12))).toEqual([
    8, 10, 12,
  ]);
  expect(integerFrom(String(Number.MAX_SAFE_INTEGER), "", 0)).toBe(Number.MAX_SAFE_INTEGER);
});

test.each(["", " ", "7", "13", "8.5", "-9", "1e1", "0xa", "9 ", "three"])(
  "%j is told to be none of the integers from 8 to 12",
  (text) => {
    expect(() => integerFrom(text, "--seed", 8, 12)).toThrow(NumberError);
    expect(() => integerFrom(text, "--seed", 8, 12)).toThrow(
      `--seed "${text}" is not an integer from 8 to 12`,
    );
  },
);

test("what does not fit a number is told without the bound that nobody has set", () => {
  expect(() => integerFrom("9007199254740992", "", 0)).toThrow(
    /^"9007199254740992" is not an integer from 0$/,
  );
});
