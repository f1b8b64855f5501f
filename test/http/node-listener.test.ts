import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { describe, expect, it } from "vitest";
import { LINGER_MS } from "../../src/http/node-exchange.ts";
import { defer } from "../../src/session/deferred.ts";
import { closeOf, postText } from "./raw-client.ts";
import { echoHandler, ScriptedHandler } from "./scripted-handler.ts";
import { post, refusalOf, serve } from "./test-server.ts";

const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };

describe("the listener for node:http", () => {
  it("hands a body to the server and its answer to the client", async () => {
    const handler = echoHandler();
    const { url, errors } = await serve(handler);
    const response = await post(url, "hello", { "x-test": "yes" });
    expect(await response.text()).toBe("hello");
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "5",
      "cache-control": "no-store, no-transform",
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-"))).toEqual([]);
    expect(response.headers.has("vary")).toBe(false);
    const [call] = handler.calls;
    expect(call?.peer.address).toBe("127.0.0.1");
    expect(call?.peer.header("x-test")).toBe("yes");
    expect(call?.peer.header("constructor")).toBeUndefined();
    expect(call?.body.constructor).toBe(Uint8Array);
    expect(errors).toEqual([]);
  });

  it("keeps bytes as they are, in a body of many chunks too", async () => {
    const handler = echoHandler();
    handler.bodyBytesMax = 300_000;
    const { url } = await serve(handler);
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 31) % 256);
    const response = await post(url, bytes);
    expect(Buffer.compare(bytes, new Uint8Array(await response.arrayBuffer()))).toBe(0);
    expect(handler.calls[0]?.body.constructor).toBe(Uint8Array);
  });

  it("takes a body that comes a byte at a time", async () => {
    const { client } = await serve(echoHandler());
    const raw = await client();
    raw.post("", chunked);
    for (const letter of "one by one") raw.write(`1\r\n${letter}\r\n`);
    raw.write("0\r\n\r\n");
    expect((await raw.response()).body).toBe("one by one");
  });

  it("holds a request until the server answers, and drops what is said after that", async () => {
    const handler = new ScriptedHandler();
    const { url, errors } = await serve(handler);
    const response = post(url, "wait");
    const call = await handler.call(0);
    call.say("first");
    call.say("second");
    expect(await (await response).text()).toBe("first");
    expect(call.isGone).toBe(false);
    expect(errors).toEqual([]);
  });

  it("answers an empty body of the server with an empty body", async () => {
    const { url } = await serve(new ScriptedHandler((call) => call.say("")));
    const response = await post(url, "x");
    expect([response.status, response.headers.get("content-length")]).toEqual([200, "0"]);
  });
});

describe("the path", () => {
  it("is the default one or what the options say, compared without the query", async () => {
    const { port } = await serve(echoHandler());
    const at = (path: string): string => `http://127.0.0.1:${port}${path}`;
    expect((await post(at("/holdfast?session=1"), "x")).status).toBe(200);
    expect(await refusalOf(post(at("/"), "x"))).toEqual([404, "not_found"]);
    expect(await refusalOf(post(at("/holdfast/"), "x"))).toEqual([404, "not_found"]);
    const other = await serve(echoHandler(), { path: "/live" });
    expect((await post(`http://127.0.0.1:${other.port}/live`, "x")).status).toBe(200);
  });

  it("is taken out of a whole URL, as proxies send it", async () => {
    const { client } = await serve(echoHandler());
    const raw = await client();
    raw.write(postText("x").replace(" /holdfast ", " http://localhost/holdfast?a=b "));
    expect((await raw.response()).status).toBe(200);
  });

  it("may be any", async () => {
    const { port } = await serve(echoHandler(), { path: "*" });
    expect((await post(`http://127.0.0.1:${port}/some/where`, "x")).status).toBe(200);
  });

  it("leaves the others to the next listener, with the body unread", async () => {
    const { port } = await serve(echoHandler(), {}, (listener) => (request, response) => {
      listener(request, response, () => request.pipe(response));
    });
    const response = await post(`http://127.0.0.1:${port}/elsewhere`, "mine");
    expect(await response.text()).toBe("mine");
  });
});

