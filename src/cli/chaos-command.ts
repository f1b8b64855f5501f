/** `holdfast chaos`: the fault proxy as a program. */
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  ChaosError,
  type ChaosOptions,
  type ChaosProxy,
  type CutBy,
  type FaultOptions,
  formatAddress,
  parseAddress,
  parseDuration,
  parseInterval,
  parseProbability,
  startChaos,
} from "../chaos/index.ts";
import { argumentParser } from "./argument-parser.ts";
import { ChaosReport } from "./chaos-report.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit-statuses.ts";
import { stopRequested } from "./stop.ts";

interface Flag {
  readonly flags: string;
  readonly key: keyof FaultOptions;
  readonly parse: (text: string) => number;
  readonly help: string;
  /** What the flag means without a value. */
  readonly preset?: string;
}

const LOSSES: readonly Flag[] = [
  {
    flags: "--loss <probability>",
    key: "loss",
    parse: parseProbability,
    help: "both --lose-request and --lose-response",
  },
  {
    flags: "--lose-request <probability>",
    key: "loseRequest",
    parse: parseProbability,
    help: "read a request, reset its connection; the target never sees it",
  },
  {
    flags: "--lose-response <probability>",
    key: "loseResponse",
    parse: parseProbability,
    help: "let the target answer, drop the answer (or most of it), reset the connection",
  },
  {
    flags: "--lose-silently <probability>",
    key: "loseSilently",
    parse: parseProbability,
    help: "of the lost requests: leave the connection silent instead of resetting it",
  },
  {
    flags: "--silent-for <duration>",
    key: "silentMs",
    parse: parseDuration,
    help: "reset a silent connection after this (default: 30s)",
  },
];

const CONNECTION_FAULTS: readonly Flag[] = [
  {
    flags: "--cut-every <interval>",
    key: "cutEveryMs",
    parse: parseInterval,
    help: "cut one client connection every so often, one with something under way if any: 1s, 2/s",
  },
  {
    flags: "--cut-jitter <probability>",
    key: "cutJitter",
    parse: parseProbability,
    help: "let the times between cuts be off by up to this part of them (default: 20%)",
  },
  {
    flags: "--half-open <probability>",
    key: "halfOpen",
    parse: parseProbability,
    help: "keep a connection open and pass nothing any more, from a request (or piece) on",
  },
  {
    flags: "--half-open-for <duration>",
    key: "halfOpenMs",
    parse: parseDuration,
    help: "reset a half-open connection after this (default: 30s)",
  },
  {
    flags: "--close-idle <duration>",
    key: "closeIdleMs",
    parse: parseDuration,
    help: "close connections on which nothing happens for so long",
  },
  {
    flags: "--blackout-every <duration>",
    key: "blackoutEveryMs",
    parse: parseDuration,
    help: "from time to time, reset all connections and every new one",
  },
  {
    flags: "--blackout-for <duration>",
    key: "blackoutForMs",
    parse: parseDuration,
    help: "how long a blackout lasts (default: 3s)",
  },
];

const OTHER_FAULTS: readonly Flag[] = [
  {
    flags: "--delay <duration>",
    key: "delayMs",
    parse: parseDuration,
    help: "delay requests and responses, each by this",
  },
  {
    flags: "--delay-jitter <duration>",
    key: "delayJitterMs",
    parse: parseDuration,
    help: "let the delay be off by up to this",
  },
  {
    flags: "--double <probability>",
    key: "double",
    parse: parseProbability,
    help: "send a request to the target twice, at once or after the first answer",
  },
  {
    flags: "--replay <probability>",
    key: "replay",
    parse: parseProbability,
    help: "send a request to the target once more, much later",
  },
  {
    flags: "--replay-after <duration>",
    key: "replayAfterMs",
    parse: parseDuration,
    help: "how much later (default: 2m)",
  },
  {
    flags: "--damage <probability>",
    key: "damage",
    parse: parseProbability,
    help: "both --damage-request and --damage-response",
  },
  {
    flags: "--damage-request <probability>",
    key: "damageRequest",
    parse: parseProbability,
    help: "flip bits in a request's body; its length stays",
  },
  {
    flags: "--damage-response <probability>",
    key: "damageResponse",
    parse: parseProbability,
    help: "flip bits in a response's body; its length stays",
  },
  {
    flags: "--damage-bytes <count>",
    key: "damageBytesMax",
    parse: parseCount,
    help: "damage 1 to so many bytes of a body (default: 8)",
  },
  {
    flags: "--bad-gateway <probability>",
    key: "badGateway",
    parse: parseProbability,
    help: "answer 502 with a page; half of these requests reach the target",
  },
  {
    flags: "--buffer-responses [probability]",
    key: "bufferResponses",
    parse: parseProbability,
    help: "collect a whole response before sending its first byte (without a value: 100%)",
    preset: "100%",
  },
];

const FLAGS = [...LOSSES, ...CONNECTION_FAULTS, ...OTHER_FAULTS];

