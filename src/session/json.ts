/** A codec for peers that speak JSON. */
import type { Codec } from "./codec.ts";
import { checkNesting } from "./nesting.ts";

/** JSON in UTF-8. What JSON has no text for, `undefined` for one, is refused by `send`. */
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
