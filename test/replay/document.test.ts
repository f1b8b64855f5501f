import fc from "fast-check";
import { expect, test } from "vitest";
import { Document, DOCUMENT_UNITS_MAX, type Patch } from "./document.ts";

test("a document is what a string would be after the same patches", () => {
  const places = fc.array(fc.tuple(fc.nat(), fc.nat(60), fc.string({ maxLength: 90 })), {
    maxLength: 120,
  });
  fc.assert(
    fc.property(fc.string(), places, (start, choices) => {
      const document = new Document(start);
      let text = start;
      for (const [choice, most, insertedText] of choices) {
        const position = choice % (text.length + 1);
        const deletedCount = Math.min(most, text.length - position);
        expect(document.apply([position, deletedCount, insertedText])).toBe(true);
        text = text.slice(0, position) + insertedText + text.slice(position + deletedCount);
        expect(document.length).toBe(text.length);
      }
      expect(document.text()).toBe(text);
    }),
  );
});

test("a document longer than one call can turn into a string comes out whole", () => {
  const document = new Document();
  const line = "0123456789abcdef".repeat(64);
  for (let count = 0; count < 100; count++) document.apply([0, 0, line]);
  expect(document.text()).toBe(line.repeat(100));
});

test.each<[string, Patch]>([
  ["begins behind the end", [6, 0, "x"]],
  ["deletes beyond the end", [3, 3, ""]],
  ["begins before the start", [-1, 0, "x"]],
  ["begins between two units", [0.5, 0, "x"]],
  ["deletes fewer than none", [2, -1, "x"]],
  ["has no position", [Number.NaN, 0, "x"]],
])("a patch that %s changes nothing", (_what, patch) => {
  const document = new Document("hello");
  expect(document.apply(patch)).toBe(false);
  expect(document.text()).toBe("hello");
});

test("a document does not grow beyond its limit", () => {
  const document = new Document("x".repeat(DOCUMENT_UNITS_MAX));
  expect(document.apply([0, 0, "x"])).toBe(false);
  expect(document.apply([0, 1, "y"])).toBe(true);
});
