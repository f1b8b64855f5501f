// Mutated requests, sealed as their session's, against a live endpoint with things in flight in
// both directions, beside a session that must not notice. The sender is a client that lies, so what
// it is told may be anything that is well formed; what must hold is what the server keeps to.

import type { Body, NumberedFrame } from "../../src/core/body.ts";
import { readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { protocolCode } from "../../src/core/errors.ts";
import { BODY_BYTES_MAX_DEFAULT, EXCHANGE_SPAN_MAX, RANGES_MAX } from "../../src/core/limits.ts";
import { checkHalf } from "../../src/sim/index.ts";
import {
  Bench,
  bytesOf,
  CLIENT_PARAMETERS,
  messages,
  nonceOf,
  type Script,
  ScriptedClient,
  textsIn,
} from "../core/scripted-client.ts";
import type { Base } from "./corpus.ts";
import { Finding } from "./judge.ts";
import { parseShape } from "./shape.ts";

/** Narrow, so that lies reach limits. */
const LARGEST = 65_536;
const OPTIONS = {
  channelsMax: 8,
  messageBytesMax: LARGEST,
  assemblyBytesMax: 131_072,
  requestsHeldMax: 8,
};
const VICTIM = 1;
const WITNESS = 2;
/** As long as a server holds a request when it has nothing to say, and a little more. */
const HELD_AT_MOST_MS = 26_000;
const BETWEEN_MS = 50;

/** What a client may say next that has opened, sent nothing, and has request 3 parked. */
export function serverCorpus(): Base[] {
  const client = new ScriptedClient(new Bench(OPTIONS), VICTIM);
  const bases: Base[] = [];
  const add = (name: string, bytes: Uint8Array): void => {
    bases.push({ name: `request: ${name}`, shape: parseShape(bytes) });
  };
  const says = (name: string, exchange: number, script: Script): void => {
    add(name, client.encode(exchange, { overThrough: 1, ...script }));
  };
  add("everything", everything(client));
  says("nothing", 4, {});
  says("the parked one again", 3, {});
  says("an answered one again", 1, { overThrough: 0, open: true });
  says("an acknowledgement", 4, { ack: 1 });
  says("all acknowledged", 4, { ack: 3, lastAnswered: 1 });
  says("what was never sent", 4, { ack: 4 });
  says("a window", 4, { window: { seqMax: 200_000, bytesMax: 2 ** 30 } });
  says("its end", 5, { ended: { code: 1, reason: bytesOf("because") } });
  says("another life", 1, { overThrough: 0, incarnation: 2, succeeds: [1], open: true });
  says("no request", 4, { bare: true });
  says("the last exchange that may be", 1 + EXCHANGE_SPAN_MAX, {});
  says("one beyond the last", 2 + EXCHANGE_SPAN_MAX, {});
  for (const [name, numbered] of NUMBERED) {
    for (const exchange of [4, 5]) says(name, exchange, { numbered });
  }
  const stranger = new ScriptedClient(client.bench, 3);
  add("an opening", stranger.encode(1, { open: true, numbered: [messages(1, "early")] }));
  return bases;
}

const large = new Uint8Array(1_100);
const opening = (seq: number, channel: number): NumberedFrame => {
  return { kind: "channel-open", seq, channel, mode: "ordered", label: bytesOf("label") };
};
const latest: NumberedFrame = { ...opening(1, 2), mode: "latest" } as NumberedFrame;
const part = { kind: "part", channel: 0, index: 1, totalBytes: 2_200, payload: large } as const;

/** Numbered frames that are right when nothing was received before. */
const NUMBERED: readonly (readonly [string, readonly NumberedFrame[]])[] = [
  ["messages", [messages(1, "a", "b", "c")]],
  ["messages later", [messages(4, "d", "e")]],
  ["a part", [{ ...part, seq: 1, offset: 0 }]],
  [
    "the parts",
    [
      { ...part, seq: 1, offset: 0 },
      { ...part, seq: 2, offset: 1_100 },
    ],
  ],
  ["other parts", [{ ...part, seq: 3, offset: 1_100, totalBytes: 3_300 }]],
  ["a part of the largest", [{ ...part, seq: 1, offset: 0, totalBytes: LARGEST }]],
  ["a part of a larger one", [{ ...part, seq: 1, offset: 0, totalBytes: LARGEST + 1 }]],
  [
    "a channel",
    [opening(1, 2), { kind: "messages", channel: 2, seq: 2, index: 1, payloads: [large] }],
  ],
  ["channels", [opening(1, 2), opening(2, 4), opening(3, 6), opening(4, 8)]],
  ["all channels", [1, 2, 3, 4, 5, 6, 7, 8].map((seq) => opening(seq, 2 * seq))],
  [
    "more channels",
    [opening(5, 10), opening(6, 12), opening(7, 14), opening(8, 16), opening(9, 18)],
  ],
  [
    "keys",
    [
      latest,
      { kind: "messages", channel: 2, seq: 2, index: 1, keys: [7, 7], payloads: [large, large] },
    ],
  ],
  [
    "a skip",
    [{ kind: "skip", channel: 0, seq: 1, index: 1, count: 3, sharedIndex: false, bytes: 4 }],
  ],
  [
    "a skip of parts",
    [{ kind: "skip", channel: 0, seq: 1, index: 1, count: 2, sharedIndex: true, bytes: 4 }],
  ],
  [
    "the end of a channel",
    [opening(1, 2), { kind: "channel-finish", seq: 2, channel: 2, indexEnd: 1 }],
  ],
  ["a reset", [opening(1, 2), { kind: "channel-reset", seq: 2, channel: 2, code: 5 }]],
  ["its finish", [messages(1, "a"), { kind: "finish", seq: 2, code: 0 }]],
];

/** Every frame that a client may send. */
function everything({ sessionId, secret }: ScriptedClient): Uint8Array {
  const body: Body = {
    request: { exchange: 8, overThrough: 2, over: [4, 4, 6, 6], lastAnswered: 2, sinceMs: 3 },
    ack: { receivedThrough: 1, heldThrough: 0, ranges: [3, 3] },
    window: { seqMax: 1_000, bytesMax: 100_000 },
    blocked: { seqMax: 5, bytesMax: 6 },
    owner: { epoch: 1, generation: 2, hint: bytesOf("hint") },
    open: CLIENT_PARAMETERS,
    channelWindows: [{ channel: 0, unitsMax: 100, bytesMax: 20_000 }],
    channelsBlocked: [{ channel: 0, unitsMax: 3, bytesMax: 4 }],
    numbered: NUMBERED.flatMap(([name, frames]) => (name === "messages" ? frames : [])),
  };
  const address = { sessionId, proof: secret, incarnation: 1, link: 0 };
  return encodeBody(body, { direction: 0, checksum: "xxh32", sessionId, address });
}

/** Hands the bodies to an endpoint, one after another. @throws whatever is wrong. */
export function attackServer(bodies: readonly Uint8Array[]): void {
  const bench = new Bench(OPTIONS);
  const [victim, witness] = [VICTIM, WITNESS].map((number) => new ScriptedClient(bench, number));
  if (victim === undefined || witness === undefined) throw new Error("no clients");
  witness.origin = { address: "192.0.2.2", principal: "" };
  for (const client of [victim, witness]) {
    client.open();
    bench.command(client.session, (side) => {
      side.send(bench.nowMs, bytesOf("x"));
      side.send(bench.nowMs, bytesOf("y"));
      side.openChannel(bench.nowMs, bytesOf("channel"));
    });
    client.request(3, { overThrough: 1 });
  }
  bench.take();
  for (const bytes of bodies) {
    bench.deliver(bytes, victim.origin, claimedId(bytes) ?? nonceOf(VICTIM));
    bench.advance(BETWEEN_MS);
    demandSound(bench);
  }
  demandAlive(bench, witness);
  bench.advance(HELD_AT_MOST_MS);
  demandSound(bench);
  for (const [handle, isSettled] of bench.settled) {
    if (!isSettled) throw new Finding(`request ${handle} has no answer`);
  }
}

/** Whose answers the sender of these bytes will read. */
function claimedId(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return readHead(bytes, Math.max(1, bytes.length)).address?.sessionId;
  } catch (error) {
    protocolCode(error);
    return undefined;
  }
}