const EXAMPLES = `
Durations are written 500ms, 1.5s, 2m, 1h; probabilities 5% or 0.05; addresses 8080 (of this
machine, 127.0.0.1), host:port or [IPv6]:port.

The n-th request meets what the seed has for it: the same seed and the same requests meet the same
faults. The exit status is 0 after --for or a signal, 1 if the proxy cannot listen, 2 if the command
line makes no sense.

Examples:
  holdfast chaos --listen 8081 --target 8080 --cut-every 1s --loss 5%
  holdfast chaos --listen 8081 --target 8080 --bad-gateway 2% --double 5% --delay 50ms
  holdfast chaos --listen 2222 --target example.org:22 --tcp --half-open 0.1% --for 10m --json`;

/** Adds the command to the program; `exit` is told the exit status of the process. */
export function addChaosCommand(program: Command, exit: (status: number) => void): void {
  const command = program
    .command("chaos")
    .summary("pass traffic on, and do to it what bad networks do")
    .description(
      "A proxy that passes HTTP (or raw TCP) on to a target, does to it what bad networks and " +
        "worse proxies do, and counts what it did.",
    )
    .optionsGroup("Where:")
    .requiredOption(
      "-l, --listen <address>",
      "where clients connect (required); port 0: any",
      address,
    )
    .requiredOption("-t, --target <address>", "where the traffic goes (required)", address)
    .option("--tcp", "pass raw TCP, for any protocol: no faults that need requests")
    .optionsGroup("Run:")
    .option("-s, --seed <number>", "repeat a run; 0 to 4294967295 (default: random, printed)", seed)
    .option("--for <duration>", "stop after this, and print the counts", duration)
    .option("--report-every <interval>", "print the counts every so often", interval)
    .option("--json", "print JSON lines")
    .option("-v, --verbose", "print each thing that is counted");
  command.optionsGroup("Losses:");
  for (const flag of LOSSES) command.addOption(optionOf(flag));
  command.optionsGroup("Faults of connections:");
  command.addOption(
    new Option("--cut-by <how>", "a reset, or an orderly close (default: either)").choices([
      "rst",
      "fin",
      "either",
    ]),
  );
  for (const flag of CONNECTION_FAULTS) command.addOption(optionOf(flag));
  command.optionsGroup("Other faults:");
  for (const flag of OTHER_FAULTS) command.addOption(optionOf(flag));
  command.optionsGroup("Help:").helpOption("-h, --help", "print this help");
  command.addHelpText("after", EXAMPLES);
  command.action(async (options: ChaosFlags) => exit(await runChaos(command, options)));
}

/** What commander makes of the flags that are no faults. */
interface ChaosFlags extends Readonly<Record<string, unknown>> {
  readonly listen: string;
  readonly target: string;
  readonly tcp?: boolean;
  readonly seed?: number;
  readonly for?: number;
  readonly reportEvery?: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly cutBy?: CutBy;
}

async function runChaos(command: Command, flags: ChaosFlags): Promise<number> {
  const options: ChaosOptions = {
    ...faultsOf(flags),
    target: flags.target,
    listen: flags.listen,
    tcp: flags.tcp === true,
    ...(flags.seed !== undefined && { seed: flags.seed }),
    ...(flags.cutBy !== undefined && { cutBy: flags.cutBy }),
  };
  let proxy: ChaosProxy;
  try {
    proxy = await startChaos(options);
  } catch (error) {
    if (!(error instanceof ChaosError)) throw error;
    if (error.code !== "port_taken" && error.code !== "listen_failed") {
      // Prints and throws; the program knows the status.
      command.error(`error: ${error.message}`);
    }
    process.stderr.write(`error: ${error.message}\n`);
    return EXIT_FAILED;
  }
  const report = new ChaosReport(proxy, {
    isJson: flags.json === true,
    isVerbose: flags.verbose === true,
    target: flags.target,
    isTcp: flags.tcp === true,
  });
  // Before it says that it runs: whoever reads that may send a signal at once.
  const stop = stopRequested(flags.for);
  report.begin(flags.reportEvery ?? 0);
  await stop;
  await proxy.close();
  report.end();
  return EXIT_DONE;
}

function faultsOf(flags: ChaosFlags): FaultOptions {
  const stated = FLAGS.map((flag) => [flag.key, flags[optionOf(flag).attributeName()]] as const);
  return Object.fromEntries(stated.filter(([, value]) => value !== undefined));
}

function optionOf(flag: Flag): Option {
  const option = new Option(flag.flags, flag.help).argParser(argumentParser(flag.parse));
  return flag.preset === undefined ? option : option.preset(flag.preset);
}

const duration = argumentParser(parseDuration);
const interval = argumentParser(parseInterval);

/** Written in full: host and port. */
const address = argumentParser((text) => formatAddress(parseAddress(text)));

function seed(value: string): number {
  // Its upper bound is checked with the other options.
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError("It must be an integer.");
  return Number(value);
}

function parseCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("It must be 1 or more.");
  return Number(value);
}
