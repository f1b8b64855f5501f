// WebSockets and streams by those whose session it is not, or no more.

import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { RawData, WebSocket } from "ws";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import type { Body } from "../../src/core/body.ts";
import { connect } from "../../src/http/connect-node.ts";
import { streamUrl } from "../../src/http/stream-ticket.ts";
import type { Peer } from "../../src/session/peer.ts";
import { messages, type Script, type ScriptedClient } from "../core/scripted-client.ts";
import { pause, soon, until } from "../waiting.ts";
import { ask, closeCode, newScript, opened, serve, type Site } from "./hostile-site.ts";

const TICKET = new Uint8Array(16).fill(0x5a);

/** What a body says, in a word or two. */
function meaningOf(body: Body): string {
  if (body.unknown !== undefined) return "unknown";
  if (body.refused !== undefined) return `refused ${body.refused.code}`;
  if (body.ended !== undefined) return `ended ${body.ended.code}`;
  if (body.superseded !== undefined) return "superseded";
  if (body.unreadable === true) return "unreadable";
  return body.pipe === undefined ? "answer" : `pipe ${body.pipe.link}`;
}

function saying(script: ScriptedClient, bytes: Uint8Array): string {
  return meaningOf(readBody(bytes, readHead(bytes, 1_048_576), script.sessionId));
}

