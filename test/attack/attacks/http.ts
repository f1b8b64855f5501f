// Attacks on the reading of HTTP: requests that break its rules, come slowly, never end, or are
// never waited for.

import { HTTP_CASES } from "../http-cases.ts";
import type { Tally } from "../orders.ts";
import { Connection, count, describe, each, requestOf } from "../wire.ts";

export interface Target {
  readonly port: number;
}

const RUBBISH = requestOf(Buffer.from("x"));

/** Each case on a connection of its own, `times` over; what came back, by the case's name. */
export async function cases({ port, times }: Target & { times: number }): Promise<object> {
  const outcomes: Record<string, Tally> = {};
  const all = Array.from({ length: times }, () => HTTP_CASES).flat();
  await each(all, 16, async ({ name, bytes, says, isCut }) => {
    const connection = await Connection.open(port);
    connection.isHead = bytes.startsWith("HEAD ");
    connection.write(bytes);
    if (isCut === true) connection.end();
    const heard: string[] = [];
    while (heard.length < says.length) {
      const said = describe(await connection.answer());
      if (said === "closed") break;
      heard.push(said);
    }
    connection.end();
    for (const answer of await connection.rest()) heard.push(describe(answer));
    if (connection.isLate) heard.push("late");
    outcomes[name] ??= {};
    count(outcomes[name], heard.join(" | "));
  });
  return outcomes;
}

/** A request cut at each of its bytes by a FIN or a reset, and one in two pieces at each. */
export async function cuts({ port, body }: Target & { body: number[] }): Promise<Tally> {
  const tally: Tally = {};
  const bytes = requestOf(Uint8Array.from(body));
  const places = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1);
  const work = places.flatMap((at) => [
    { at, kind: "end" },
    { at, kind: "reset" },
    { at, kind: "pieces" },
  ]);
  await each(work, 16, async ({ at, kind }) => {
    const connection = await Connection.open(port);
    connection.socket.setNoDelay();
    connection.write(bytes.subarray(0, at));
    if (kind === "reset") connection.socket.resetAndDestroy();
    else if (kind === "end") connection.end();
    else connection.write(bytes.subarray(at));
    count(tally, `${kind}: ${await connection.said(Uint8Array.from(body))}`);
    connection.destroy();
    await connection.closed;
  });
  return tally;
}

/** Many requests in one packet, `times` over. */
export async function pipelines(args: Target & { depth: number; times: number }): Promise<Tally> {
  const tally: Tally = {};
  const packet = Buffer.concat(Array.from({ length: args.depth }, () => RUBBISH));
  await each(Array.from({ length: args.times }), 8, async () => {
    const connection = await Connection.open(args.port);
    connection.write(packet);
    let answers = 0;
    while (answers < args.depth) {
      const said = await connection.said();
      count(tally, said);
      if (said === "closed" || said === "late") break;
      answers++;
    }
    connection.destroy();
  });
  return tally;
}

/** Heads that go on for ever: as much is written as the server takes. */
export async function endlessHeads(args: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  await each(Array.from({ length: args.times }), 16, async () => {
    const connection = await Connection.open(args.port);
    connection.write("POST /holdfast HTTP/1.1\r\n");
    const pour = (): void => {
      while (!connection.isClosed && connection.socket.write("a: b\r\n".repeat(100)));
    };
    connection.socket.on("drain", pour);
    pour();
    count(tally, await connection.said());
    connection.destroy();
    await connection.closed;
  });
  return tally;
}

/** Bodies that go on for ever, in chunks or against their length. */
export async function endlessBodies(args: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  const head = RUBBISH.toString("latin1").slice(0, -1);
  const chunked = head.replace("content-length: 1", "transfer-encoding: chunked");
  const block = Buffer.from(`4000\r\n${"x".repeat(16_384)}\r\n`);
  await each(Array.from({ length: args.times }), 8, async () => {
    const connection = await Connection.open(args.port);
    connection.write(chunked);
    const pour = (): void => {
      while (!connection.isClosed && connection.socket.write(block));
    };
    connection.socket.on("drain", pour);
    pour();
    const said = await connection.said();
    // The server throws away what still comes for a while, and then closes.
    const answeredAtMs = performance.now();
    await connection.closed;
    const isSoon = performance.now() - answeredAtMs < 10_000;
    count(tally, `${said}, ${isSoon ? "closed" : "left open"}`);
  });
  return tally;
}

