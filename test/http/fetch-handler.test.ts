import { describe, expect, it } from "vitest";
import { fetchHandler, type ListenerOptions } from "../../src/http/fetch-handler.ts";
import { defer } from "../../src/session/deferred.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { echoHandler, ScriptedHandler } from "./scripted-handler.ts";
import { refusalOf } from "./test-server.ts";

const url = "https://example.com/holdfast";

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

function postOf(
  body: Body | null,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Request {
  return new Request(url, {
    method: "POST",
    headers: { "content-type": "application/octet-stream", ...headers },
    body,
    signal,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  } as RequestInit);
}

/** A stream that gives these texts and then stays open, or ends as `last` says. */
function streamOf(
  texts: readonly string[],
  last: "end" | "open" | Error,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      if (last === "end") controller.close();
      else if (last !== "open") controller.error(last);
    },
  });
}

function make(
  handler: RequestHandler,
  options: ListenerOptions = {},
): { serve: ReturnType<typeof fetchHandler>; errors: unknown[] } {
  const errors: unknown[] = [];
  const serve = fetchHandler(handler, { onError: (error) => void errors.push(error), ...options });
  return { serve, errors };
}

describe("the handler of a Request", () => {
  it("hands a body to the server and its answer to the client", async () => {
    const handler = echoHandler();
    const { serve, errors } = make(handler);
    const response = await serve(postOf("hello", { "x-test": "yes" }), { address: "2001:db8::7" });
    expect(await response.text()).toBe("hello");
    expect([response.status, Object.fromEntries(response.headers)]).toEqual([
      200,
      {
        "content-type": "application/octet-stream",
        "content-length": "5",
        "cache-control": "no-store, no-transform",
      },
    ]);
    const [call] = handler.calls;
    expect(call?.peer.address).toBe("2001:db8::/64");
    expect([call?.peer.header("x-test"), call?.peer.header("x-other")]).toEqual(["yes", undefined]);
    expect(errors).toEqual([]);
  });

  it("joins a body that comes in pieces", async () => {
    const { serve } = make(echoHandler());
    const response = await serve(postOf(streamOf(["one ", "", "by ", "one"], "end")));
    expect(await response.text()).toBe("one by one");
  });

  it("holds a request until the server answers, and drops what is said after that", async () => {
    const handler = new ScriptedHandler();
    const { serve, errors } = make(handler);
    const response = serve(postOf("wait"));
    const call = await handler.call(0);
    call.say("first");
    call.say("second");
    expect(await (await response).text()).toBe("first");
    expect(errors).toEqual([]);
  });

  it("keeps the rules of path, method, media type, coding and length", async () => {
    const handler = echoHandler();
    const { serve } = make(handler);
    const other = new Request("https://example.com/else", { method: "POST", body: "x" });
    expect(await refusalOf(serve(other))).toEqual([404, "not_found"]);
    const get = await serve(new Request(url));
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    for (const [headers, expected] of [
      [{ "content-type": "text/plain" }, [415, "media_type_unsupported"]],
      [{ "content-encoding": "gzip" }, [415, "encoding_unsupported"]],
      [{ "content-length": "1001" }, [413, "body_too_large"]],
      [{ origin: "https://evil.example" }, [403, "origin_not_allowed"]],
      [{ origin: "https://example.com.evil.example" }, [403, "origin_not_allowed"]],
    ] as const) {
      expect(await refusalOf(serve(postOf("x", headers)))).toEqual(expected);
    }
    expect(await refusalOf(serve(postOf(null)))).toEqual([400, "body_empty"]);
    expect(await refusalOf(serve(postOf(streamOf([], "end"))))).toEqual([400, "body_empty"]);
    expect(handler.calls).toEqual([]);
    expect((await serve(postOf("x", { origin: "https://example.com" }))).status).toBe(200);
    const anywhere = make(echoHandler(), { path: "*" }).serve;
    expect((await anywhere(postOf("x"))).status).toBe(200);
  });

  it("answers preflights of listed origins", async () => {
    const { serve } = make(echoHandler(), { cors: { origins: ["https://app.example"] } });
    const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
    const response = await serve(new Request(url, { method: "OPTIONS", headers }));
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([
      204,
      "https://app.example",
    ]);
  });

  it("stops reading a body that is too large", async () => {
    const { serve } = make(echoHandler());
    const endless = postOf(streamOf(["x".repeat(1_000), "x"], "open"));
    expect(await refusalOf(serve(endless))).toEqual([413, "body_too_large"]);
  });

  it("gives up a body that does not come whole in time", async () => {
    const { serve } = make(echoHandler(), { bodyTimeoutMs: 5 });
    const slow = postOf(streamOf(["x"], "open"));
    expect(await refusalOf(serve(slow))).toEqual([408, "body_timeout"]);
  });

  it("limits requests at once, and counts no address that it is not told", async () => {
    const handler = new ScriptedHandler();
    const { serve } = make(handler, { requestsPerAddressMax: 1, requestsMax: 3 });
    const held = [
      serve(postOf("a"), { address: "192.0.2.1" }),
      serve(postOf("b")),
      serve(postOf("c")),
    ];
    await handler.call(2);
    const again = serve(postOf("x"), { address: "192.0.2.1" });
    expect(await refusalOf(again)).toEqual([429, "address_overloaded"]);
    expect(await refusalOf(serve(postOf("x")))).toEqual([503, "overloaded"]);
    for (const call of handler.calls) call.say("");
    await Promise.all(held);
    const next = serve(postOf("x"), { address: "192.0.2.1" });
    (await handler.call(3)).say("");
    expect((await next).status).toBe(200);
  });

  it("limits the bytes in reading, and gives them back however a request ends", async () => {
    const limits = { readingBytesMax: 100, readingBytesPerAddressMax: 100, bodyTimeoutMs: 300 };
    const { serve } = make(echoHandler(), limits);
    const large = "x".repeat(100);
    for (const last of ["open", new Error("cut")] as const) {
      await serve(postOf(streamOf([large], last)));
    }
    expect(await refusalOf(serve(postOf(`${large}x`)))).toEqual([503, "overloaded"]);
    expect((await serve(postOf(large))).status).toBe(200);
  });

  it("answers a refusal of the server with its status and reason", async () => {
    const handler = new ScriptedHandler((call) =>
      call.reply({ kind: "refusal", refusal: "unauthenticated" }),
    );
    expect(await refusalOf(make(handler).serve(postOf("x")))).toEqual([403, "unauthenticated"]);
  });
});

