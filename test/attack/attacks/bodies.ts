// Attacks by bodies: whatever HTTP carries faithfully, and the protocol has to refuse.

import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { readHead } from "../../../src/core/body-reader.ts";
import { bodyChecksum } from "../../../src/core/checksum.ts";
import { isDamage, ProtocolError, type ProtocolErrorCode } from "../../../src/core/errors.ts";
import type { NumberedFrame } from "../../../src/core/body.ts";
import { bytesOf, CLIENT_PARAMETERS, reseal } from "../../core/scripted-client.ts";
import { LIES } from "../lies.ts";
import type { Tally } from "../orders.ts";
import { newScript, Rogue } from "../rogue.ts";
import { Connection, count, each, exchangeAll, requestOf } from "../wire.ts";
import type { Target } from "./http.ts";

const SEED = Number(process.env["FC_SEED"] ?? 20_261);

interface Vector {
  readonly name: string;
  readonly code: ProtocolErrorCode;
  readonly reader: "body" | "versions";
  readonly bytes: string;
}

async function vectors(): Promise<Vector[]> {
  const url = new URL("../../../spec/vectors/malformed.json", import.meta.url);
  return JSON.parse(await readFile(url, "utf8")) as Vector[];
}

/** Every malformed vector as it stands, `times` over. */
export async function malformed({ port, times }: Target & { times: number }): Promise<Tally> {
  const bodies = (await vectors()).map(({ bytes }) => Buffer.from(bytes, "hex"));
  const some = bodies.filter(({ length }) => length > 0);
  return exchangeAll(port, Array.from({ length: times }, () => some).flat(), 8);
}

/**
 * What is wrong in the frames of the malformed vectors, said by a client with a session, a new one
 * for each. Returns what was not answered by the end of the session with the vector's code.
 */
export async function malformedFrames({ port }: Target): Promise<object> {
  const surprises: Tally = {};
  let sent = 0;
  await each(await vectors(), 8, async (vector) => {
    if (vector.reader !== "body" || isDamage(vector.code)) return;
    const frames = framesOf(Buffer.from(vector.bytes, "hex"));
    if (frames === undefined) return;
    const rogue = await Rogue.open(port);
    const said = await rogue.send(withFrames(rogue.next(), frames));
    if (said !== `200 ended 4096 ${vector.code}`) count(surprises, `${vector.name}: ${said}`);
    sent++;
    rogue.destroy();
  });
  return { sent, surprises };
}

/** The frames of a request; undefined for an answer, or for a body whose head is wrong. */
function framesOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const { direction, framesStart } = readHead(bytes, bytes.length);
    return direction === 0 ? bytes.subarray(framesStart) : undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** A request with other frames behind its address. */
function withFrames(request: Uint8Array, frames: Uint8Array): Uint8Array {
  const { coveredStart, framesStart, address } = readHead(request, request.length);
  const covered = Buffer.concat([request.subarray(coveredStart, framesStart), frames]);
  const length = covered.length + 4;
  const field =
    length < 64
      ? [length]
      : length < 16_384
        ? [0x40 | (length >> 8), length]
        : [0x80, length >> 16, length >> 8, length];
  const head = request[0] as number;
  const sum = Buffer.alloc(4);
  const body = Buffer.concat([Buffer.from([head, ...field]), sum, covered]);
  const start = body.length - covered.length;
  const seal = bodyChecksum(address?.sessionId as Uint8Array, head, body, start, body.length);
  body.writeUInt32LE(seal, start - 4);
  return body;
}

/** Each lie in a session of its own; returns what was answered otherwise than it should be. */
export async function lies({ port, times }: Target & { times: number }): Promise<Tally> {
  const surprises: Tally = {};
  await each(Array.from({ length: times }, () => LIES).flat(), 8, async (lie) => {
    const rogue = await Rogue.open(port);
    let said = "";
    for (const [place, script] of lie.scripts.entries()) {
      const isLast = place === lie.scripts.length - 1;
      said = await rogue.say(script, isLast ? lie.exchange : undefined);
    }
    if (said !== lie.says) count(surprises, `${lie.name}: ${said}`);
    rogue.destroy();
  });
  return surprises;
}

