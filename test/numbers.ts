// Numbers that come as text, from the command lines of the test programs.

/** A text that is none of the numbers that are wanted; `message` is one line for people. */
export class NumberError extends Error {
  override readonly name = "NumberError";
  readonly code = "number_invalid";
}

/**
 * Reads an integer in decimal digits, both bounds included. `name` says which, where the caller
 * does not say it already.
 *
 * @throws NumberError
 */
export function integerFrom(
  text: string,
  name: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = Number(text);
  // Number() takes "", "0x10" and "1e3" for numbers too.
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new NumberError(`${name === "" ? "" : `${name} `}"${text}" is not an integer ${bounds}`);
}
