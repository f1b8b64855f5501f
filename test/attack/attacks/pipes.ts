// Attacks by WebSockets and streams: by what is half made, never read, poured out, or cut.

import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { NumberedFrame } from "../../../src/core/body.ts";
import { defer } from "../../../src/session/deferred.ts";
import { frame, OPCODES, upgradeHead } from "../../links/frames.ts";
import type { Tally } from "../orders.ts";
import { newScript } from "../rogue.ts";
import { Connection, count, describe, each } from "../wire.ts";
import type { Target } from "./http.ts";

const X = Buffer.from("x");
const PATH = "/holdfast";
const TOP = Number.MAX_SAFE_INTEGER;

/** A WebSocket that was let in. */
async function upgraded(port: number, headers: Record<string, string> = {}): Promise<Connection> {
  const connection = await Connection.open(port);
  connection.write(upgradeHead(PATH, headers));
  const answer = await connection.answer();
  if (answer?.status !== 101) throw new Error(`no WebSocket: ${describe(answer)}`);
  return connection;
}

/** What opens a session on a pipe, and takes whatever is sent. */
function opening(script: ReturnType<typeof newScript>): Buffer {
  const window = { seqMax: TOP, bytesMax: TOP };
  return frame(OPCODES.binary, script.encode(0, { open: true, link: 1, bare: true, window }));
}

/** From now on whatever comes is dropped unread, or left where it is. */
function ignore({ socket }: Connection, isRead: boolean): void {
  socket.removeAllListeners("data");
  if (isRead) socket.resume();
  else socket.pause();
}

/** Resolves when it was written, or the connection has closed. */
function written(connection: Connection, bytes: Uint8Array): Promise<void> {
  const done = new Promise<void>((resolve) => {
    connection.socket.write(bytes, () => resolve());
  });
  return Promise.race([done, connection.closed]);
}

/** Heads of upgrades of which the last byte does not come; kept until `relent`. */
export async function halfUpgrades(args: Target & { connections: number }): Promise<number> {
  const head = upgradeHead(PATH);
  const connections: Connection[] = [];
  await each(Array.from({ length: args.connections }), 64, async () => {
    const connection = await Connection.open(args.port);
    connection.write(head.slice(0, -1));
    connections.push(connection);
  });
  return connections.filter(({ isClosed }) => !isClosed).length;
}

/** The same by the byte, until the server ends them. */
export async function slowUpgrades(args: Target & { connections: number }): Promise<Tally> {
  const tally: Tally = {};
  const head = upgradeHead(PATH);
  await each(Array.from({ length: args.connections }), args.connections, async () => {
    const connection = await Connection.open(args.port);
    let at = 0;
    const trickle = setInterval(() => {
      if (at < head.length - 1) connection.write(head.slice(at, ++at));
    }, 100);
    count(tally, await connection.said());
    clearInterval(trickle);
    await connection.closed;
  });
  return tally;
}

/** WebSockets that say nothing, or have begun a message, until the server ends them. */
export async function silentPipes(args: Target & { connections: number }): Promise<Tally> {
  const tally: Tally = {};
  const says = {
    nothing: Buffer.alloc(0),
    "half a frame": frame(OPCODES.binary, X, { claims: 2 }),
    "a fragment": frame(OPCODES.binary, X, { isFinal: false }),
    "a ping": frame(OPCODES.ping, X),
  };
  const work = Object.entries(says).flatMap((said) =>
    Array.from({ length: args.connections }, () => said),
  );
  await each(work, work.length, async ([name, bytes]) => {
    const connection = await upgraded(args.port);
    connection.write(bytes);
    ignore(connection, true);
    await connection.closed;
    count(tally, name);
  });
  return tally;
}

/** Sessions on WebSockets that never read what a service sends without end; until `relent`. */
export async function mutePipes(args: Target & { sockets: number }): Promise<number> {
  let opened = 0;
  await each(Array.from({ length: args.sockets }), 16, async () => {
    const connection = await upgraded(args.port, { "x-service": "flood" });
    ignore(connection, false);
    await written(connection, opening(newScript()));
    opened++;
  });
  return opened;
}

/**
 * Openings on WebSockets that wait for a verdict, each with two messages of a byte in bodies of half
 * a megabyte; until `relent`.
 */
export async function heavyPipeOpenings(args: Target & { times: number }): Promise<number> {
  let sentBytes = 0;
  const filler = new Uint8Array(16_000);
  await each(Array.from({ length: args.times }), 16, async () => {
    const script = newScript();
    const connection = await upgraded(args.port);
    const saying = (seq: number): readonly NumberedFrame[] => {
      const message = { kind: "messages", channel: 0, seq, index: seq } as const;
      // The first copy counts; the others only fill the body.
      const copies = Array.from({ length: 30 }, () => ({ ...message, payloads: [filler] }));
      return [{ ...message, payloads: [Uint8Array.of(0xc0)] }, ...copies];
    };
    const bodies = [
      script.encode(0, { open: true, link: 1, bare: true, numbered: saying(1) }),
      script.encodePiped({ numbered: saying(2) }),
    ];
    for (const body of bodies) {
      await written(connection, frame(OPCODES.binary, body));
      sentBytes += body.length;
    }
  });
  return sentBytes;
}

