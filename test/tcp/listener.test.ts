// What comes to a TCP listener and is none of a session's, or comes twice, slowly, or never whole.

import { once } from "node:events";
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import {
  connect as connectSecurely,
  createServer as createSecureServer,
  type TLSSocket,
} from "node:tls";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { RequestSide } from "../../src/core/index.ts";
import { connect } from "../../src/http/connect-node.ts";
import { tcpListener, type TcpListenerOptions } from "../../src/http/tcp-listener.ts";
import { type ClientSession, raw } from "../../src/session/index.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { Agreement, drawPreamble, PREAMBLE_BYTES } from "../../src/tcp/handshake.ts";
import { selfSigned } from "../http/certificate.ts";
import { listenLocally } from "../listening.ts";
import { soon, take, until } from "../waiting.ts";

type Texts = SessionServer<string, string>;

interface Site {
  readonly port: number;
  readonly url: string;
  readonly sessions: Texts;
  readonly server: Server;
  /** Connections that the server has open. */
  readonly open: Set<Socket>;
  /** What came, of each connection in the order of their beginnings. */
  readonly heard: Buffer[][];
}

const servers: Site[] = [];
const sockets: Socket[] = [];
const clients: ClientSession<string, string>[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) if (client.status.state !== "ended") client.abort();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { server, open } of servers.splice(0)) {
    for (const socket of open) socket.destroy();
    server.close();
  }
});

async function serve(
  options: TcpListenerOptions = {},
  limits: Partial<ServerOptions<string, string>> = {},
): Promise<Site> {
  const sessions: Texts = new SessionServer<string, string>({
    onSession: (session) => {
      session.onBundle((texts) => {
        for (const text of texts) session.send(text);
      });
    },
    ...limits,
  });
  const listener = tcpListener(sessions, options);
  const open = new Set<Socket>();
  const heard: Buffer[][] = [];
  const server = createServer((socket) => {
    open.add(socket);
    const mine: Buffer[] = [];
    heard.push(mine);
    socket.on("data", (piece: Buffer) => void mine.push(Buffer.from(piece)));
    socket.once("close", () => open.delete(socket));
    listener(socket);
  });
  const port = await listenLocally(server);
  const site = { port, url: `tcp://127.0.0.1:${port}`, sessions, server, open, heard };
  servers.push(site);
  return site;
}

function join({ url }: Site, options = {}): ClientSession<string, string> {
  const client = connect<string, string>(url, options);
  clients.push(client);
  return client;
}

function dial({ port }: Site): Socket {
  const socket = connectSocket(port, "127.0.0.1");
  socket.on("error", () => {});
  sockets.push(socket);
  return socket;
}

/** All that a server says until it ends the connection, which it has to. */
async function saidTo(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece: Buffer) => void pieces.push(piece));
  // A reset is an end too.
  await soon(new Promise((resolve) => socket.once("close", resolve)), "the connection's end");
  return Buffer.concat(pieces);
}

/** A client's end of a connection, up to the first body. */
async function greeted(site: Site): Promise<{ socket: Socket; agreement: Agreement }> {
  const socket = dial(site);
  const own = drawPreamble();
  socket.write(own.bytes);
  let theirs = Buffer.alloc(0);
  while (theirs.length < PREAMBLE_BYTES) {
    const [piece] = (await soon(once(socket, "data"), "a preamble")) as [Buffer];
    theirs = Buffer.concat([theirs, piece]);
  }
  return { socket, agreement: new Agreement(own, own.bytes, new Uint8Array(theirs)) };
}

function clientSide(fill = 6): RequestSide {
  const nonce = new Uint8Array(16).fill(5);
  const secret = new Uint8Array(32).fill(fill);
  return new RequestSide(0, { nonce, secret }, { requests: "none" });
}

/** What a side has to say on its pipes. */
function transmitted(side: RequestSide): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let out = side.poll(); out.kind !== "timeout"; out = side.poll()) {
    if (out.kind === "transmit") bodies.push(out.body);
  }
  return bodies;
}

/** The first body of a client that opens a session. */
function opening({ prove }: Agreement, side = clientSide()): Uint8Array {
  side.openPipe(0, prove);
  side.handleTimeout(0);
  return Buffer.concat(transmitted(side));
}