describe("a Request whose client leaves", () => {
  it("is given up, and its promise comes to an end", async () => {
    const handler = new ScriptedHandler();
    const { serve, errors } = make(handler, { requestsMax: 1 });
    const controller = new AbortController();
    const response = serve(postOf("hold", {}, controller.signal));
    const call = await handler.call(0);
    controller.abort();
    await call.gone;
    expect((await response).status).toBe(499);
    call.say("nobody hears");
    const next = serve(postOf("x"));
    (await handler.call(1)).say("served");
    expect((await next).status).toBe(200);
    expect(errors).toEqual([]);
  });

  it("is given up no more once it was answered", async () => {
    const handler = echoHandler();
    const controller = new AbortController();
    await make(handler).serve(postOf("x", {}, controller.signal));
    controller.abort();
    expect(handler.calls[0]?.isGone).toBe(false);
  });

  it("while its body comes is never told to the server", async () => {
    const handler = echoHandler();
    const { serve, errors } = make(handler);
    expect((await serve(postOf(streamOf(["x"], new Error("cut"))))).status).toBe(499);
    const gone = AbortSignal.abort();
    expect((await serve(postOf("x", {}, gone))).status).toBe(499);
    expect(handler.calls).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe("mistakes of the application", () => {
  const boom = new Error("boom");
  const fail = (): never => {
    throw boom;
  };

  it("are answered with 500 and reported", async () => {
    const { serve, errors } = make(new ScriptedHandler(fail), { cors: { origins: fail } });
    expect(await refusalOf(serve(postOf("x")))).toEqual([500, "internal"]);
    const cross = serve(postOf("x", { origin: "https://app.example" }));
    expect(await refusalOf(cross)).toEqual([500, "internal"]);
    expect(errors).toEqual([boom, boom]);
  });

  it("when told that a client left are reported", async () => {
    const arrived = defer<void>();
    const handleRequest = (): (() => void) => {
      arrived.resolve();
      return fail;
    };
    const { serve, errors } = make({ bodyBytesMax: 10, handleRequest });
    const controller = new AbortController();
    const response = serve(postOf("x", {}, controller.signal));
    await arrived.promise;
    controller.abort();
    expect((await response).status).toBe(499);
    expect(errors).toEqual([boom]);
  });

  it("such as a body that was read or is being read are told from empty bodies", async () => {
    const { serve, errors } = make(echoHandler());
    const read = postOf("x");
    await read.text();
    expect(await refusalOf(serve(read))).toEqual([500, "body_missing"]);
    const locked = postOf("x");
    locked.body?.getReader();
    expect(await refusalOf(serve(locked))).toEqual([500, "body_missing"]);
    expect(errors).toHaveLength(2);
  });
});
