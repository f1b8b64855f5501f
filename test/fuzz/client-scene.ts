// Mutated answers, sealed as the session's, against a live request side with things in flight in
// both directions: a server that lies. The client may end, saying why; what it keeps to must hold,
// it goes on asking while it lives, and it ends when nothing more comes.

import type { NumberedFrame } from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { protocolCode } from "../../src/core/errors.ts";
import { PAUSE_MS_MAX, RANGES_MAX } from "../../src/core/limits.ts";
import { checkHalf } from "../../src/sim/index.ts";
import {
  bytesOf,
  type Content,
  Dialogue,
  NONCE,
  SERVER_PARAMETERS,
} from "../core/scripted-server.ts";
import type { Base } from "./corpus.ts";
import { Finding } from "./judge.ts";
import { parseShape } from "./shape.ts";

const OPTIONS = {
  channelsMax: 8,
  messageBytesMax: 65_536,
  assemblyBytesMax: 131_072,
  carriersMax: 4,
  silenceLimitMs: 60_000,
};
const BETWEEN_MS = 50;
/** More than the limit of silence, which a pause puts off. */
const SILENT_AT_MOST_MS: number = PAUSE_MS_MAX + OPTIONS.silenceLimitMs + 60_000;

const large = new Uint8Array(1_100);
const opening = (seq: number, channel: number): NumberedFrame => {
  return { kind: "channel-open", seq, channel, mode: "ordered", label: bytesOf("label") };
};
const part = { kind: "part", channel: 0, index: 1, totalBytes: 2_200, payload: large } as const;
const say = (seq: number, ...texts: string[]): NumberedFrame => {
  return { kind: "messages", channel: 0, seq, index: seq, payloads: texts.map(bytesOf) };
};

/** What a server may say next to a client that has opened. */
const CONTENTS: readonly (readonly [string, Content])[] = [
  ["nothing", {}],
  ["the opening", { opened: SERVER_PARAMETERS }],
  [
    "the opening with a window",
    { opened: SERVER_PARAMETERS, window: { seqMax: 300, bytesMax: 2 ** 24 } },
  ],
  ["messages", { numbered: [say(1, "a", "b", "c")] }],
  ["messages later", { numbered: [say(4, "d", "e")] }],
  [
    "the parts",
    {
      numbered: [
        { ...part, seq: 1, offset: 0 },
        { ...part, seq: 2, offset: 1_100 },
      ],
    },
  ],
  ["channels", { numbered: [opening(1, 1), opening(2, 3), opening(3, 5), opening(4, 7)] }],
  [
    "a part of the largest",
    { numbered: [{ ...part, seq: 1, offset: 0, totalBytes: OPTIONS.messageBytesMax }] },
  ],
  ["all channels", { numbered: [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => opening(seq, 2 * seq - 1)) }],
  ["more channels", { numbered: [5, 6, 7, 8, 9].map((seq) => opening(seq, 2 * seq - 1)) }],
  [
    "a finished channel",
    { numbered: [opening(1, 1), { kind: "channel-finish", seq: 2, channel: 1, indexEnd: 1 }] },
  ],
  [
    "a reset",
    { numbered: [opening(1, 1), { kind: "channel-reset", seq: 2, channel: 1, code: 5 }] },
  ],
  [
    "a reset of the client's",
    { numbered: [{ kind: "channel-reset", seq: 1, channel: 2, code: 5 }] },
  ],
  [
    "a skip",
    {
      numbered: [
        { kind: "skip", channel: 0, seq: 1, index: 1, count: 3, sharedIndex: false, bytes: 4 },
      ],
    },
  ],
  ["its finish", { numbered: [say(1, "a"), { kind: "finish", seq: 2, code: 0 }] }],
  ["some received", { ack: { receivedThrough: 1, heldThrough: 1, ranges: [] } }],
  ["what was never sent", { ack: { receivedThrough: 9, heldThrough: 9, ranges: [] } }],
  ["some received, not held", { ack: { receivedThrough: 2, heldThrough: 1, ranges: [4, 4] } }],
  [
    "a window",
    {
      window: { seqMax: 300_000, bytesMax: 2 ** 30 },
      channelWindows: [{ channel: 0, unitsMax: 900, bytesMax: 90_000 }],
    },
  ],
  [
    "blocked",
    {
      blocked: { seqMax: 5, bytesMax: 6 },
      channelsBlocked: [{ channel: 0, unitsMax: 3, bytesMax: 4 }],
    },
  ],
  ["four wanted", { answer: { parkedWanted: 4, heldMs: 20 } }],
  ["a pause", { pauseMs: 1_000 }],
  ["refused", { refused: { code: 1, reason: bytesOf("no") } }],
  ["unknown", { unknown: NONCE.slice(0, 16) }],
  ["unreadable", { unreadable: true }],
  ["its end", { ended: { code: 0, reason: bytesOf("done") } }],
  ["superseded", { superseded: 2 }],
  ["an owner", { owner: { epoch: 1, generation: 2, hint: bytesOf("hint") } }],
];

