/** `holdfast probe`: what the network between here and a server lets through. */
import Table from "cli-table3";
import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../chaos/index.ts";
import { probe, type ProbeReport } from "../probe/probe.ts";
import { argumentParser } from "./argument-parser.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit-statuses.ts";

interface ProbeFlags {
  readonly header?: Readonly<Record<string, string>>;
  readonly holdFor?: number;
  readonly linkTimeout?: number;
  readonly json?: boolean;
}

/** Adds the command to the program; `exit` is told the exit status of the process. */
export function addProbeCommand(program: Command, exit: (status: number) => void): void {
  program
    .command("probe")
    .summary("say which links work from here, and what cuts them")
    .description(
      "Opens a session with a server by each link in turn: which work and how soon, whether " +
        "streams are held back, and for how long a request may be held. The server's application " +
        "sees these sessions come and go.",
    )
    .argument("<url>", "where the server's sessions live", url)
    .option("-H, --header <name: value>", "send this header, too; may be repeated", header)
    .option("--hold-for <duration>", "hold a request for so long (default: 30s; 0s: do not)", duration)
    .option("--link-timeout <duration>", "give a link up after this (default: 10s)", duration)
    .option("--json", "print one JSON object")
    .helpOption("-h, --help", "print this help")
    .addHelpText(
      "after",
      "\nThe exit status is 0 if at least polling works, 1 if nothing does, 2 if the command line " +
        "makes no sense.",
    )
    .action(async (target: string, flags: ProbeFlags) => {
      const report = await probe(target, {
        headers: flags.header,
        holdForMs: flags.holdFor,
        linkTimeoutMs: flags.linkTimeout,
      });
      process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : textOf(report));
      exit(report.links.some(({ works }) => works) ? EXIT_DONE : EXIT_FAILED);
    });
}

function textOf({ links, isBuffered, hold }: ProbeReport): string {
  const table = new Table({ head: ["link", "works", "after", "why not"], style: { head: [] } });
  for (const { link, works, afterMs, reason } of links) {
    table.push([link, works ? "yes" : "no", afterMs === undefined ? "" : `${afterMs} ms`, reason]);
  }
  const lines = [table.toString()];
  if (isBuffered) lines.push("Somebody on the way holds streams back.");
  if (hold !== undefined) {
    lines.push(`A request was held for ${(hold.heldMs / 1_000).toFixed(1)} s: ${hold.ended}.`);
  }
  return `${lines.join("\n")}\n`;
}

const duration = argumentParser(parseDuration);

function url(text: string): string {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp) throw new InvalidArgumentError("It must be a URL with http: or https:.");
  return text;
}

function header(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const colon = text.indexOf(":");
  if (colon < 1) throw new InvalidArgumentError('It must be written "name: value".');
  return { ...before, [text.slice(0, colon).trim()]: text.slice(colon + 1).trim() };
}
