/** Quantities of the fault proxy as arguments of a command line. */
import { InvalidArgumentError } from "commander";
import { ChaosError } from "../chaos/index.ts";

/** A parser for commander, which prints what is wrong with an argument. */
export function argumentParser<Result>(parse: (text: string) => Result): (text: string) => Result {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof ChaosError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}
