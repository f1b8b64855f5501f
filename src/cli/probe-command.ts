/** `holdfast probe`: what the network between here and a server lets through. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import Table from "cli-table3";
import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../chaos/index.ts";
import { UsageError } from "../core/index.ts";
import { probe, type ProbeReport } from "../probe/probe.ts";
import { type CodecFactory, json, msgpack, raw } from "../session/index.ts";
import { argumentParser } from "./argument-parser.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit-statuses.ts";

type Headers = Readonly<Record<string, string>>;

interface ProbeFlags {
  readonly header?: Headers;
  readonly holdFor?: number;
  readonly linkTimeout?: number;
  readonly tcp?: string;
  readonly message?: string;
  readonly codec?: keyof typeof CODECS;
  readonly json?: boolean;
}

const CODECS = { raw, json, msgpack } as const satisfies Record<string, CodecFactory>;

const NOTES = `
The exit status is 0 if polling works, no stream is held back, no held request is cut and no message
was lost; 1 if not; 2 if the command line makes no sense. A link that the server does not offer is no
reason for 1. Pipes are opened, not watched: what cuts them later is not found.

The JSON leaves out what is not known. websocket_refused: the server takes no WebSockets, or a proxy
on the way leaves out the header Upgrade. One that changes Host has those of pages refused: probe with
-H "origin: https://example.org" to be judged like a page. spec/links.md says what proxies need.

It goes to the server itself: HTTP_PROXY and its like are not looked at, as sessions in Node do not
either. Certificates are checked; NODE_EXTRA_CA_CERTS names further authorities.

Examples:
  holdfast probe https://example.org/holdfast
  holdfast probe http://127.0.0.1:8080/holdfast --hold-for 2m --json
  holdfast probe https://example.org/holdfast -H "authorization: Bearer ..." --message hello`;

/** Adds the command to the program; `exit` is told the exit status of the process. */
export function addProbeCommand(program: Command, exit: (status: number) => void): void {
  const command = program
    .command("probe")
    .summary("say which links work from here, and what cuts them")
    .description(
      "Opens a session with a server by each link in turn: which work and how soon, whether " +
        "streams are held back, and for how long a request may be held. The server's application " +
        "sees these sessions come and go.",
    )
    .argument("<url>", "where the server's sessions live", url)
    .option("-H, --header <name: value>", "send this header, too; may be repeated", header)
    .option("--tcp <url>", "try the link by TCP, too: tcp://host:port or tls://host:port")
    .option("--hold-for <duration>", "hold a request for so long (default: 30s; 0: not)", duration)
    .option("--link-timeout <duration>", "give a link up after this (default: 10s)", duration)
    .option("-m, --message <text>", "send this by each link: the server's application gets it")
    .addOption(
      new Option("--codec <name>", "the server's, for the message")
        .choices(Object.keys(CODECS))
        .default(undefined, "msgpack"),
    )
    .option("--json", "print one JSON object")
    .helpOption("-h, --help", "print this help")
    .addHelpText("after", NOTES);
  command.action(async (target: string, flags: ProbeFlags) => {
    exit(await runProbe(command, target, flags));
  });
}

async function runProbe(command: Command, target: string, flags: ProbeFlags): Promise<number> {
  const { message, codec } = flags;
  let report: ProbeReport;
  try {
    report = await probe(target, {
      headers: flags.header,
      tcp: flags.tcp,
      holdForMs: flags.holdFor,
      linkTimeoutMs: flags.linkTimeout,
      message: message !== undefined && codec === "raw" ? Buffer.from(message) : message,
      codec: codec === undefined ? undefined : CODECS[codec],
    });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // Prints and throws; the program knows the status.
    command.error(`error: ${error.message}`);
  }
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : textOf(report));
  return report.isFine ? EXIT_DONE : EXIT_FAILED;
}

function textOf(report: ProbeReport): string {
  const hasMessage = report.links.some(({ messageMs }) => messageMs !== undefined);
  const table = new Table({
    head: ["link", "works", "after", ...(hasMessage ? ["message after"] : []), "why not"],
    // Without colours: the output goes to logs.
    style: { head: [], border: [], compact: true, "padding-left": 1, "padding-right": 1 },
  });
  for (const { link, works, afterMs, messageMs, reason } of report.links) {
    const message = hasMessage ? [milliseconds(messageMs)] : [];
    table.push([link, works ? "yes" : "no", milliseconds(afterMs), ...message, reason]);
  }
  const found = [streamsIn(report), upgradesIn(report), heldIn(report)].filter(
    (line) => line !== "",
  );
  return `${[table.toString(), ...found].join("\n")}\n`;
}

function milliseconds(ms: number | undefined): string {
  return ms === undefined ? "" : `${ms} ms`;
}

function streamsIn({ isBuffered, links }: ProbeReport): string {
  if (isBuffered === true) return "Somebody on the way holds back what comes by a stream.";
  const works = links.some((each) => each.link === "stream" && each.works);
  return works ? "Nobody holds streams back." : "";
}

/** Neither side is told what a proxy leaves out, so nothing more certain can be said. */
function upgradesIn({ links }: ProbeReport): string {
  if (!links.some(({ reason }) => reason === "websocket_refused")) return "";
  return "WebSockets: a proxy may leave out the header Upgrade, or change Host: see spec/links.md.";
}

function heldIn({ hold }: ProbeReport): string {
  if (hold === undefined) return "";
  const { ended, cutAfterMs } = hold;
  const heldFor = `${(hold.heldMs / 1_000).toFixed(1)} s`;
  if (cutAfterMs !== undefined) {
    const after = `${(cutAfterMs / 1_000).toFixed(1)} s`;
    return `Held requests are cut after ${after} (${ended}): sessions learn to ask again before.`;
  }
  if (ended === "answered") return `A request was held for ${heldFor}, until the server answered.`;
  return `A request was held for ${heldFor}, and nobody cut it.`;
}

const duration = argumentParser(parseDuration);

function url(text: string): string {
  const isHttp = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp) throw new InvalidArgumentError("It must be a URL with http: or https:.");
  return text;
}

function header(text: string, before: Headers = {}): Headers {
  const colon = text.indexOf(":");
  const [name, value] = [text.slice(0, Math.max(colon, 0)).trim(), text.slice(colon + 1).trim()];
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new InvalidArgumentError('It must be written "name: value".');
  }
  return { ...before, [name]: value };
}