describe("a TCP listener", () => {
  test("[TCP-1] never hears a secret, nor an identifier before the preambles", async () => {
    const site = await serve();
    const client = join(site);
    client.send("hello");
    expect(await take(client, 1)).toEqual(["hello"]);
    const { core } = JSON.parse(client.save()) as { core: unknown };
    const saved = JSON.stringify(core);
    const bytes = [...saved.matchAll(/"base64":"([^"]+)"/g)].map(([, text]) => text ?? "");
    const secret = bytes
      .map((text) => Buffer.from(text, "base64"))
      .find(({ length }) => length === 32);
    if (secret === undefined) throw new Error("no secret is saved");
    const heard = Buffer.concat(site.heard.flat());
    expect(heard.length).toBeGreaterThan(PREAMBLE_BYTES);
    expect(heard.includes(secret)).toBe(false);
    expect(heard.includes(secret.subarray(0, 8))).toBe(false);
  });

  test.each([
    ["HTTP", "GET / HTTP/1.1\r\n\r\n"],
    ["TLS", "\u0016\u0003\u0001\u0002\u0000"],
    ["noise", "\u0000\u00ff\u0000\u00ff"],
  ])("[TCP-2] says nothing but its preamble to who speaks %s", async (_, text) => {
    const site = await serve();
    const socket = dial(site);
    socket.write(Buffer.from(text, "latin1"));
    expect((await saidTo(socket)).length).toBeLessThanOrEqual(PREAMBLE_BYTES);
    expect(site.open.size).toBe(0);
  });

  test("[TCP-2] says its preamble before it has heard another one", async () => {
    const site = await serve();
    const socket = dial(site);
    const [said] = (await soon(once(socket, "data"), "a preamble")) as [Buffer];
    expect(said.subarray(0, 9)).toEqual(Buffer.from("holdfast\u0001"));
    expect(said).toHaveLength(PREAMBLE_BYTES);
    expect(site.heard[0]).toEqual([]);
  });

  test("[TCP-2] tells another version its own, and ends the connection", async () => {
    const site = await serve();
    const socket = dial(site);
    const other = Uint8Array.from(drawPreamble().bytes);
    other[8] = 2;
    socket.write(other);
    const said = await saidTo(socket);
    expect(said.subarray(0, 9)).toEqual(Buffer.from("holdfast\u0001"));
    expect(said).toHaveLength(PREAMBLE_BYTES);
  });

  test.each(["nothing", "half a preamble", "a preamble alone", "half a body"])(
    "[TCP-7] ends a connection that says %s",
    async (what) => {
      const site = await serve({ preambleTimeoutMs: 100 });
      if (what === "nothing" || what === "half a preamble") {
        const socket = dial(site);
        if (what !== "nothing") socket.write(drawPreamble().bytes.subarray(0, 30));
        expect(await saidTo(socket)).toHaveLength(PREAMBLE_BYTES);
      } else {
        const { socket, agreement } = await greeted(site);
        if (what === "half a body") socket.write(opening(agreement).subarray(0, 50));
        expect(await saidTo(socket)).toHaveLength(0);
      }
      expect(site.sessions.sessions).toEqual([]);
    },
  );

  test("[TCP-7] gives drops of a preamble no more time than silence", async () => {
    const site = await serve({ preambleTimeoutMs: 200 });
    const socket = dial(site);
    const startMs = performance.now();
    const { bytes } = drawPreamble();
    let at = 0;
    const drip = setInterval(() => socket.write(bytes.subarray(at, ++at)), 20);
    await saidTo(socket).finally(() => clearInterval(drip));
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(at).toBeLessThan(PREAMBLE_BYTES);
  });

  test("[TCP-7] ends a connection whose later bodies come by drops", async () => {
    const site = await serve({ bodyTimeoutMs: 200 });
    const { socket, agreement } = await greeted(site);
    socket.write(opening(agreement));
    await soon(once(socket, "data"), "the greeting");
    // A head that announces 64 kB; each drop is progress of its own kind.
    socket.write(Uint8Array.of(0x11, 0x80, 0x01, 0x00, 0x00));
    const drip = setInterval(() => socket.write(Uint8Array.of(0)), 20);
    await saidTo(socket).finally(() => clearInterval(drip));
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("[PIPE-2] reads no first body beyond 64 KiB, and later ones up to their limit", async () => {
    const site = await serve();
    const { socket } = await greeted(site);
    // Version 1, an address, and a length of 70,000.
    socket.write(Uint8Array.of(0x19, 0x80, 0x01, 0x11, 0x70));
    expect(await saidTo(socket)).toHaveLength(0);

    const client = join(site, { bodyBytesInitial: 524_288 });
    const large = "x".repeat(300_000);
    client.send("first");
    await take(client, 1);
    client.send(large);
    expect(await take(client, 1)).toEqual([large]);
  });

  test("[TCP-7] keeps no more of bodies in the making than it may", async () => {
    const site = await serve({ readingBytesPerAddressMax: 100_000 });
    const announced = Uint8Array.of(0x19, 0x80, 0x00, 0xea, 0x60);
    const first = await greeted(site);
    first.socket.write(announced);
    const headBytes = PREAMBLE_BYTES + announced.length;
    await until(() => Buffer.concat(site.heard[0] ?? []).length === headBytes, "the first head");
    const second = await greeted(site);
    second.socket.write(announced);
    expect(await saidTo(second.socket)).toHaveLength(0);
    expect(first.socket.destroyed).toBe(false);
    first.socket.destroy();
    await until(() => site.open.size === 0, "the end of the first");
    const third = await greeted(site);
    third.socket.write(opening(third.agreement));
    await soon(once(third.socket, "data"), "the greeting");
  });

  test("[TCP-7] counts connections by address, and gives them back", async () => {
    const site = await serve({ connectionsPerAddressMax: 2 });
    const first = await greeted(site);
    await greeted(site);
    const refused = dial(site);
    refused.write(drawPreamble().bytes);
    expect(await saidTo(refused)).toHaveLength(0);
    first.socket.destroy();
    await until(() => site.open.size === 1, "room again");
    await greeted(site);
  });

  test("[TCP-7] counts connections of TLS as others", async () => {
    const identity = selfSigned();
    const sessions = new SessionServer({ onSession: () => {} });
    const listener = tcpListener(sessions, { connectionsPerAddressMax: 1 });
    const server = createSecureServer(identity, listener);
    const port = await listenLocally(server);
    onTestFinished(() => void server.close());
    const [first, second] = [0, 1].map(() => {
      const socket = connectSecurely({ port, host: "127.0.0.1", ca: identity.cert });
      socket.on("error", () => {});
      sockets.push(socket);
      return socket;
    }) as [TLSSocket, TLSSocket];
    const ends = [first, second].map((socket) => once(socket, "close"));
    await soon(Promise.race(ends), "the end of one of them");
    const admitted = first.destroyed ? second : first;
    if (admitted.connecting) await soon(once(admitted, "secureConnect"), "the other one");
    admitted.write(drawPreamble().bytes);
    const [said] = (await soon(once(admitted, "data"), "the greeting")) as [Buffer];
    expect(said).toHaveLength(PREAMBLE_BYTES);
  });

  test("[TCP-6] lets no recording of a connection in, of an opening or of a later one", async () => {
    const site = await serve();
    const client = join(site);
    client.send("1");
    expect(await take(client, 1)).toEqual(["1"]);
    for (const socket of site.open) socket.resetAndDestroy();
    client.send("2");
    expect(await take(client, 1)).toEqual(["2"]);
    const [session] = site.sessions.sessions;
    const recordings = [site.heard[0], site.heard[1]].map((pieces) => Buffer.concat(pieces ?? []));
    expect(recordings.every(({ length }) => length > PREAMBLE_BYTES)).toBe(true);
    for (const recording of recordings) {
      const socket = dial(site);
      socket.write(recording);
      const said = await saidTo(socket);
      // A preamble, and that nobody knows such a session: no greeting, and nothing of the session's.
      expect(said.length).toBeLessThan(PREAMBLE_BYTES + 60);
    }
    client.send("3");
    expect(await take(client, 1)).toEqual(["3"]);
    expect(site.sessions.sessions).toEqual([session]);
  });

  test("[TCP-6] lets nobody join another one's session by a proof of their own secret", async () => {
    const site = await serve();
    const victim = await greeted(site);
    victim.socket.write(opening(victim.agreement));
    await soon(once(victim.socket, "data"), "the greeting");
    const thief = await greeted(site);
    const side = clientSide(99);
    thief.socket.write(opening(thief.agreement, side));
    const said = await saidTo(thief.socket);
    side.handlePipeBody(0, 1, new Uint8Array(said));
    expect(side.state).toBe("opening");
    expect(site.sessions.sessions).toHaveLength(1);
    expect(victim.socket.destroyed).toBe(false);
  });

  test("[PIPE-9] takes the newest of two connections of a session, and closes the other", async () => {
    const site = await serve();
    const first = await greeted(site);
    const second = await greeted(site);
    const side = clientSide();
    side.openPipe(0, first.agreement.prove);
    side.handleTimeout(0);
    first.socket.write(Buffer.concat(transmitted(side)));
    await soon(once(first.socket, "data"), "the first greeting");
    side.openPipe(0, second.agreement.prove);
    side.handleTimeout(0);
    const firstEnds = saidTo(first.socket);
    second.socket.write(Buffer.concat(transmitted(side)));
    await soon(once(second.socket, "data"), "the second greeting");
    await firstEnds;
    await until(() => site.open.size === 1, "the end of the first at the server");
    expect(second.socket.destroyed).toBe(false);
  });

  test("[TCP-4] takes no second session on a connection", async () => {
    const site = await serve();
    const { socket, agreement } = await greeted(site);
    socket.write(opening(agreement));
    await soon(once(socket, "data"), "the greeting");
    const nonce = new Uint8Array(16).fill(77);
    const second = new RequestSide(0, { nonce, secret: new Uint8Array(32) }, { requests: "none" });
    socket.write(opening(agreement, second));
    await saidTo(socket);
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("ends a connection that sends noise in a session, and not the session", async () => {
    const site = await serve();
    const { socket, agreement } = await greeted(site);
    socket.write(opening(agreement));
    await soon(once(socket, "data"), "the greeting");
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await saidTo(socket);
    expect(site.sessions.sessions.map(({ status }) => status.state)).toEqual(["open"]);
  });

  test("takes thousands of bodies that come together in turns, and in their order", async () => {
    const texts: string[] = [];
    /** Bundles that came in each turn of the event loop. */
    const turns = [0];
    const site = await serve(
      {},
      {
        codec: raw,
        onSession: (session) => {
          session.onBundle((bundle) => {
            turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
            for (const each of bundle as unknown as Uint8Array[]) texts.push(String(each));
          });
        },
      },
    );
    const { socket, agreement } = await greeted(site);
    const side = clientSide();
    side.openPipe(0, agreement.prove);
    side.handleTimeout(0);
    socket.write(Buffer.concat(transmitted(side)));
    const [greeting] = (await soon(once(socket, "data"), "the greeting")) as [Buffer];
    side.handlePipeBody(1, 1, new Uint8Array(greeting));
    const bodies: Uint8Array[] = [];
    for (let at = 0; at < 2_000; at++) {
      side.send(1, Uint8Array.of(at % 256));
      side.handleTimeout(1);
      bodies.push(...transmitted(side));
    }
    expect(bodies.length).toBeGreaterThanOrEqual(2_000);
    const ticking = setInterval(() => {}, 1_000);
    const tick = (): void => {
      turns.push(0);
      if (texts.length < 2_000) setImmediate(tick);
    };
    setImmediate(tick);
    socket.write(Buffer.concat(bodies));
    await until(() => texts.length === 2_000, "all of them").finally(() => clearInterval(ticking));
    expect(texts).toEqual(Array.from({ length: 2_000 }, (_, at) => String(at % 256)));
    // Twice as many where a turn ends between two of ours.
    expect(Math.max(...turns)).toBeLessThanOrEqual(128);
  });

  test("cuts whoever reads nothing, with what waits for it bounded", async () => {
    const pipeBytesMax = 100_000;
    const site = await serve(
      { closeTimeoutMs: 200 },
      {
        pipeBytesMax,
        pipeStallMs: 300,
        rtoMinMs: 50,
        rtoInitialMs: 100,
        onSession: (session) => {
          for (let count = 0; count < 200; count++) session.send("x".repeat(100_000));
        },
      },
    );
    const { socket, agreement } = await greeted(site);
    socket.pause();
    socket.write(opening(agreement));
    let unsentBytes = 0;
    await until(() => {
      for (const each of site.open) unsentBytes = Math.max(unsentBytes, each.writableLength);
      return site.heard[0] !== undefined && site.open.size === 0;
    }, "the end of the connection");
    expect(unsentBytes).toBeLessThanOrEqual(2 * pipeBytesMax + 524_288);
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("tells of what its server throws, and nobody else suffers", async () => {
    const errors: unknown[] = [];
    const failing: RequestHandler = {
      bodyBytesMax: 1_000,
      handleRequest: () => () => {},
      handlePipe: () => {
        throw new Error("out of order");
      },
    };
    const server = createServer(
      tcpListener(failing, { onError: (error) => void errors.push(error) }),
    );
    const port = await listenLocally(server);
    const socket = connectSocket(port, "127.0.0.1");
    socket.write(drawPreamble().bytes);
    await saidTo(socket);
    server.close();
    expect(errors).toEqual([new Error("out of order")]);
  });

  test("refuses options that it does not have, and handlers without pipes", () => {
    const sessions = new SessionServer({ onSession: () => {} });
    const wrong = { preambleTimeout: 1 } as TcpListenerOptions;
    expect(() => tcpListener(sessions, wrong)).toThrow("option_unknown: preambleTimeout");
    for (const name of ["bodyTimeoutMs", "connectionsMax", "readingBytesMax"]) {
      expect(() => tcpListener(sessions, { [name]: 0 })).toThrow(`option_invalid: ${name}`);
    }
    const bare = { bodyBytesMax: 1, handleRequest: () => () => {} };
    expect(() => tcpListener(bare)).toThrow("option_invalid: handler");
    const none = undefined as unknown as RequestHandler;
    expect(() => tcpListener(none)).toThrow("option_invalid: handler");
  });
});
