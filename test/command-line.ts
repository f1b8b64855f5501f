// What the command lines of the test programs have in common: every word is looked at before
// anything is begun, and one that asks for what cannot be run gets one line, with the usage.

import { Command, CommanderError, InvalidArgumentError } from "commander";

/** Seeds are numbers of 32 bits. */
export const SEED_MAX: number = 2 ** 32 - 1;

/** The command line asks for nothing that can be run; `message` is one line for people. */
export class CommandLineError extends Error {
  override readonly name = "CommandLineError";
  readonly code = "command_line_invalid";
}

/** `npm run SCRIPT --`, to which its options are added. */
export function commandFor(script: string, about: string): Command {
  return new Command(`npm run ${script} --`)
    .description(about)
    .allowExcessArguments(false)
    .exitOverride();
}

/**
 * Reads the words, after which the command has them as options and arguments.
 *
 * @returns false: help was asked for, and `write` got it.
 * @throws CommandLineError
 */
export function readWords(
  command: Command,
  words: readonly string[],
  write: (text: string) => void,
): boolean {
  command.usage(usageOf(command)).configureOutput({ writeOut: write, writeErr: () => {} });
  try {
    command.parse(words, { from: "user" });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    throw refusal(command, error.message.replaceAll(/^error: |\.$/g, ""));
  }
}

/** What is wrong with words that are well-formed one by one. */
export function refusal(command: Command, what: string): CommandLineError {
  const words = `${what}; usage: ${command.name()} ${usageOf(command)}`;
  return new CommandLineError(words.replaceAll(/\s*\n\s*/g, " "));
}

/** Each argument and each option that help tells of. */
function usageOf(command: Command): string {
  const help = command.createHelp();
  const given = command.registeredArguments.map((argument) => {
    return `${help.argumentTerm(argument)}${argument.variadic ? "..." : ""}`;
  });
  const flags = help.visibleOptions(command).map(({ flags: text }) => `[${text}]`);
  return [...given.map((name) => `[${name}]`), ...flags].join(" ");
}

/** Takes an integer in decimal digits for an option or an argument, both bounds included. */
export function integer(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    // Number() takes "", "0x10" and "1e3" for numbers too.
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`"${text}" is not an integer ${bounds}`);
  };
}

/**
 * What this process was called with. Undefined: there is nothing to run, and the exit status says
 * why: 0 for help, 2 for words that ask for nothing that can be run.
 */
export function optionsOfProcess<Options>(
  script: string,
  read: (words: readonly string[], write: (text: string) => void) => Options | undefined,
): Options | undefined {
  try {
    return read(process.argv.slice(2), (text) => void process.stdout.write(text));
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    refuse(script, error);
    return undefined;
  }
}

/** Says what is wrong. */
export function refuse(script: string, { message }: CommandLineError): void {
  process.stderr.write(`${script}: ${message}\n`);
  process.exitCode = 2;
}
