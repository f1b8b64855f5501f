// What comes on a server's WebSockets and is none of a session's.

import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { closeOf } from "../http/raw-client.ts";
import { pause, soon, until } from "../waiting.ts";
import { frame, OPCODES } from "./frames.ts";
import {
  closeCode,
  heard,
  newScript,
  open,
  opened,
  refusal,
  serve,
  upgraded,
} from "./hostile-site.ts";

const { more, text, binary, close, ping, pong } = OPCODES;
const X = Buffer.from("x");
const NOTHING = Buffer.alloc(0);

function codeOf(value: number, reason = NOTHING): Buffer {
  return Buffer.concat([Buffer.from([value >> 8, value & 255]), reason]);
}

function both(first: Buffer, second: Buffer): Buffer {
  return Buffer.concat([first, second]);
}

/** The code in the last frame before the end; 0 where there is none. */
function lastCode(said: string): number {
  const bytes = Buffer.from(said, "latin1");
  const at = bytes.lastIndexOf(Buffer.from([0x80 | close, 2]));
  return at === -1 ? 0 : bytes.readUInt16BE(at + 2);
}

/** Writes until the other side closes, or `bytesMax` are written; returns how much it was. */
async function pour(socket: Socket, bytes: Buffer, bytesMax: number): Promise<number> {
  let poured = 0;
  const closed = closeOf(socket);
  while (!socket.destroyed && poured < bytesMax) {
    poured += bytes.length;
    const drained = new Promise<void>((resolve) => {
      socket.write(bytes, () => resolve());
    });
    await soon(Promise.race([drained, closed]), "room for more");
  }
  return poured;
}