/** Connections that say nothing or little, and a byte now and then, until the server closes. */
export async function slow(args: Target & { connections: number }): Promise<Tally> {
  const tally: Tally = {};
  const whole = requestOf(Buffer.alloc(10_000, 0x78));
  const headEnd = whole.indexOf("\r\n\r\n") + 4;
  const kinds = [
    ["idle", 0],
    ["head", 20],
    ["body", headEnd + 1],
  ] as const;
  const work = Array.from({ length: args.connections }, () => kinds).flat();
  await each(work, work.length, async ([kind, from]) => {
    const connection = await Connection.open(args.port);
    let at: number = from;
    if (at > 0) connection.write(whole.subarray(0, at));
    const trickle = setInterval(() => {
      if (from > 0 && at < whole.length) connection.write(whole.subarray(at, ++at));
    }, 100);
    count(tally, `${kind}: ${await connection.said()}`);
    clearInterval(trickle);
    await connection.closed;
  });
  return tally;
}

/** Connections that say nothing, kept until `relent`. */
export async function idle(args: Target & { connections: number }): Promise<number> {
  const connections: Connection[] = [];
  await each(Array.from({ length: args.connections }), 64, async () => {
    connections.push(await Connection.open(args.port));
  });
  return connections.filter(({ isClosed }) => !isClosed).length;
}

export interface NeverRead {
  readonly cut: number;
  readonly requests: number;
}

/** Requests in one packet: four of them are what the server takes of one connection in a turn. */
const PACKET_REQUESTS = 8;
/** To fill the system's buffers, and until the server cuts: some ten seconds, thirty under load. */
const NEVER_READ_MS_MAX = 90_000;

/**
 * Clients that ask and never read an answer, in rounds of a packet each. Between two rounds a
 * client that does read is answered: connections are taken in turn, so the server has had the round
 * by then. (What is poured out faster arrives as hundreds of requests at once, and meets the guard
 * against that instead: see `pipelines`.) Ends when the server has cut them all. Returns how many
 * it did, and how many requests were made in all.
 */
export async function neverRead(args: Target & { connections: number }): Promise<NeverRead> {
  const packet = Buffer.concat(Array.from({ length: PACKET_REQUESTS }, () => RUBBISH));
  const mute: Connection[] = [];
  for (let at = 0; at < args.connections; at++) mute.push(await Connection.open(args.port, false));
  // Or the system keeps a packet back until the one before it is acknowledged, and joins the two.
  for (const { socket } of mute) socket.setNoDelay();
  // The last, so that the server has the others when it answers this one.
  const control = await Connection.open(args.port);
  const endsAtMs = performance.now() + NEVER_READ_MS_MAX;
  let packets = 0;
  while (mute.some(({ isClosed }) => !isClosed) && performance.now() < endsAtMs) {
    for (const connection of mute) {
      // Where the system takes no more, there is nothing to add.
      if (connection.isClosed || connection.socket.writableLength > 0) continue;
      connection.write(packet);
      packets++;
    }
    control.write(RUBBISH);
    if ((await control.answer()) === undefined) break;
  }
  const cut = mute.filter(({ isClosed }) => isClosed).length;
  for (const connection of [control, ...mute]) connection.destroy();
  return { cut, requests: packets * PACKET_REQUESTS };
}

/** Requests whose senders close their half at once, or all of it, by turns. */
export async function halfClosed(args: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  const kinds = Array.from({ length: args.times }, (_, at) => (at % 2 === 0 ? "end" : "reset"));
  await each(kinds, 16, async (kind) => {
    const connection = await Connection.open(args.port);
    connection.write(RUBBISH);
    if (kind === "end") connection.end();
    else connection.socket.resetAndDestroy();
    count(tally, `${kind}: ${await connection.said()}`);
    await connection.closed;
  });
  return tally;
}

/** Requests by the hundred on connections that all stay open. */
export async function overlapping(args: Target & { connections: number }): Promise<Tally> {
  const tally: Tally = {};
  const connections: Connection[] = [];
  await each(Array.from({ length: args.connections }), 64, async () => {
    connections.push(await Connection.open(args.port));
  });
  for (const connection of connections) connection.write(RUBBISH.subarray(0, -1));
  for (const connection of connections) connection.write(RUBBISH.subarray(-1));
  for (const connection of connections) {
    count(tally, await connection.said());
    connection.destroy();
  }
  return tally;
}

/** Bodies of which all but the last byte comes, all at the same time. */
export async function unfinished(
  args: Target & { connections: number; bytes: number },
): Promise<Tally> {
  const tally: Tally = {};
  const whole = requestOf(new Uint8Array(args.bytes + 1));
  const connections: Connection[] = [];
  // First all of these: to connect takes longer than the server waits for a body.
  await each(Array.from({ length: args.connections }), 64, async () => {
    connections.push(await Connection.open(args.port));
  });
  for (const connection of connections) connection.write(whole.subarray(0, -1));
  for (const connection of connections) {
    count(tally, await connection.said());
    connection.destroy();
  }
  return tally;
}
