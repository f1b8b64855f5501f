import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { nodeListener } from "../../src/http/node-listener.ts";
import type { Peer, Reply } from "../../src/session/peer.ts";
import { closeOf, postText, type RawClient } from "./raw-client.ts";
import { echoHandler, ScriptedHandler } from "./scripted-handler.ts";
import { post, refusalOf, serve } from "./test-server.ts";

const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };

describe("[HTTP-4] pipelined requests", () => {
  it("reach the server as they come, and are answered in their order", async () => {
    const handler = new ScriptedHandler();
    const { client, errors } = await serve(handler);
    const raw = await client();
    raw.write(postText("first") + postText("second"));
    const second = await handler.call(1);
    second.say("2");
    const first = await handler.call(0);
    expect([first.text, second.text]).toEqual(["first", "second"]);
    first.say("1");
    expect((await raw.response()).body).toBe("1");
    expect((await raw.response()).body).toBe("2");
    expect(errors).toEqual([]);
  });

  it("do not block one another, however many are parked", async () => {
    const handler = new ScriptedHandler();
    const { client } = await serve(handler);
    const raw = await client();
    const count = 30;
    raw.write(Array.from({ length: count }, (_, at) => postText(`r${at}`)).join(""));
    await handler.call(count - 1);
    for (const call of handler.calls.toReversed()) call.say(call.text);
    for (let at = 0; at < count; at++) expect((await raw.response()).body).toBe(`r${at}`);
  });

  it("are neither read nor handed on behind the answer that closes the connection", async () => {
    const handler = echoHandler();
    const elsewhere: string[] = [];
    const { client } = await serve(handler, {}, (listener) => (request, response) => {
      listener(request, response, () => elsewhere.push(request.url ?? ""));
    });
    const raw = await client();
    const many = Array.from({ length: 33 }, (_, at) => postText(`r${at}`)).join("");
    raw.write(`${many}${postText("late")}GET /page HTTP/1.1\r\nhost: x\r\n\r\n`);
    for (let at = 0; at < 32; at++) expect((await raw.response()).body).toBe(`r${at}`);
    expect((await raw.response()).body).toBe('{"error":"connection_overloaded"}');
    await raw.closed;
    expect(handler.calls).toHaveLength(32);
    expect(elsewhere).toEqual([]);
  });

  it("are all given up when their connection dies", async () => {
    const handler = new ScriptedHandler();
    const { client, url, errors } = await serve(handler, { requestsPerAddressMax: 30 });
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on("warning", note);
    const raw = await client();
    raw.write(Array.from({ length: 30 }, (_, at) => postText(`r${at}`)).join(""));
    const last = await handler.call(29);
    expect(await refusalOf(post(url, "x"))).toEqual([429, "address_overloaded"]);
    raw.destroy();
    await Promise.all(handler.calls.map((call) => call.gone));
    last.say("too late");
    const again = post(url, "x");
    (await handler.call(30)).say("served");
    expect((await again).status).toBe(200);
    process.off("warning", note);
    expect(warnings).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe("a connection that dies", () => {
  it("gives its held request up once, and drops the reply", async () => {
    const handler = new ScriptedHandler();
    const { client, errors } = await serve(handler);
    const raw = await client();
    raw.post("hold me");
    const call = await handler.call(0);
    raw.destroy();
    await call.gone;
    call.say("nobody hears");
    expect(errors).toEqual([]);
  });

  it("is not what frees a request that was answered", async () => {
    let first: WeakRef<object> | undefined;
    const handler = {
      bodyBytesMax: 10,
      handleRequest: (body: Uint8Array, peer: Peer, reply: (reply: Reply) => void) => {
        first ??= new WeakRef(peer.request as object);
        reply({ kind: "answer", body });
        return () => {};
      },
    };
    const { client } = await serve(handler);
    const raw = await client();
    for (let count = 0; count < 3; count++) {
      raw.post("x");
      expect((await raw.response()).status).toBe(200);
    }
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(first?.deref()).toBeUndefined();
    raw.post("x");
    expect((await raw.response()).status).toBe(200);
  });

  it("after the answer gives nothing up", async () => {
    const handler = echoHandler();
    const { client, server } = await serve(handler);
    const raw = await client();
    const arrived = once(server, "request");
    raw.post("x");
    await raw.response();
    const [request] = await arrived;
    raw.destroy();
    await closeOf(request.socket);
    expect(handler.calls[0]?.isGone).toBe(false);
  });

  it("is one whose client does not take its answer", async () => {
    const answer = new Uint8Array(32 * 1024 * 1024);
    const handler = new ScriptedHandler((call) => call.reply({ kind: "answer", body: answer }));
    const { client, server } = await serve(handler, { answerTimeoutMs: 50, requestsMax: 1 });
    const raw = await client();
    raw.socket.pause();
    const arrived = once(server, "request");
    raw.post("x");
    const [request] = await arrived;
    await closeOf(request.socket);
    raw.socket.resume();
    await raw.closed;
    expect(raw.socket.bytesRead).toBeLessThan(answer.length);
  });
});

describe("limits", () => {
  it("of requests at once per address are told before anything is read", async () => {
    const handler = new ScriptedHandler();
    const { url, client } = await serve(handler, { requestsPerAddressMax: 2 });
    const held = [post(url, "a"), post(url, "b")];
    await handler.call(1);
    const raw = await client();
    raw.post("", { "content-length": "5" });
    const refused = await raw.response();
    expect([refused.status, refused.body]).toEqual([429, '{"error":"address_overloaded"}']);
    expect(refused.headers["retry-after"]).toBe("1");
    for (const call of handler.calls) call.say("done");
    await Promise.all(held.map(async (response) => (await response).text()));
    const next = post(url, "c");
    (await handler.call(2)).say("again");
    expect((await next).status).toBe(200);
  });

  it("of requests at once per process answer 503", async () => {
    const handler = new ScriptedHandler();
    const { url } = await serve(handler, { requestsMax: 1 });
    const held = post(url, "a");
    const call = await handler.call(0);
    const refused = await post(url, "b");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refused.json()).toEqual({ error: "overloaded" });
    call.say("done");
    expect((await held).status).toBe(200);
  });

  it("count each client of a trusted proxy for itself", async () => {
    const handler = new ScriptedHandler();
    const { url } = await serve(handler, { requestsPerAddressMax: 1, trustProxy: ["127.0.0.1"] });
    const from = (address: string): Promise<Response> =>
      post(url, "x", { "x-forwarded-for": address });
    const held = [from("192.0.2.1"), from("2001:db8::1"), from("2001:db8:0:1::1")];
    await handler.call(2);
    expect(handler.calls.map((call) => call.peer.address).toSorted()).toEqual([
      "192.0.2.1",
      "2001:db8:0:1::/64",
      "2001:db8::/64",
    ]);
    expect((await from("spoofed, 192.0.2.1")).status).toBe(429);
    expect((await from("2001:db8::2")).status).toBe(429);
    for (const call of handler.calls) call.say("");
    await Promise.all(held);
  });

  it("of bytes in reading count those that came, of one address and of all", async () => {
    const handler = echoHandler();
    const bytes = { readingBytesMax: 900, readingBytesPerAddressMax: 800 };
    const { client, server } = await serve(handler, { ...bytes, trustProxy: 1 });
    const start = async (address: string, first: string): Promise<RawClient> => {
      const raw = await client();
      const arrived = once(server, "request");
      raw.post("", { ...chunked, "x-forwarded-for": address });
      const [request] = await arrived;
      const came = once(request, "data");
      raw.write(`${first.length.toString(16)}\r\n${first}\r\n`);
      await came;
      return raw;
    };
    const slow = await start("192.0.2.1", "x".repeat(600));
    const refused = await start("192.0.2.1", "x".repeat(201));
    expect((await refused.response()).status).toBe(429);
    const other = await start("192.0.2.2", "x".repeat(301));
    expect((await other.response()).status).toBe(503);
    const small = await start("192.0.2.2", "x".repeat(300));
    small.write("0\r\n\r\n");
    expect((await small.response()).body).toHaveLength(300);
    slow.write("0\r\n\r\n");
    expect((await slow.response()).body).toHaveLength(600);
    const after = await start("192.0.2.1", "x".repeat(800));
    after.write("0\r\n\r\n");
    expect((await after.response()).body).toHaveLength(800);
  });

  it("are checked when the listener is made", () => {
    for (const name of ["bodyTimeoutMs", "requestsMax", "readingBytesMax", "answerTimeoutMs"]) {
      expect(() => nodeListener(echoHandler(), { [name]: 0 })).toThrow(`option_invalid: ${name}`);
    }
  });
});

describe("a server that was told to close", () => {
  it("lets the connection of a held request go with the answer", async () => {
    const handler = new ScriptedHandler();
    const { client, server } = await serve(handler);
    const raw = await client();
    raw.post("hold");
    const call = await handler.call(0);
    const closed = once(server, "close");
    server.close();
    call.say("last");
    const response = await raw.response();
    expect([response.body, response.headers["connection"]]).toEqual(["last", "close"]);
    await closed;
  });
});