describe("a server's WebSockets", () => {
  test("are not for pages of other origins", async () => {
    const site = await serve();
    expect(await refusal(open(site, { origin: "https://evil.example" }))).toBe(
      '403 {"error":"origin_not_allowed"}',
    );
  });

  test("are for those of origins that are listed", async () => {
    const site = await serve({ cors: { origins: ["https://good.example"] } });
    const { readyState } = await opened(site, { origin: "https://good.example" });
    expect(readyState).toBe(WebSocket.OPEN);
  });

  test("leave other paths to other listeners", async () => {
    const site = await serve();
    site.server.on("upgrade", (request, socket) => {
      if (request.url === "/chat") socket.end("HTTP/1.1 418 \r\ncontent-length: 0\r\n\r\n");
    });
    expect(await refusal(open({ ...site, path: "/chat" }))).toBe("418 ");
  });

  test("are counted by address, and given back", async () => {
    const site = await serve({ requestsPerAddressMax: 2 });
    const first = await opened(site);
    await opened(site);
    expect(await refusal(open(site))).toBe('429 {"error":"address_overloaded"}');
    first.terminate();
    await until(async () => {
      const next = open(site);
      const [event] = await Promise.race([
        once(next, "open").then(() => ["open"]),
        once(next, "unexpected-response").then(() => ["refused"]),
      ]);
      return event === "open";
    }, "room again");
  });

  test("end when somebody says nothing, or nothing whole", async () => {
    const site = await serve({ bodyTimeoutMs: 50 });
    expect(await closeCode(open(site))).toBe(1006);
    const pinging = await upgraded(site);
    pinging.write(frame(ping, X));
    await heard(pinging);
    const begun = await upgraded(site);
    begun.write(frame(binary, X, { claims: 2 }));
    await heard(begun);
    const cutUp = await upgraded(site);
    cutUp.write(frame(binary, X, { isFinal: false }));
    await heard(cutUp);
    expect(site.errors).toEqual([]);
  });

  test("end when a later message does not come whole, and with it no session", async () => {
    const site = await serve({ bodyTimeoutMs: 100 });
    const script = newScript();
    const socket = await upgraded(site);
    const first = script.encode(0, { open: true, link: 1, bare: true });
    socket.write(frame(binary, first));
    await soon(once(socket, "data"), "the greeting");
    socket.write(frame(binary, X, { claims: 2 }));
    await heard(socket);
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("stay where nothing is under way but pings", async () => {
    const site = await serve({ bodyTimeoutMs: 50 });
    const socket = await upgraded(site);
    const said: Buffer[] = [];
    socket.on("data", (piece: Buffer) => void said.push(piece));
    socket.write(frame(binary, newScript().encode(0, { open: true, link: 1, bare: true })));
    socket.write(frame(ping, Buffer.from("are you there")));
    await until(() => Buffer.concat(said).includes("are you there"), "a pong");
    // Longer than a message may take; the answer to the next ping is the proof.
    await pause(200);
    socket.write(frame(ping, Buffer.from("and now")));
    await until(() => Buffer.concat(said).includes("and now"), "another pong");
    expect(socket.destroyed).toBe(false);
  });

  test("end with text, with noise, with more than a body may be, and with half a close", async () => {
    const site = await serve();
    const says = {
      text: (socket: WebSocket) => socket.send("hello"),
      noise: (socket: WebSocket) => socket.send(Buffer.from("hello")),
      tooLarge: (socket: WebSocket) => socket.send(Buffer.alloc(600_000)),
      nothing: (socket: WebSocket) => socket.send(NOTHING),
    };
    const codes: Record<string, number> = {};
    for (const [name, say] of Object.entries(says)) {
      const socket = await opened(site);
      say(socket);
      codes[name] = await closeCode(socket);
    }
    expect(codes).toEqual({ text: 1003, noise: 1005, tooLarge: 1009, nothing: 1005 });
    expect(site.sessions.sessions).toEqual([]);
  });

  test.each<readonly [string, number, Buffer]>([
    ["that is not masked", 1002, frame(binary, X, { isMasked: false })],
    ["that says it is compressed", 1002, frame(binary, X, { reserved: 0x40 })],
    ["with the second reserved bit", 1002, frame(binary, X, { reserved: 0x20 })],
    ["with the third reserved bit", 1002, frame(binary, X, { reserved: 0x10 })],
    ["of a reserved kind", 1002, frame(3, X)],
    ["of a reserved kind of control", 1002, frame(11, X)],
    ["that goes on with nothing", 1002, frame(more, X)],
    [
      "amid the fragments of another",
      1002,
      both(frame(binary, X, { isFinal: false }), frame(binary, X)),
    ],
    ["of text", 1003, frame(text, X)],
    ["of text that is none", 1007, frame(text, Buffer.from([0xc3, 0x28]))],
    ["of text in fragments", 1003, both(frame(text, X, { isFinal: false }), frame(more, X))],
    ["that is a ping in fragments", 1002, frame(ping, X, { isFinal: false })],
    ["that is a ping of more than 125 bytes", 1002, frame(ping, Buffer.alloc(126))],
    ["that claims more than a body may be", 1009, frame(binary, X, { claims: 524_289 })],
    ["that claims all there is", 1009, frame(binary, X, { claims: 2 ** 53 })],
    ["that is a close of one byte", 1002, frame(close, X)],
    ["that closes with 999", 1002, frame(close, codeOf(999))],
    ["that closes with 1005", 1002, frame(close, codeOf(1005))],
    ["that closes with 1006", 1002, frame(close, codeOf(1006))],
    ["that closes with 5000", 1002, frame(close, codeOf(5000))],
    ["that closes with words that are none", 1007, frame(close, codeOf(1000, Buffer.from([0xff])))],
    ["that closes", 1000, frame(close, codeOf(1000))],
  ])("end with a frame %s", async (_, code, bytes) => {
    // It may wait for a close in answer to its own.
    const site = await serve({ answerTimeoutMs: 100 });
    const socket = await upgraded(site);
    const said = heard(socket);
    socket.write(bytes);
    expect(lastCode(await said)).toBe(code);
    expect(site.errors).toEqual([]);
  });

  test("end with fragments that are too many, or too much together", async () => {
    const site = await serve();
    const begin = frame(binary, X, { isFinal: false });
    const goOn = frame(more, X, { isFinal: false });
    const many = await upgraded(site);
    const saidToMany = heard(many);
    many.write(Buffer.concat([begin, ...Array.from({ length: 300 }, () => goOn)]));
    expect(lastCode(await saidToMany)).toBe(1008);

    const large = await upgraded(site);
    const saidToLarge = heard(large);
    const tenth = Buffer.alloc(60_000);
    large.write(frame(binary, tenth, { isFinal: false }));
    for (let at = 0; at < 9; at++) large.write(frame(more, tenth, { isFinal: false }));
    expect(lastCode(await saidToLarge)).toBe(1009);
  });

  test("end with empty fragments without end", async () => {
    const site = await serve();
    const socket = await upgraded(site);
    socket.write(frame(binary, NOTHING, { isFinal: false }));
    const flood = Buffer.concat(
      Array.from({ length: 5_000 }, () => frame(more, NOTHING, { isFinal: false })),
    );
    expect(await pour(socket, flood, 100_000_000)).toBeLessThan(100_000_000);
  });

  test("take a message in fragments, with pings in between", async () => {
    const site = await serve();
    const socket = await upgraded(site);
    const body = Buffer.from(newScript().encode(0, { open: true, link: 1, bare: true }));
    const answered = once(socket, "data");
    socket.write(frame(binary, body.subarray(0, 1), { isFinal: false }));
    for (let at = 1; at < body.length; at++) {
      const isFinal = at === body.length - 1;
      socket.write(frame(more, body.subarray(at, at + 1), { isFinal }));
      if (at === 5) socket.write(frame(pong, X));
    }
    await soon(answered, "the greeting");
    expect(site.sessions.sessions).toHaveLength(1);
  });

  test("end with pings without end, read or unread", async () => {
    const site = await serve();
    const flood = Buffer.concat(
      Array.from({ length: 2_000 }, () => frame(ping, Buffer.alloc(120))),
    );
    for (const isRead of [true, false]) {
      const socket = await upgraded(site);
      if (isRead) socket.resume();
      else socket.pause();
      expect(await pour(socket, flood, 100_000_000)).toBeLessThan(100_000_000);
    }
  });

  test("bear no more of unfinished messages than of requests' bodies", async () => {
    const site = await serve({ readingBytesPerAddressMax: 1_000_000, answerTimeoutMs: 100 });
    const begun: Socket[] = [];
    for (let at = 0; at < 6; at++) {
      const socket = await upgraded(site);
      begun.push(socket);
      socket.write(frame(binary, Buffer.alloc(300_000), { claims: 400_000 }));
      socket.resume();
    }
    await until(() => begun.some(({ destroyed }) => destroyed), "the end of one");
    await until(() => begun.filter(({ destroyed }) => !destroyed).length <= 3, "of the others");
    // At a third of a million bytes each, two, and a third where the counts lag behind.
    const left = begun.filter(({ destroyed }) => !destroyed).length;
    expect(left).toBeGreaterThan(0);
    // Those that were cut count no more: the next one is read.
    for (const socket of begun) socket.destroy();
    await until(async () => {
      const socket = await upgraded(site);
      socket.write(frame(binary, Buffer.alloc(400_000)));
      return (await heard(socket)) !== "";
    }, "room again");
  });
});