/** What holds whatever a client says. */
function demandSound(bench: Bench): void {
  for (const { side } of bench.endpoint.sessions.values()) {
    checkHalf(side, "server");
    if (side.parked.length > OPTIONS.requestsHeldMax) throw new Finding("too much is held");
    const isRising = side.parked.every(({ exchange }, at) => {
      return at === 0 || exchange > (side.parked[at - 1]?.exchange ?? 0);
    });
    if (!isRising) throw new Finding("parked requests are out of order");
    if (side.receiver.received.count > RANGES_MAX) throw new Finding("too many ranges");
  }
  for (const { bytes } of bench.answers) {
    if (bytes.length > BODY_BYTES_MAX_DEFAULT) throw new Finding("an answer is too large");
  }
}

/** The other session still carries messages both ways. */
function demandAlive(bench: Bench, witness: ScriptedClient): void {
  bench.take();
  bench.delivered();
  const [parked] = witness.side.parked;
  const exchange = (parked?.exchange ?? 3) + 1;
  const ack = witness.side.sender.ring.next - 1;
  const overThrough = exchange - 1;
  witness.request(exchange, { overThrough, ack, numbered: [messages(1, "still")] });
  if (!bench.delivered().includes("still")) throw new Finding("another session is deaf");
  bench.command(witness.session, (side) => side.send(bench.nowMs, bytesOf("here")));
  const texts = bench.take().flatMap(({ body }) => textsIn(body));
  if (!texts.includes("here")) throw new Finding("another session is dumb");
}
