/** A codec for peers that speak JSON. */
import type { Codec } from "./codec.ts";
import { checkNesting } from "./nesting.ts";

/**
 * JSON in UTF-8. What JSON has no text for, `undefined` or a function for one, is refused by `send`,
 * and so is a bigint anywhere. Within a message it goes without a word, as `JSON.stringify` has it:
 * undefined, functions and symbols are left out of objects and null in arrays; NaN and infinities
 * are null, -0 is 0; a Date is text; a Map, a Set, an Error, a RegExp or a Promise is an empty
 * object, bytes an object with numbers as keys; half of a surrogate pair arrives escaped, as itself.
 */
export function json(): Codec {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return {
    encode(value) {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError("JSON has no text for this message");
      checkNesting(value, text.length);
      return encoder.encode(text);
    },
    decode(bytes) {
      const value = JSON.parse(decoder.decode(bytes)) as unknown;
      checkNesting(value, bytes.length);
      return value;
    },
  };
}
