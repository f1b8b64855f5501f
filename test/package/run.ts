/** Runs a program to its end, in bounded time. */
import { execFile } from "node:child_process";

/** Installing from a registry far away, at most; everything else takes seconds. */
const RUN_TIMEOUT_MS = 90_000;

/** Resolves with what it printed; rejects with that, too, when it fails. */
export function run(command: string, args: readonly string[], folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, timeout: RUN_TIMEOUT_MS, env: environment() };
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error }));
    });
  });
}

/** A consumer's: without what `npm test` and the test runner say to the programs that they run. */
function environment(): NodeJS.ProcessEnv {
  const ours = /^(npm_(package_|lifecycle_|config_local_prefix$)|VITEST|NODE_(OPTIONS|ENV)$)/;
  const others = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return { ...Object.fromEntries(others), NO_COLOR: "1" };
}