/** Answers to the exchanges that are open first, as they are for a client that hears them so. */
export function clientCorpus(isOpen: boolean): Base[] {
  const dialogue = begin(isOpen);
  const open = [...dialogue.side.exchanges.open.keys()];
  const exchanges = [...open, (open.at(-1) ?? 1) + 1];
  return CONTENTS.flatMap(([name, content]) =>
    exchanges.map((exchange) => {
      const bytes = dialogue.encode(exchange, content);
      return { name: `answer ${exchange}: ${name}`, shape: parseShape(bytes) };
    }),
  );
}

/** A client with messages under way: open, or waiting for the first answer. */
function begin(isOpen: boolean): Dialogue {
  const dialogue = new Dialogue(OPTIONS);
  if (isOpen) dialogue.open();
  dialogue.send("x", "y", new Uint8Array(3_000));
  dialogue.side.openChannel(dialogue.nowMs, bytesOf("channel"));
  dialogue.tick();
  return dialogue;
}

/** Hands the bodies to a client, one after another. @throws whatever is wrong. */
export function attackClient(isOpen: boolean, bodies: readonly Uint8Array[]): void {
  const dialogue = begin(isOpen);
  const { side } = dialogue;
  for (const bytes of bodies) {
    const exchange = exchangeFor(dialogue, bytes);
    if (exchange === undefined) break;
    dialogue.answerBytes(exchange, bytes);
    dialogue.pass(BETWEEN_MS);
    demandSound(dialogue);
  }
  if (side.state !== "ended") {
    const sentBefore = dialogue.sent.length;
    dialogue.pass(SILENT_AT_MOST_MS);
    demandSound(dialogue);
    const hasAsked = side.exchanges.open.size > 0 || dialogue.sent.length > sentBefore;
    if (!hasAsked) throw new Finding("the client has stopped asking");
  }
  if (dialogue.side.state !== "ended") throw new Finding("silence does not end the client");
  if (dialogue.ended === undefined) throw new Finding("the application was not told of the end");
}

/** The exchange that a body names where that is open, else the oldest; undefined at the end. */
function exchangeFor({ side }: Dialogue, bytes: Uint8Array): number | undefined {
  const { open } = side.exchanges;
  if (side.state === "ended" || open.size === 0) return undefined;
  try {
    const head = readHead(bytes, bytes.length);
    const named = readBody(bytes, head, NONCE).answer?.exchange ?? 0;
    if (open.has(named)) return named;
  } catch (error) {
    // An empty one has no limit that it could keep to.
    if (bytes.length > 0) protocolCode(error);
  }
  return open.keys().next().value;
}

/** What holds whatever a server says. */
function demandSound({ side }: Dialogue): void {
  checkHalf(side, "client");
  const { exchanges, receiver, parkedWanted } = side;
  if (exchanges.open.size > parkedWanted + OPTIONS.carriersMax + 1) {
    throw new Finding("too many requests are out");
  }
  if (receiver.received.count > RANGES_MAX) throw new Finding("too many ranges");
}
