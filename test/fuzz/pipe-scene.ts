// Mutated bodies on the pipe that a client has joined, and as first bodies of others, to either side
// of a live session with messages under way: a peer that lies, on a link where nothing is asked for.
// A side may leave the pipe or end the session; what it keeps to must hold.

import type { Body, NumberedFrame } from "../../src/core/body.ts";
import { readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { protocolCode } from "../../src/core/errors.ts";
import { checkHalf } from "../../src/sim/index.ts";
import { type Line, Linked } from "../core/linked.ts";
import { bytesOf, NONCE, SECRET } from "../core/scripted-server.ts";
import type { Base } from "./corpus.ts";
import { Finding } from "./judge.ts";
import { parseShape } from "./shape.ts";

const OPTIONS = { channelsMax: 8, messageBytesMax: 65_536, assemblyBytesMax: 131_072 };
const BETWEEN_MS = 50;
/** Longer than a pipe may stand still, or be silent. */
const STILL_MS = 40_000;
/** The one that was joined, and the newest. */
const PIPES_MAX = 2;
const HANDLES_FROM = 1_000;
const JOINED = 1;

type Content = Partial<Body>;

const say = (seq: number, ...texts: string[]): NumberedFrame => {
  return { kind: "messages", channel: 0, seq, index: seq, payloads: texts.map(bytesOf) };
};
const state = { link: JOINED, bodies: 3, ageMs: 0, silenceMs: 15_000, isEnding: false };

/** What either side may say on a pipe. */
const OF_BOTH: readonly (readonly [string, Content])[] = [
  ["nothing", {}],
  ["messages", { numbered: [say(2, "a", "b")] }],
  ["messages later", { numbered: [say(5, "c")] }],
  ["an acknowledgement", { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } }],
  ["what was never sent", { ack: { receivedThrough: 9, heldThrough: 9, ranges: [] } }],
  ["a window", { window: { seqMax: 300_000, bytesMax: 2 ** 30 } }],
  ["its end", { ended: { code: 0, reason: bytesOf("done") } }],
  ["its finish", { numbered: [say(2, "a"), { kind: "finish", seq: 3, code: 0 }] }],
];

const OF_CLIENT: readonly (readonly [string, Content])[] = [
  ...OF_BOTH,
  ["its link", { hearing: { link: JOINED, fromExchange: 2 } }],
  ["a link that there is not", { hearing: { link: 9, fromExchange: 9 } }],
];

const OF_SERVER: readonly (readonly [string, Content])[] = [
  ...OF_BOTH,
  ["the pipe", { pipe: state }],
  ["the pipe, ending", { pipe: { ...state, isEnding: true } }],
  ["no pipe", { pipe: { ...state, link: 0 } }],
  ["a pipe that is never silent", { pipe: { ...state, silenceMs: 1 } }],
  ["a pause", { pauseMs: 1_000 }],
  ["unknown", { unknown: NONCE.slice(0, 16) }],
  ["unreadable", { unreadable: true }],
  ["superseded", { superseded: 2 }],
  ["refused", { refused: { code: 1, reason: bytesOf("no") } }],
  ["an owner", { owner: { epoch: 1, generation: 2, hint: bytesOf("hint") } }],
];

function encode(content: Content, direction: 0 | 1, link = 0): Uint8Array {
  const body: Body = { channelWindows: [], channelsBlocked: [], numbered: [], ...content };
  const named = { direction, checksum: "xxh32", sessionId: NONCE } as const;
  if (link === 0) return encodeBody(body, named);
  const address = { sessionId: NONCE, proof: SECRET, incarnation: 1, link };
  return encodeBody(body, { ...named, address });
}

/** What a client and its server may say next on the pipe that is joined, and on another one. */
export function pipeCorpus(): Base[] {
  const bases: Base[] = [];
  const add = (name: string, bytes: Uint8Array): void => {
    bases.push({ name: `on a pipe: ${name}`, shape: parseShape(bytes) });
  };
  for (const [name, content] of OF_CLIENT) add(`up, ${name}`, encode(content, 0));
  for (const [name, content] of OF_SERVER) add(`down, ${name}`, encode(content, 1));
  for (const link of [JOINED, JOINED + 1]) {
    for (const [name, content] of OF_BOTH)
      add(`first of ${link}, ${name}`, encode(content, 0, link));
  }
  return bases;
}

/** Hands the bodies to whom they are for, one after another. @throws whatever is wrong. */
export function attackPipe(bodies: readonly Uint8Array[]): void {
  const linked = new Linked(OPTIONS, OPTIONS);
  linked.run(1_000);
  linked.openSocket();
  linked.run(1_000);
  linked.send("client", "x");
  linked.send("server", "y");
  for (const [at, bytes] of bodies.entries()) {
    linked.perform(() => hand(linked, bytes, HANDLES_FROM + at));
    linked.run(BETWEEN_MS);
    demandSound(linked);
  }
  linked.run(STILL_MS);
  demandSound(linked);
}

function hand(linked: Linked, bytes: Uint8Array, handle: number): void {
  const { client, endpoint, nowMs, served } = linked;
  const { direction, sessionId } = headOf(bytes);
  const [line] = linked.lines;
  if (line === undefined) throw new Error("no pipe was opened");
  if (direction === 1) {
    client.handlePipeBody(nowMs, line.link, bytes);
  } else if (sessionId !== undefined) {
    // What opens other sessions is for the scene of a server.
    if (String(sessionId) !== String(NONCE)) return;
    const other = strangeLine(linked, handle);
    linked.lines.push(other);
    const origin = { address: "", principal: undefined };
    other.session = endpoint.handlePipe(nowMs, handle, bytes, origin);
  } else {
    endpoint.handlePipeBody(nowMs, served, line.handle, bytes);
  }
}

/** Where it goes, and whose it says that it is; what cannot be read goes up. */
function headOf(bytes: Uint8Array): {
  readonly direction: number;
  readonly sessionId: Uint8Array | undefined;
} {
  try {
    const { direction, address } = readHead(bytes, Math.max(1, bytes.length));
    return { direction, sessionId: address?.sessionId };
  } catch (error) {
    protocolCode(error);
    return { direction: 0, sessionId: undefined };
  }
}

/** A pipe of which the session's own client knows nothing. */
function strangeLine({ client }: Linked, handle: number): Line {
  const deaf = { up: false, down: true };
  const arrivesAtMs = { up: 0, down: 0 };
  const none = { session: undefined, heldBack: 1, held: [], arrivesAtMs };
  return { handle, link: -handle, client, isUp: true, deaf, ...none };
}

/** What holds whatever is said. */
function demandSound({ client, served }: Linked): void {
  for (const [half, side] of [
    [client, "client"],
    [served.side, "server"],
  ] as const) {
    checkHalf(half, side);
    if (half.pipes.size > PIPES_MAX) throw new Finding(`the ${side} keeps too many pipes`);
    if (half.state === "ended" && half.pipes.size > 0) {
      throw new Finding(`the ${side} has ended, and a pipe is open`);
    }
    if (half.joined !== 0 && !half.pipes.has(half.joined)) {
      throw new Finding(`the ${side} hears by a pipe that there is not`);
    }
  }
}