describe("the head", () => {
  it("must be of a POST", async () => {
    const handler = echoHandler();
    const { url } = await serve(handler);
    for (const method of ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await post(url, undefined, {}, method);
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
      expect(await response.json()).toEqual({ error: "method_not_allowed" });
    }
    const head = await post(url, undefined, {}, "HEAD");
    expect([head.status, await head.text()]).toEqual([405, ""]);
    expect(handler.calls).toEqual([]);
  });

  it("must name the media type", async () => {
    const { url, client } = await serve(echoHandler());
    const good = ["application/octet-stream; charset=x", "Application/Octet-Stream"];
    for (const type of good) {
      expect((await post(url, "x", { "content-type": type })).status).toBe(200);
    }
    for (const type of ["text/plain", "application/json", "application/octet-streams", ""]) {
      const response = post(url, "x", { "content-type": type });
      expect(await refusalOf(response)).toEqual([415, "media_type_unsupported"]);
    }
    const raw = await client();
    raw.post("x", { "content-type": undefined });
    const without = await raw.response();
    expect([without.status, without.headers["accept"]]).toEqual([415, "application/octet-stream"]);
  });

  it("must not name a content coding", async () => {
    const { url } = await serve(echoHandler());
    expect((await post(url, "x", { "content-encoding": "identity" })).status).toBe(200);
    for (const coding of ["gzip", "br", "identity, gzip"]) {
      const response = await post(url, "x", { "content-encoding": coding });
      expect(await response.json()).toEqual({ error: "encoding_unsupported" });
      expect(response.status).toBe(415);
      expect(response.headers.get("accept-encoding")).toBe("identity");
    }
  });

  it("leaves a connection usable after a refusal with a small body", async () => {
    const { client } = await serve(echoHandler());
    const raw = await client();
    raw.post("not this", { "content-type": "text/plain" });
    raw.post("this");
    expect((await raw.response()).status).toBe(415);
    expect((await raw.response()).body).toBe("this");
  });

  it("gets 431 from Node when it is a flood, and others are served meanwhile and after", async () => {
    const { url, client } = await serve(echoHandler());
    const many = await client();
    many.post("x", Object.fromEntries(Array.from({ length: 9_000 }, (_, at) => [`x-${at}`, "y"])));
    expect((await post(url, "beside")).status).toBe(200);
    expect((await many.response()).status).toBe(431);
    const long = await client();
    long.post("x", { cookie: "c".repeat(100_000) });
    expect((await long.response()).status).toBe(431);
    expect(await many.closed).toBeUndefined();
    expect((await post(url, "after")).status).toBe(200);
  });
});

