// Attacks by sessions: too many of them, somebody else's, and such that only take.

import { bodyChecksum } from "../../../src/core/checksum.ts";
import { bytesOf, nonceOf } from "../../core/scripted-client.ts";
import type { Tally } from "../orders.ts";
import { newScript, Rogue } from "../rogue.ts";
import { Connection, count, each, exchangeAll, requestOf } from "../wire.ts";
import type { Target } from "./http.ts";

/** Openings, each with an identifier of its own, from `first` on. */
function* openings(first: number, times: number): Generator<Uint8Array> {
  const template = newScript().encode(1, { open: true });
  const idAt = template.findIndex((_, at) => at > 5 && template[at] === 16) + 1;
  for (let number = first; number < first + times; number++) {
    const bytes = template.slice();
    const view = new DataView(bytes.buffer);
    // Other numbers than those of scripts, which count from 1 in the first four bytes.
    view.setUint32(idAt, number + 0x8000_0000);
    const sessionId = bytes.subarray(idAt, idAt + 16);
    const sum = bodyChecksum(sessionId, bytes[0] as number, bytes, idAt - 1, bytes.length);
    view.setUint32(idAt - 5, sum, true);
    yield bytes;
  }
}

/** Sessions that are opened and left alone. */
export function floodOfSessions(args: Target & { first: number; times: number }): Promise<Tally> {
  return exchangeAll(args.port, openings(args.first, args.times), 16);
}

/** Openings that nobody decides on, as they come without credentials. */
export async function openAndWait(args: Target & { times: number }): Promise<Tally> {
  return exchangeAll(args.port, openings(5_000_000, args.times), 64);
}

/** Openings that all wait at the same time. */
export async function openAtOnce({ port, times }: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  await each(openings(6_000_000, times), times, async (bytes) => {
    const connection = await Connection.open(port);
    connection.write(requestOf(bytes));
    count(tally, await connection.said(bytes));
  });
  return tally;
}

/** Openings that wait, each with a message of a byte in a body of half a megabyte, until `relent`. */
export async function heavyOpenings({ port, times }: Target & { times: number }): Promise<number> {
  let sentBytes = 0;
  const message = { kind: "messages", channel: 0, seq: 1, index: 1 } as const;
  // The first copy counts; the others only fill the body.
  const filler = { ...message, payloads: [new Uint8Array(16_000)] };
  const numbered = [{ ...message, payloads: [binaryOf(1)] }];
  for (let copy = 0; copy < 30; copy++) numbered.push(filler);
  await each(Array.from({ length: times }), 16, async () => {
    const connection = await Connection.open(port);
    const request = requestOf(newScript().encode(1, { open: true, numbered }));
    await new Promise<void>((resolve) => connection.socket.write(request, () => resolve()));
    sentBytes += request.length;
  });
  return sentBytes;
}

/** One session that has very many requests out, each on a connection of its own. */
export async function parkThousands(args: Target & { requests: number }): Promise<Tally> {
  const tally: Tally = {};
  const rogue = await Rogue.open(args.port);
  const numbers = Array.from({ length: args.requests }, (_, at) => at);
  const answers: Promise<void>[] = [];
  await each(numbers, 64, async (number) => {
    const connection = await Connection.open(args.port);
    // Within the span of exchanges, so that none is against the rules: most are copies.
    const bytes = rogue.script.encode(2 + (number % 250), { overThrough: 1 });
    connection.write(requestOf(bytes));
    answers.push(connection.said(bytes).then((words) => count(tally, words)));
  });
  await Promise.all(answers);
  count(tally, `at last: ${await rogue.say({ overThrough: 300 }, 301)}`);
  return tally;
}

/** What an opening is answered with when it comes again: while the session lives, and afterwards. */
export async function replays({ port }: Target): Promise<Record<string, string>> {
  const said: Record<string, string> = {};
  const rogue = await Rogue.open(port);
  const opening = rogue.next({ open: true }, 1);
  const thief = { secret: new Uint8Array(16).fill(0x77), open: true };
  said["while it lives"] = await rogue.send(opening);
  said["by a thief, while it lives"] = await rogue.say(thief, 1);
  said["and it lives on"] = await rogue.say({}, 2);
  said["its end"] = await rogue.say({ ended: { code: 9, reason: bytesOf("bye") } }, 3);
  said["after its end"] = await rogue.send(opening);
  said["by a thief, after its end"] = await rogue.say(thief, 1);
  const stranger = newScript();
  said["a request without an opening"] = await rogue.send(stranger.encode(7));
  rogue.destroy();
  return said;
}

/** A stolen secret, before the session falls silent and after it, with credentials and without. */
export async function stolenSecret(args: Target & { silentMs: number }): Promise<object> {
  const said: Record<string, string> = {};
  const owner = await Rogue.open(args.port, {}, "authorization: Bearer owner\r\n");
  owner.disguise("");
  said["at once, as the secret speaks"] = await owner.say();
  // Silence is what is tested: nothing happens in it.
  await new Promise((resolve) => setTimeout(resolve, args.silentMs));
  said["after silence, without credentials"] = await owner.say();
  owner.disguise("authorization: Bearer thief\r\n");
  said["after silence, as somebody else"] = await owner.say();
  owner.disguise("authorization: Bearer owner\r\n");
  said["after silence, as its owner"] = await owner.say();
  owner.destroy();
  return said;
}

/**
 * Sessions of a service, with windows as wide as numbers go, that acknowledge nothing and send so
 * many bodies of so many messages of a size. Kept until `relent`.
 */
export async function takeAll(args: Target & Greed): Promise<Tally> {
  const tally: Tally = {};
  const headers = `x-service: ${args.service}\r\n`;
  const top = Number.MAX_SAFE_INTEGER;
  const script = { window: { seqMax: top, bytesMax: top } };
  const payloads = Array.from({ length: args.messages }, () => binaryOf(args.size));
  await each(Array.from({ length: args.sessions }), 16, async () => {
    const rogue = await Rogue.open(args.port, script, headers);
    for (let body = 0; body < args.bodies; body++) {
      const seq = 1 + body * args.messages;
      const message = { kind: "messages", channel: 0, seq, index: seq, payloads } as const;
      const said = await rogue.say({ ...script, numbered: [message] });
      count(tally, said);
      if (said !== "200 answer") break;
    }
  });
  return tally;
}

interface Greed {
  readonly service: string;
  readonly sessions: number;
  readonly bodies: number;
  readonly messages: number;
  readonly size: number;
}

/** A message of so many bytes in MessagePack: nil, or bytes with their length. */
function binaryOf(size: number): Uint8Array {
  if (size === 1) return Uint8Array.of(0xc0);
  const payload = new Uint8Array(size);
  payload.set([0xc5, (size - 3) >> 8, size - 3]);
  return payload;
}

/** Identifiers that only differ behind the nonce, and openings of sessions that others have. */
export async function borrowedIdentifiers({ port }: Target): Promise<Tally> {
  const tally: Tally = {};
  const owner = await Rogue.open(port);
  for (let length = 16; length <= 48; length++) {
    const sessionId = new Uint8Array(length);
    sessionId.set(owner.script.sessionId);
    const bytes = newScript().encode(1, { sessionId, open: true });
    count(tally, `${length === 16 ? "its own" : "longer"}: ${await owner.send(bytes)}`);
  }
  const unknown = newScript().encode(1, { sessionId: nonceOf(0x7fff_ffff) });
  count(tally, `nobody's: ${await owner.send(unknown)}`);
  owner.destroy();
  return tally;
}