async function post(
  site: Site,
  script: ScriptedClient,
  exchange: number,
  says: Script = {},
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(site.url, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", ...headers },
    body: script.encode(exchange, says) as Uint8Array<ArrayBuffer>,
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return response.status === 200 ? saying(script, bytes) : String(response.status);
}

/** A WebSocket with a first body, and what is said on it until it is closed. */
class Piped {
  readonly socket: WebSocket;
  readonly said: string[] = [];
  readonly #script: ScriptedClient;

  private constructor(socket: WebSocket, script: ScriptedClient) {
    this.socket = socket;
    this.#script = script;
    socket.on("message", (data: RawData) => {
      this.said.push(saying(script, new Uint8Array(data as Buffer)));
    });
  }

  static async open(
    site: Site,
    script: ScriptedClient,
    says: Script,
    headers: Record<string, string> = {},
  ): Promise<Piped> {
    const piped = new Piped(await opened(site, headers), script);
    piped.socket.send(script.encode(0, { link: 1, bare: true, ...says }));
    return piped;
  }

  say(says: Script = {}): void {
    this.socket.send(this.#script.encodePiped(says));
  }

  /** All that was said, when it is over. */
  async end(): Promise<string[]> {
    if (this.socket.readyState !== this.socket.CLOSED) await closeCode(this.socket);
    return this.said;
  }

  heard(count: number): Promise<void> {
    return until(() => this.said.length >= count, `${count} bodies`);
  }
}

function byHeader(peer: Peer): string | undefined {
  const owner = /^Bearer (\w+)$/.exec(peer.header("authorization") ?? "")?.[1];
  return owner ?? /^token=(\w+)$/.exec(peer.header("cookie") ?? "")?.[1];
}

describe("a WebSocket", () => {
  test("opens no session for who does not say who it is", async () => {
    const site = await serve({}, { authenticate: byHeader });
    const nobody = await Piped.open(site, newScript(), { open: true });
    expect((await nobody.end()).at(-1)).toBe("refused 1");
    const somebody = await Piped.open(site, newScript(), { open: true }, { cookie: "token=ann" });
    await somebody.heard(1);
    expect(somebody.said).toEqual(["pipe 1"]);
    expect(site.sessions.sessions.map(({ principal }) => principal)).toEqual(["ann"]);
  });

  test("opens no more sessions of an address than requests do", async () => {
    const site = await serve({}, { sessionsPerAddressMax: 2 });
    await post(site, newScript(), 1, { open: true });
    const second = await Piped.open(site, newScript(), { open: true });
    await second.heard(1);
    const third = await Piped.open(site, newScript(), { open: true });
    expect(await third.end()).toEqual(["refused 4100"]);
    expect(second.said).toEqual(["pipe 1"]);
  });

  test("with a stolen secret, after silence, is closed without a word", async () => {
    const site = await serve({}, { authenticate: byHeader, reauthenticateAfterMs: 50 });
    const script = newScript();
    const owner = { authorization: "Bearer ann" };
    await post(site, script, 1, { open: true }, owner);
    // Silence is what is tested.
    await pause(100);
    const thief = await Piped.open(site, script, {}, { authorization: "Bearer eve" });
    expect(await thief.end()).toEqual([]);
    const nobody = await Piped.open(site, script, {});
    expect(await nobody.end()).toEqual([]);
    const back = await Piped.open(site, script, { link: 2 }, owner);
    await back.heard(1);
    expect(back.said).toEqual(["pipe 2"]);
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("on which more is said before it is known who it is, is closed without a word", async () => {
    let isHanging = false;
    const authenticate = (peer: Peer): string | undefined | Promise<string> =>
      isHanging ? new Promise(() => {}) : byHeader(peer);
    const site = await serve({}, { authenticate, reauthenticateAfterMs: 50 });
    const script = newScript();
    const owner = { authorization: "Bearer ann" };
    await post(site, script, 1, { open: true }, owner);
    await pause(100);
    isHanging = true;
    const hasty = await Piped.open(site, script, {}, owner);
    hasty.say();
    expect(await hasty.end()).toEqual([]);
  });

  test("with another secret is told that there is no such session", async () => {
    const site = await serve();
    const script = newScript();
    await post(site, script, 1, { open: true });
    const thief = await Piped.open(site, script, { secret: new Uint8Array(16).fill(0x77) });
    expect(await thief.end()).toEqual(["unknown"]);
    const stranger = await Piped.open(site, newScript(), {});
    expect(await stranger.end()).toEqual(["unknown"]);
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("beside another one of its session takes its place, and a copy none", async () => {
    const site = await serve();
    const script = newScript();
    const first = await Piped.open(site, script, { open: true });
    await first.heard(1);
    const second = await Piped.open(site, script, { link: 2 });
    expect((await first.end())[0]).toBe("pipe 1");
    await second.heard(1);
    const copy = await Piped.open(site, script, { link: 2 });
    expect(await copy.end()).toEqual(["pipe 0"]);
    const older = await Piped.open(site, script, { link: 1 });
    expect(await older.end()).toEqual(["pipe 0"]);
    expect(second.said).toEqual(["pipe 2"]);
    expect(second.socket.readyState).toBe(second.socket.OPEN);
  });

  test("of an ended session hears how it ended, and bodies behind the end are dropped", async () => {
    const site = await serve();
    const script = newScript();
    const piped = await Piped.open(site, script, { open: true });
    await piped.heard(1);
    piped.say({ ended: { code: 9, reason: new Uint8Array(0) } });
    for (let at = 0; at < 100; at++) piped.say();
    expect((await piped.end()).at(-1)).toBe("ended 9");
    const late = await Piped.open(site, script, { link: 2 });
    expect(await late.end()).toEqual(["ended 9"]);
    expect(site.sessions.sessions).toEqual([]);
  });

  test("that lies ends its session, as a request does", async () => {
    const site = await serve();
    const script = newScript();
    const piped = await Piped.open(site, script, { open: true });
    await piped.heard(1);
    piped.say({ numbered: [messages(2 ** 40, "far beyond the window")] });
    expect((await piped.end()).at(-1)).toBe("ended 4096");
  });

  test("that was damaged ends itself and not its session", async () => {
    const site = await serve();
    const script = newScript();
    for (const [link, bytes] of [Buffer.from("noise"), Buffer.alloc(0), "text"].entries()) {
      const piped = await Piped.open(site, script, { open: link === 0, link: link + 1 });
      await piped.heard(1);
      piped.socket.send(bytes);
      await piped.end();
    }
    expect(await post(site, script, 1, { link: 9 })).toBe("pipe 0");
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("is closed by a server without pipes", async () => {
    const site = await serve();
    Object.defineProperty(site.sessions, "handlePipe", { value: undefined });
    expect(await closeCode(await opened(site))).toBe(1008);
  });

  test("whose server throws is cut, and the error reported", async () => {
    const site = await serve();
    site.sessions.handlePipe = () => ({
      body: () => {
        throw new Error("no body for me");
      },
      gone: () => {},
    });
    const socket = await opened(site);
    socket.send("x".repeat(3));
    expect(await closeCode(socket)).toBe(1003);
    const other = await opened(site);
    other.send(Buffer.from("x"));
    expect(await closeCode(other)).toBe(1006);
    expect(String(site.errors)).toBe("Error: no body for me");
  });
});

describe("a stream", () => {
  function targetOf(site: Site, ticket: Uint8Array): string {
    return streamUrl(site.url, ticket).slice(site.url.indexOf("/holdfast"));
  }

  async function endOf(stream: Response | undefined): Promise<void> {
    await stream?.arrayBuffer();
  }

  test("is nobody's without a ticket that was offered", async () => {
    const site = await serve();
    expect(await ask(site, targetOf(site, TICKET))).toBe('404 {"error":"not_found"}');
    expect(await ask(site, "/holdfast?stream=short")).toBe('405 {"error":"method_not_allowed"}');
    expect(await ask(site, "/holdfast")).toBe('405 {"error":"method_not_allowed"}');
  });

  test("is given once: a ticket that was shown is worth nothing", async () => {
    const site = await serve();
    const seen: string[] = [];
    site.server.prependListener("request", ({ method, url }: { method: string; url: string }) => {
      if (method === "GET") seen.push(url);
    });
    const session = connect(site.url, { links: ["stream"] });
    await until(() => seen.length > 0, "the stream");
    await soon(session.opened, "the session");
    expect(await ask(site, seen[0] ?? "")).toBe('404 {"error":"not_found"}');
    session.abort();
    await session.ended;
  });

  test("is not for pages of other origins, not even with its ticket", async () => {
    const site = await serve();
    const script = newScript();
    await post(site, script, 1, { open: true, offer: { link: 1, ticket: TICKET } });
    const target = targetOf(site, TICKET);
    expect(await ask(site, target, { origin: "https://evil.example" })).toBe(
      '403 {"error":"origin_not_allowed"}',
    );
    const stream = await fetch(streamUrl(site.url, TICKET));
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
  });

  test("goes to who offered its ticket, whoever else offers the same", async () => {
    const site = await serve();
    const owner = newScript();
    const thief = newScript();
    const offer = { link: 1, ticket: TICKET };
    await post(site, owner, 1, { open: true, offer });
    await post(site, thief, 1, { open: true, offer });
    const stream = await fetch(streamUrl(site.url, TICKET));
    const reader = stream.body?.getReader();
    const first = (await soon(reader?.read() ?? Promise.reject(new Error("none")), "a body")).value;
    expect(saying(owner, first ?? new Uint8Array(0))).toBe("pipe 1");
    await reader?.cancel();
  });

  test("is replaced by a newer one, and by a WebSocket", async () => {
    const site = await serve();
    const script = newScript();
    const streams: Response[] = [];
    await post(site, script, 1, { open: true, offer: { link: 1, ticket: TICKET } });
    streams.push(await fetch(streamUrl(site.url, TICKET)));
    const other = new Uint8Array(16).fill(0x77);
    await post(site, script, 2, { overThrough: 1, link: 1, offer: { link: 2, ticket: other } });
    streams.push(await fetch(streamUrl(site.url, other)));
    // The first was joined: it stays until the client hears by another one.
    const joined = post(site, script, 3, { overThrough: 2, link: 2 });
    await soon(endOf(streams[0]), "the end of the first");
    expect(await joined).toBe("pipe 2");
    const piped = await Piped.open(site, script, { link: 3 });
    await piped.heard(1);
    piped.say({ hearing: { link: 3, fromExchange: 4 } });
    await soon(endOf(streams[1]), "the end of the second");
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("of a session that ended ends, and its tickets with it", async () => {
    const site = await serve();
    const script = newScript();
    await post(site, script, 1, { open: true, offer: { link: 1, ticket: TICKET } });
    const stream = await fetch(streamUrl(site.url, TICKET));
    const other = new Uint8Array(16).fill(0x77);
    await post(site, script, 2, { overThrough: 1, offer: { link: 2, ticket: other }, link: 1 });
    await post(site, script, 3, { overThrough: 2, ended: { code: 9, reason: new Uint8Array(0) } });
    await soon(stream.arrayBuffer(), "the end of the stream");
    expect(await ask(site, targetOf(site, other))).toBe('404 {"error":"not_found"}');
  });

  test("counts as a request of its address for as long as it lives", async () => {
    const site = await serve({ requestsPerAddressMax: 1 });
    const script = newScript();
    await post(site, script, 1, { open: true, offer: { link: 1, ticket: TICKET } });
    const stream = await fetch(streamUrl(site.url, TICKET));
    expect(stream.status).toBe(200);
    expect(await post(site, script, 2, { overThrough: 1, link: 1 })).toBe("429");
    await stream.body?.cancel();
    let exchange = 3;
    await until(async () => {
      const said = await post(site, script, exchange++, { overThrough: 1, link: 1 });
      return said !== "429";
    }, "room again");
    const [event] = await Promise.race([
      once(await opened(site), "close").then(() => ["closed"]),
      pause(50).then(() => ["open"]),
    ]);
    expect(event).toBe("open");
  });

  test("is worth nothing after a silence for which its session is asked again", async () => {
    const site = await serve({}, { authenticate: byHeader, reauthenticateAfterMs: 50 });
    const script = newScript();
    const owner = { authorization: "Bearer ann" };
    await post(site, script, 1, { open: true, offer: { link: 1, ticket: TICKET } }, owner);
    // Silence is what is tested.
    await pause(100);
    expect(await ask(site, targetOf(site, TICKET))).toBe('404 {"error":"not_found"}');
  });
});
