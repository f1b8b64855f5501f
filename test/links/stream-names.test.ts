// Streams that the server names, over HTTP; and the founding document's procedure by one of them.

import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import {
  BodySplitter,
  LITERAL_DEFAULTS,
  LiteralRequestSide,
  readStreamName,
} from "../../src/core/index.ts";
import { connect as connectByFetch } from "../../src/http/connect-fetch.ts";
import { raw } from "../../src/session/index.ts";
import { SessionServer } from "../../src/session/server.ts";
import { LIMIT_MS, numbersTo, soon, until } from "../waiting.ts";
import { Heard, StreamSite } from "./stream-site.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function start(options: Parameters<typeof StreamSite.start>[0] = {}): Promise<StreamSite> {
  const site = await StreamSite.start(options);
  ends.push(() => site.stop());
  return site;
}

/** Asks for a stream that the server names; the bodies on it, as they come. */
async function askForNew(
  url: string,
): Promise<{ response: IncomingMessage; bodies: Uint8Array[] }> {
  const request = get(`${url}?stream=new`);
  request.on("error", () => {});
  ends.push(() => request.destroy());
  const [response] = (await soon(once(request, "response"), "an answer")) as [IncomingMessage];
  const bodies: Uint8Array[] = [];
  const splitter = new BodySplitter(65_536);
  response.on("data", (piece: Uint8Array) => {
    if (response.statusCode === 200) bodies.push(...splitter.push(piece));
  });
  response.on("error", () => {});
  return { response, bodies };
}

describe("streams that the server names", () => {
  test.each(["node", "fetch"] as const)("carry a session of a client by %s", async (by) => {
    const site = await start();
    const options = { links: ["stream", "poll"], streamNames: "server" } as const;
    const connectOther = (): ReturnType<typeof connectByFetch<number, number>> => {
      const session = connectByFetch<number, number>(site.url, options);
      ends.push(() => session.abort());
      return session;
    };
    const client = by === "node" ? (await site.join(options))[0] : connectOther();
    await until(() => client.link === "stream", "the stream");
    const [peer] = site.peers;
    if (peer === undefined) throw new Error("no session");
    const [down, up] = [new Heard(client), new Heard(peer)];
    for (const number of numbersTo(500)) {
      client.send(number);
      peer.send(number);
    }
    await until(() => down.numbers.length + up.numbers.length === 1_000, "the messages");
    expect([down.numbers, up.numbers]).toEqual([numbersTo(500), numbersTo(500)]);
    expect(new Set(site.streams.map(({ url }) => url))).toEqual(new Set(["/holdfast?stream=new"]));

    for (const { socket } of site.streams) socket.destroy();
    await until(() => client.link === "poll", "the news");
    await until(() => client.link === "stream", "the stream again");
    peer.send(500);
    await until(() => down.numbers.length === 501, "a message more");
  });

  test("end when nobody takes them, and make room", async () => {
    const site = await start({ server: { streamsNamedMax: 1, streamNamedMs: 1_000 } });
    const first = await askForNew(site.url);
    await until(() => first.bodies.length === 1, "its name");
    const refused = await askForNew(site.url);
    expect(refused.response.statusCode).toBe(404);
    await soon(once(first.response, "end"), "its end");
    const second = await askForNew(site.url);
    await until(() => second.bodies.length === 1, "another name");
    expect(readStreamName(second.bodies[0] ?? new Uint8Array(0))).not.toEqual(
      readStreamName(first.bodies[0] ?? new Uint8Array(0)),
    );
    second.response.destroy();
    await until(async () => {
      const { response } = await askForNew(site.url);
      return response.statusCode === 200;
    }, "room again");
  });

  test("are not named where they are not wanted", async () => {
    const site = await start({ server: { streamsNamedMax: 0 } });
    expect((await askForNew(site.url)).response.statusCode).toBe(404);
  });

  test("are the client's or the server's to name", () => {
    const streamNames = "nobody" as "server";
    expect(() => connectByFetch("http://127.0.0.1:1/", { streamNames })).toThrow(
      'option_invalid: streamNames is "nobody" and must be client or server',
    );
  });
});

const TEXT = new TextDecoder();

test("[LITB-1] [LITB-4] the literal procedure by a stream, over HTTP", async () => {
  const literal = { ...LITERAL_DEFAULTS, streaming: true };
  const words = (count: number, prefix: string): string[] =>
    numbersTo(count).map((number) => `${prefix}${number}`);
  const heard: { client: string[]; server: string[] } = { client: [], server: [] };
  const sessions = new SessionServer<Uint8Array, Uint8Array>({
    literal,
    codec: raw,
    async onSession(session) {
      for await (const message of session) {
        heard.server.push(TEXT.decode(message));
        if (heard.server.length === 1) {
          for (const word of words(25, "s")) session.send(new TextEncoder().encode(word));
        }
      }
    },
  });
  const site = await start({ sessions });

  // The identifier of the stream comes first, before there is a session.
  const { response, bodies } = await askForNew(site.url);
  await until(() => bodies.length === 1, "the identifier");
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-length"]).toBeUndefined();
  expect(site.posts).toEqual([]);
  const name = readStreamName(bodies[0] ?? new Uint8Array(0));
  const nonce = new Uint8Array(16).fill(1);
  const side = new LiteralRequestSide(
    performance.now(),
    { nonce, secret: new Uint8Array(16).fill(2) },
    { literal },
  );
  const link = side.takeStream(performance.now(), name);

  const units = { up: [] as number[], down: [] as number[] };
  let read = 1;
  let isJoined = false;
  const stop = new AbortController();
  ends.push(() => stop.abort());
  const untilMs = performance.now() + LIMIT_MS;
  while (heard.client.length < 25 || heard.server.length < 26) {
    expect(performance.now()).toBeLessThan(untilMs);
    for (const body of bodies.slice(read)) {
      const head = readHead(body, 65_536);
      expect(head.address?.sessionId).toEqual(name);
      units.down.push(unitsIn(readBody(body, head, name)));
      side.handlePipeBody(performance.now(), link, body);
      read++;
    }
    side.handleTimeout(performance.now());
    for (let output = side.poll(); output.kind !== "timeout"; output = side.poll()) {
      if (output.kind === "pipe-joined") {
        isJoined = true;
        const nowMs = performance.now();
        for (const word of words(26, "c")) side.send(nowMs, new TextEncoder().encode(word));
        side.handleTimeout(nowMs);
      } else if (output.kind === "deliver") {
        heard.client.push(...output.payloads.map((payload) => TEXT.decode(payload)));
      } else if (output.kind === "request") {
        const { exchange, body } = output;
        // Every request names the session.
        const head = readHead(body, 65_536);
        expect(head.address?.sessionId).toEqual(nonce);
        units.up.push(unitsIn(readBody(body, head, nonce)));
        void fetch(site.url, {
          method: "POST",
          headers: { "content-type": "application/octet-stream" },
          signal: stop.signal,
          body: body as Uint8Array<ArrayBuffer>,
        })
          .then((answer) => answer.arrayBuffer())
          .then((bytes) => side.handleAnswer(performance.now(), exchange, new Uint8Array(bytes)))
          .catch(() => {});
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }

  expect(isJoined).toBe(true);
  expect(heard).toEqual({ client: words(25, "s"), server: words(26, "c") });
  expect(units.down.filter((count) => count > 0)).toEqual([10, 10, 5]);
  expect(Math.max(...units.up)).toBe(10);
});

function unitsIn({ numbered }: ReturnType<typeof readBody>): number {
  let count = 0;
  for (const frame of numbered) if (frame.kind === "messages") count += frame.payloads.length;
  return count;
}