/** Who was one too many is told by then; less than the server waits for the end of a message. */
const CUT_WITHIN_MS = 1_000;

/** Messages of which all but a byte comes, on WebSockets of nobody. */
export async function unfinishedMessages(
  args: Target & { connections: number; bytes: number },
): Promise<Tally> {
  const tally: Tally = {};
  const bytes = frame(OPCODES.binary, Buffer.alloc(args.bytes), { claims: args.bytes + 1 });
  const connections: Connection[] = [];
  await each(Array.from({ length: args.connections }), 16, async () => {
    const connection = await upgraded(args.port);
    connections.push(connection);
    await written(connection, bytes);
  });
  await pause(CUT_WITHIN_MS);
  for (const connection of connections) count(tally, connection.isClosed ? "cut" : "held");
  await Promise.all(connections.map(({ closed }) => closed));
  return tally;
}

interface Flood {
  readonly kind: "pings" | "pongs" | "empty fragments" | "bodies" | "bytes of one frame";
  readonly connections: number;
  readonly forMs: number;
  readonly isRead: boolean;
}

/** As much of one kind on each WebSocket as it takes in that time, in packets as large as go. */
export async function pours({ port, ...flood }: Target & Flood): Promise<Tally> {
  const tally: Tally = {};
  await each(Array.from({ length: flood.connections }), flood.connections, async () => {
    const script = newScript();
    const connection = await upgraded(port);
    await written(connection, opening(script));
    ignore(connection, flood.isRead);
    const { kind } = flood;
    if (kind === "empty fragments") {
      connection.write(frame(OPCODES.binary, Buffer.alloc(0), { isFinal: false }));
    }
    if (kind === "bytes of one frame") {
      connection.write(frame(OPCODES.binary, X, { claims: 500_000 }));
    }
    const packet = packetOf(kind, script);
    const { promise: end, resolve } = defer<void>();
    const timer = setTimeout(resolve, flood.forMs);
    const endsAtMs = performance.now() + flood.forMs;
    while (performance.now() < endsAtMs && !connection.isClosed) {
      count(tally, "packets");
      await Promise.race([written(connection, packet), end]);
      // What the system takes at once calls back in the same turn: the others want one, too.
      await nextTurn();
    }
    clearTimeout(timer);
    connection.destroy();
    await connection.closed;
    count(tally, "ended");
  });
  return tally;
}

function packetOf(kind: Flood["kind"], script: ReturnType<typeof newScript>): Buffer {
  if (kind === "bytes of one frame") return X;
  const hearing = { link: 1, fromExchange: 1 };
  const one = {
    pings: () => frame(OPCODES.ping, Buffer.alloc(0)),
    pongs: () => frame(OPCODES.pong, Buffer.alloc(0)),
    "empty fragments": () => frame(OPCODES.more, Buffer.alloc(0), { isFinal: false }),
    bodies: () => frame(OPCODES.binary, script.encodePiped({ hearing })),
  }[kind]();
  return Buffer.concat(Array.from({ length: Math.ceil(65_536 / one.length) }, () => one));
}

/** WebSockets that are opened, joined and cut, so many a second. */
export async function pipeStorm(
  args: Target & { times: number; perSecond: number },
): Promise<Tally> {
  const tally: Tally = {};
  const beganAtMs = performance.now();
  const script = newScript();
  const numbers = Array.from({ length: args.times }, (_, at) => at);
  await each(numbers, 64, async (number) => {
    const dueInMs = beganAtMs + (1_000 * number) / args.perSecond - performance.now();
    if (dueInMs > 1) await new Promise((resolve) => setTimeout(resolve, dueInMs));
    const connection = await upgraded(args.port);
    const says = { open: number === 0, link: number + 1, bare: true };
    connection.write(frame(OPCODES.binary, script.encode(0, says)));
    // Each other one is cut when it was greeted.
    if (number % 2 === 0) await connection.heard();
    connection.socket.resetAndDestroy();
    await connection.closed;
    count(tally, "cut");
  });
  count(tally, "seconds", Math.round((performance.now() - beganAtMs) / 1_000));
  return tally;
}

/** Tickets that nobody has offered. */
export async function guessTickets({ port, times }: Target & { times: number }): Promise<Tally> {
  const tally: Tally = {};
  const connections: (Connection | undefined)[] = [];
  const numbers = Array.from({ length: times }, (_, at) => at);
  await each(numbers, 16, async (number, worker) => {
    let connection = connections[worker];
    if (connection === undefined || connection.isClosed) {
      connection = await Connection.open(port);
      connections[worker] = connection;
    }
    const ticket = Buffer.alloc(16, number.toString(36)).toString("base64url");
    connection.write(`GET ${PATH}?stream=${ticket} HTTP/1.1\r\nhost: victim\r\n\r\n`);
    count(tally, await connection.said());
  });
  for (const connection of connections) connection?.destroy();
  return tally;
}