describe("the body", () => {
  it("must not be empty", async () => {
    const { client } = await serve(echoHandler());
    for (const headers of [{}, { "content-length": undefined }, chunked]) {
      const raw = await client();
      raw.post(headers === chunked ? "0\r\n\r\n" : "", headers);
      const { status, body } = await raw.response();
      expect([status, body]).toEqual([400, '{"error":"body_empty"}']);
    }
  });

  it("is refused by its declared length, before any of it comes", async () => {
    const handler = echoHandler();
    const { client } = await serve(handler);
    const raw = await client();
    raw.post("", { "content-length": "1001" });
    const { status, headers, body } = await raw.response();
    expect([status, body]).toEqual([413, '{"error":"body_too_large"}']);
    expect(headers["connection"]).toBe("close");
    raw.write("x".repeat(1_001));
    expect(await raw.closed).toBeUndefined();
    expect(handler.calls).toEqual([]);
  });

  it("is refused as soon as too much has come, and not read to its end", async () => {
    const handler = echoHandler();
    const { client } = await serve(handler);
    const raw = await client();
    raw.post("", chunked);
    raw.write(`3e8\r\n${"x".repeat(1_000)}\r\n`);
    raw.write("1\r\nx\r\n");
    expect((await raw.response()).status).toBe(413);
    raw.write("0\r\n\r\n");
    expect(await raw.closed).toBeUndefined();
    expect(handler.calls).toEqual([]);
  });

  it("may be as large as the server says", async () => {
    const { url } = await serve(echoHandler());
    expect((await post(url, "x".repeat(1_000))).status).toBe(200);
  });

  it("that goes on and on lets its client read the answer, and is then cut off", async () => {
    const { client } = await serve(echoHandler());
    const raw = await client();
    raw.post("", { "content-length": String(2 ** 40) });
    const pump = (): void => {
      while (raw.socket.writable && raw.socket.write("x".repeat(65_536)));
    };
    raw.socket.on("drain", pump);
    const startedAtMs = performance.now();
    pump();
    expect((await raw.response()).status).toBe(413);
    const answeredAfterMs = performance.now() - startedAtMs;
    await raw.closed;
    expect(answeredAfterMs).toBeLessThan(LINGER_MS);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(LINGER_MS - 10);
  });

  it("is given up when it does not come whole in time", async () => {
    const handler = echoHandler();
    const { client } = await serve(handler, { bodyTimeoutMs: 20 });
    const raw = await client();
    raw.post("half", { "content-length": "8" });
    const { status, headers, body } = await raw.response();
    expect([status, body]).toEqual([408, '{"error":"body_timeout"}']);
    expect(headers["connection"]).toBe("close");
    raw.write("late");
    await raw.closed;
    expect(handler.calls).toEqual([]);
  });

  it("that was given up makes room for others at once, while its connection lingers", async () => {
    const { client } = await serve(echoHandler(), { bodyTimeoutMs: 300, readingBytesMax: 900 });
    const slow = await client();
    slow.post("x".repeat(899), { "content-length": "900" });
    expect((await slow.response()).status).toBe(408);
    const next = await client();
    next.post("x".repeat(900));
    expect((await next.response()).status).toBe(200);
    expect(slow.socket.readyState).toBe("open");
  });

  it("that is refused by its head is thrown away, and the connection closed at its end", async () => {
    const { client } = await serve(echoHandler());
    const raw = await client();
    const startedAtMs = performance.now();
    raw.post("", { ...chunked, "content-type": "text/plain" });
    for (let at = 0; at < 64; at++) raw.write(`8000\r\n${"x".repeat(32_768)}\r\n`);
    raw.write("0\r\n\r\n");
    expect((await raw.response()).status).toBe(415);
    expect(await raw.closed).toBeUndefined();
    expect(performance.now() - startedAtMs).toBeLessThan(LINGER_MS);
  });

  it("that is refused may lose its client at any moment", async () => {
    const { client, url, server, errors } = await serve(echoHandler());
    for (const headers of [chunked, { "content-length": "9999" }]) {
      for (const isAnswered of [false, true]) {
        const raw = await client();
        const arrived = once(server, "request");
        raw.post("", { ...headers, "content-type": "text/plain" });
        const [request] = await arrived;
        if (isAnswered) await raw.response();
        raw.socket.resetAndDestroy();
        await closeOf(request.socket);
      }
    }
    expect((await post(url, "x")).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it("that never ends leaves nothing behind when its connection dies", async () => {
    const handler = echoHandler();
    const options = { requestsMax: 1, readingBytesMax: 10 };
    const { url, client, errors, server } = await serve(handler, options);
    const raw = await client();
    const arrived = once(server, "request");
    raw.post("12345678", { "content-length": "9" });
    const [request] = await arrived;
    raw.destroy();
    await closeOf(request.socket);
    expect((await post(url, "0123456789")).status).toBe(200);
    expect(handler.calls.map((call) => call.text)).toEqual(["0123456789"]);
    expect(errors).toEqual([]);
  });

  it("comes after 100 Continue where the client waits for it", async () => {
    const { port, client } = await serve(echoHandler());
    const request = httpRequest({
      port,
      path: "/holdfast",
      method: "POST",
      headers: { "content-type": "application/octet-stream", expect: "100-continue" },
    });
    request.flushHeaders();
    await once(request, "continue");
    request.end("now");
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(200);
    expect(String(await once(response, "data"))).toBe("now");
    const raw = await client();
    raw.post("", { "content-length": "1001", expect: "100-continue" });
    expect((await raw.response()).status).toBe(100);
    expect((await raw.response()).status).toBe(413);
  });

  it("that somebody else has read is the application's mistake", async () => {
    const { url, errors } = await serve(echoHandler(), {}, (listener) => (request, response) => {
      request.resume().once("end", () => listener(request, response));
    });
    expect(await refusalOf(post(url, "x"))).toEqual([500, "body_missing"]);
    expect(errors.map(String)).toEqual([
      "Error: The request's body was read before the listener got it",
    ]);
  });
});

describe("old clients", () => {
  it("of HTTP/1.0 get a length, no chunks and no keep-alive, even if they ask for it", async () => {
    const { client } = await serve(echoHandler());
    for (const headers of [{ host: undefined }, { connection: "keep-alive" }]) {
      const raw = await client();
      raw.post("old", headers, "1.0");
      const response = await raw.response();
      expect(response.body).toBe("old");
      expect(response.headers["content-length"]).toBe("3");
      expect(response.headers["transfer-encoding"]).toBeUndefined();
      expect(response.headers["connection"]).toBe("close");
      expect(await raw.closed).toBeUndefined();
    }
  });
});

describe("refusals of the server", () => {
  it("have a status and a reason", async () => {
    const handler = new ScriptedHandler((call) => {
      const refusal = call.text as "unauthenticated" | "overloaded";
      call.reply({ kind: "refusal", refusal });
    });
    const { url } = await serve(handler);
    expect(await refusalOf(post(url, "unauthenticated"))).toEqual([403, "unauthenticated"]);
    expect(await refusalOf(post(url, "overloaded"))).toEqual([503, "overloaded"]);
    const overloaded = await post(url, "overloaded");
    expect([overloaded.status, overloaded.headers.get("retry-after")]).toEqual([503, "1"]);
  });
});

describe("exceptions", () => {
  const boom = new Error("boom");
  const fail = (): never => {
    throw boom;
  };

  it("of the server are answered with 500 and reported, and the next request is served", async () => {
    let isFailing = true;
    const handler = new ScriptedHandler((call) => (isFailing ? fail() : call.say("well")));
    const { url, errors } = await serve(handler);
    expect(await refusalOf(post(url, "x"))).toEqual([500, "internal"]);
    isFailing = false;
    expect((await post(url, "x")).status).toBe(200);
    expect(errors).toEqual([boom]);
  });

  it("after the reply leave the reply alone", async () => {
    const handler = new ScriptedHandler((call) => {
      call.say("said");
      fail();
    });
    const { url, errors } = await serve(handler);
    expect(await (await post(url, "x")).text()).toBe("said");
    expect(errors).toEqual([boom]);
  });

  it("of what is called when a connection dies are reported", async () => {
    const reported = defer<void>();
    const arrived = defer<void>();
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
      reported.resolve();
    };
    const handler = {
      bodyBytesMax: 10,
      handleRequest: () => {
        arrived.resolve();
        return fail;
      },
    };
    const { client } = await serve(handler, { onError });
    const raw = await client();
    raw.post("x");
    await arrived.promise;
    raw.destroy();
    await reported.promise;
    expect(errors).toEqual([boom]);
  });

  it("of functions among the options, and of onError itself, end nothing", async () => {
    const options = { cors: { origins: fail }, onError: fail };
    const written: unknown[][] = [];
    const { error } = console;
    console.error = (...values) => void written.push(values);
    const { url } = await serve(echoHandler(), options);
    const refused = refusalOf(post(url, "x", { origin: "https://example.com" }));
    expect(await refused).toEqual([500, "internal"]);
    console.error = error;
    expect(written).toEqual([[boom, boom]]);
    expect((await post(url, "x")).status).toBe(200);
  });

  it("do not come of responses that somebody else has destroyed", async () => {
    const handler = echoHandler();
    const { client, errors } = await serve(handler, {}, (listener) => (request, response) => {
      // The first is destroyed before the listener refuses it, the second before the echo.
      if (handler.calls.length === 0 && request.headers["x-refuse"] !== undefined) {
        response.destroy();
        listener(request, response);
        return;
      }
      listener(request, response);
      response.destroy();
    });
    for (const headers of [{ "x-refuse": "", "content-type": "text/plain" }, {}]) {
      const raw = await client();
      raw.post("x", headers);
      await raw.closed;
    }
    expect(errors).toEqual([]);
  });

  it("of a response that somebody else has begun cost only its connection", async () => {
    const { url, errors } = await serve(echoHandler(), {}, (listener) => (request, response) => {
      response.writeHead(202);
      listener(request, response);
    });
    await expect(post(url, "x")).rejects.toThrow("fetch failed");
    expect(errors).toMatchObject([{ code: "ERR_HTTP_HEADERS_SENT" }]);
  });
});