/** Bodies that are nothing, or begin like one of ours; a hundred of them large. */
export async function noise({ port, times }: Target & { times: number }): Promise<Tally> {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 200 }),
    fc.uint8Array({ maxLength: 100 }).map((rest) => Uint8Array.of(0x15, 0x40, ...rest)),
    fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 60 })).map(([first, rest]) => {
      return Uint8Array.of(first, rest.length, ...rest);
    }),
  );
  const small = fc.sample(bytes, { numRuns: times, seed: SEED });
  // Of the largest size: one of ours by its first byte, and one of nobody.
  const large = [0x15, 0xff].map((first) => Buffer.alloc(524_288, first));
  return exchangeAll(port, [...small, ...Array.from({ length: 50 }, () => large).flat()], 8);
}

const NUMBERED: readonly NumberedFrame[] = [
  { kind: "channel-open", seq: 1, channel: 2, mode: "ordered", label: bytesOf("label") },
  { kind: "messages", channel: 0, seq: 2, index: 1, payloads: ["a", "b", "c"].map(bytesOf) },
  { kind: "part", channel: 2, seq: 5, index: 1, offset: 0, totalBytes: 3, payload: bytesOf("par") },
  { kind: "skip", channel: 2, seq: 6, index: 2, count: 2, sharedIndex: false, bytes: 4 },
  { kind: "channel-finish", seq: 8, channel: 2, indexEnd: 4 },
  { kind: "finish", seq: 9, code: 0 },
];

/**
 * Whole bodies of a client with a session, with one to three bytes changed to anything and sealed
 * anew, in sessions that go on until one of the changes ends them.
 */
export async function mutations({ port, times }: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  const edit = fc.record({
    at: fc.nat(10_000),
    value: fc.constantFrom(0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff),
  });
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  const rogues: (Rogue | undefined)[] = [];
  await each(fc.sample(edits, { numRuns: times, seed: SEED }), 8, async (changes, worker) => {
    const rogue = (rogues[worker] ??= await Rogue.open(port));
    const bytes = rogue.next({ open: CLIENT_PARAMETERS, numbered: NUMBERED, lastAnswered: 1 });
    const { framesStart } = readHead(bytes, bytes.length);
    for (const { at, value } of changes) {
      bytes[framesStart + (at % (bytes.length - framesStart))] = value;
    }
    const said = await rogue.send(reseal(bytes));
    count(tally, said);
    if (said === "200 answer") return;
    rogue.destroy();
    rogues[worker] = undefined;
  });
  for (const rogue of rogues) rogue?.destroy();
  return tally;
}

/** Bodies in the wrong place: of another session, in the wrong direction, in other versions. */
export async function misplaced({ port }: Target): Promise<Record<string, string>> {
  const victim = await Rogue.open(port);
  const said: Record<string, string> = {};

  const other = victim.next();
  other.set(newScript().sessionId, readHead(other, other.length).coveredStart + 1);
  said["sealed for another session"] = await victim.send(other);

  const damaged = victim.next();
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
  said["damaged"] = await victim.send(damaged);

  const reflected = await Connection.open(port);
  reflected.write(requestOf(victim.next()));
  const answer = (await reflected.answer())?.body ?? Buffer.alloc(0);
  reflected.write(requestOf(answer));
  said["an answer, reflected"] = await reflected.said();
  reflected.destroy();

  for (const version of [0, 2, 15]) {
    const bytes = victim.next();
    bytes[0] = (version << 4) | ((bytes[0] as number) & 15);
    said[`version ${version}`] = await victim.send(bytes);
  }
  const unsealed = victim.next();
  unsealed[0] = (unsealed[0] as number) & ~3;
  said["without a checksum"] = await victim.send(unsealed);

  said["of a thief"] = await victim.say({ secret: new Uint8Array(16).fill(0x77) });
  said["of a thief with a higher incarnation"] = await victim.say({
    secret: new Uint8Array(16).fill(0x77),
    incarnation: 9,
  });
  said["of a thief who knows its length only"] = await victim.say({ secret: new Uint8Array(0) });
  said["of the client itself, afterwards"] = await victim.say({}, 50);
  victim.destroy();
  return said;
}
