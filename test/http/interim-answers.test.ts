// Interim answers (1xx) are taken out of what a connection brings, in whatever pieces it comes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InterimAnswers } from "../../src/http/interim-answers.ts";

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nHTTP/1.1 1";

function take(interim: InterimAnswers, pieces: readonly string[]): string {
  return pieces.map((piece) => interim.take(Buffer.from(piece))?.toString() ?? "").join("");
}

/** All that come one behind the other, cut after each of these many bytes. */
function cutInto(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) pieces.push(text.slice(at, (at += size)));
  return [...pieces, text.slice(at)].filter((piece) => piece !== "");
}

describe("what comes before an answer", () => {
  test("goes, and the answer stays as it is, however they are cut", () => {
    const interim = fc.constantFrom(
      "HTTP/1.1 100 Continue\r\n\r\n",
      "HTTP/1.1 102 Processing\r\nx: y\r\n\r\n",
      "HTTP/1.1 103 \r\nlink: </a>\r\nx: HTTP/1.1 200 OK\r\n\r\n",
    );
    const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.array(interim, { maxLength: 5 }), sizes, (before, cuts) => {
        const connection = new InterimAnswers();
        // Of a connection that is used again, each answer anew.
        for (let answer = 0; answer < 2; answer++) {
          connection.expectAnswer();
          expect(take(connection, cutInto(before.join("") + ANSWER, cuts))).toBe(ANSWER);
        }
      }),
    );
  });

  test("is handed on at once as soon as it cannot be an interim answer", () => {
    for (const piece of ["S", "HTTP/1.1 2", "HTTP/1.0", "\r\n", "HTTP/1.1\t1"]) {
      const interim = new InterimAnswers();
      interim.expectAnswer();
      expect(take(interim, [piece])).toBe(piece);
    }
  });

  test("is for the parser to refuse where its head does not end", () => {
    const interim = new InterimAnswers();
    interim.expectAnswer();
    const head = `HTTP/1.1 100 ${"x".repeat(8_000)}`;
    expect(take(interim, [head, "y".repeat(8_000)])).toBe("");
    expect(take(interim, ["z".repeat(1_000)])).toHaveLength(head.length + 9_000);
  });

  test("may not switch to another protocol", () => {
    const interim = new InterimAnswers();
    interim.expectAnswer();
    const pieces = ["HTTP/1.1 101 Switching\r\n", "upgrade: x\r\n\r\n"];
    expect(() => take(interim, pieces)).toThrow("switch");
  });

  test("is left alone where no answer is awaited", () => {
    expect(take(new InterimAnswers(), ["HTTP/1.1 100 Continue\r\n\r\n"])).not.toBe("");
  });
});
