/** All commands under one name. Each stands in a file of its own and adds itself to the program. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { addChaosCommand } from "./chaos-command.ts";
import { EXIT_DONE, EXIT_USAGE } from "./exit-statuses.ts";
import { addProbeCommand } from "./probe-command.ts";

/** Runs one command to its end. `args` are without the names of node and of the script. */
export async function runCli(args: readonly string[]): Promise<number> {
  let status: number = EXIT_DONE;
  const program = new Command("holdfast")
    .description("Carries messages between two processes exactly once and in order.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .showHelpAfterError("(--help says what there is)");
  addChaosCommand(program, (result) => (status = result));
  addProbeCommand(program, (result) => (status = result));
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed what there is to say.
    return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
  }
  return status;
}

function packageVersion(): string {
  // As far from dist/cli as from src/cli.
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || !("version" in parsed)) return "unknown";
  return String(parsed.version);
}
