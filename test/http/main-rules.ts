import { expect, it } from "vitest";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import type { RequestHandler } from "../../src/session/peer.ts";
import { ScriptedHandler } from "./scripted-handler.ts";
import type { Answer, Transport } from "./transports.ts";

/** What the rules of this file need of whatever serves. */
const MAIN_OPTIONS: ListenerOptions = {
  requestsMax: 2,
  cors: { origins: ["https://app.example"] },
  // Each mistake of a handler here is meant.
  onError: () => {},
};

/** Makes a server with these options and a client's way to it. */
export type Platform = (handler: RequestHandler, options: ListenerOptions) => Promise<Transport>;

const whole = (transport: Transport, body: string, headers = {}): Promise<Answer> => {
  const length = { "content-length": String(body.length) };
  const sent = transport({ ...length, ...headers });
  if (body !== "") sent.write(body);
  sent.end();
  return sent.answer;
};

const brief = ({ status, body }: Answer): readonly [number, string] => [status, body];

/** Declares the tests that every platform passes. */
export function testMainRules(make: Platform): void {
  const platform = (handler: RequestHandler): Promise<Transport> => make(handler, MAIN_OPTIONS);

  it("[HTTP-5] carries a body there and an answer back", async () => {
    const transport = await platform(new ScriptedHandler((call) => call.say(`<${call.text}>`)));
    const answer = await whole(transport, "hello");
    expect(brief(answer)).toEqual([200, "<hello>"]);
    expect(answer.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-length": "7",
      "cache-control": "no-store, no-transform",
    });
    expect(answer.headers["transfer-encoding"]).toBeUndefined();
  });

  it("carries bodies in pieces and of unknown length", async () => {
    const transport = await platform(new ScriptedHandler((call) => call.say(call.text)));
    const sent = transport({});
    for (const piece of ["one ", "by ", "one"]) sent.write(piece);
    sent.end();
    expect(brief(await sent.answer)).toEqual([200, "one by one"]);
  });

  it("knows the client's address", async () => {
    const handler = new ScriptedHandler((call) => call.say(call.peer.address));
    expect((await whole(await platform(handler), "x")).body).toBe("127.0.0.1");
  });

  it("[HTTP-2] [HTTP-7] refuses by path, method, media type, coding and origin, with a reason", async () => {
    const handler = new ScriptedHandler((call) => call.say(""));
    const transport = await platform(handler);
    const get = await whole(transport, "", { ":method": "GET", "content-length": undefined });
    expect([get.status, get.headers["allow"]]).toEqual([405, "POST, OPTIONS"]);
    for (const [headers, status, error] of [
      [{ "content-type": "text/plain" }, 415, "media_type_unsupported"],
      [{ "content-type": undefined }, 415, "media_type_unsupported"],
      [{ "content-encoding": "gzip" }, 415, "encoding_unsupported"],
      [{ origin: "https://evil.example" }, 403, "origin_not_allowed"],
    ] as const) {
      const refused = await whole(transport, "x", headers);
      expect(brief(refused)).toEqual([status, JSON.stringify({ error })]);
      expect(refused.headers["content-type"]).toBe("application/json");
    }
    expect((await whole(transport, "x", { ":path": "/else" })).status).toBe(404);
    expect(handler.calls).toEqual([]);
    const own = await whole(transport, "x", { origin: transport.origin });
    expect([own.status, own.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
    const good = await whole(transport, "x", { origin: "https://app.example" });
    expect(good.headers["access-control-allow-origin"]).toBe("https://app.example");
  });

  it("answers a preflight", async () => {
    const transport = await platform(new ScriptedHandler());
    const answer = await whole(transport, "", {
      ":method": "OPTIONS",
      "content-length": undefined,
      origin: "https://app.example",
      "access-control-request-method": "POST",
    });
    expect([answer.status, answer.headers["access-control-max-age"]]).toEqual([204, "7200"]);
  });

  it("refuses what is empty, too large by its length, or too large by what has come", async () => {
    const handler = new ScriptedHandler((call) => call.say("well"));
    const transport = await platform(handler);
    expect(brief(await whole(transport, ""))).toEqual([400, '{"error":"body_empty"}']);
    const declared = transport({ "content-length": "1001" });
    expect(brief(await declared.answer)).toEqual([413, '{"error":"body_too_large"}']);
    const streamed = transport({});
    streamed.write("x".repeat(900));
    streamed.write("x".repeat(101));
    expect(brief(await streamed.answer)).toEqual([413, '{"error":"body_too_large"}']);
    expect(handler.calls).toEqual([]);
    expect((await whole(transport, "x")).body).toBe("well");
  });

  it("gives up a slow body", async () => {
    const transport = await make(new ScriptedHandler(), { ...MAIN_OPTIONS, bodyTimeoutMs: 20 });
    const slow = transport({ "content-length": "10" });
    slow.write("x");
    expect(brief(await slow.answer)).toEqual([408, '{"error":"body_timeout"}']);
  });

  it("never hands over a body that was cut off", async () => {
    const handler = new ScriptedHandler((call) => call.say(call.text));
    const transport = await platform(handler);
    for (const headers of [{}, { "content-length": "10" }, {}, { "content-length": "10" }]) {
      const cut = transport(headers);
      cut.answer.catch(() => {});
      cut.write("half");
      // Once this is answered, that has begun.
      await whole(transport, "beside");
      cut.abort();
    }
    let after = await whole(transport, "after");
    // Until the server has heard of the last cut.
    while (after.status === 503) after = await whole(transport, "after");
    expect(after.body).toBe("after");
    expect(handler.calls.map((call) => call.text)).not.toContain("half");
  });

  it("holds requests, counts them, and hears of clients that leave", async () => {
    const handler = new ScriptedHandler();
    const transport = await platform(handler);
    const [first, second] = [transport({}), transport({})];
    for (const [place, sent] of [first, second].entries()) {
      sent.write(`r${place}`);
      sent.end();
      await handler.call(place);
    }
    expect(brief(await whole(transport, "x"))).toEqual([503, '{"error":"overloaded"}']);
    first.answer.catch(() => {});
    first.abort();
    const gone = await handler.call(0);
    await gone.gone;
    gone.say("nobody hears");
    const third = whole(transport, "x");
    (await handler.call(2)).say("third");
    expect((await third).body).toBe("third");
    (await handler.call(1)).say("second");
    expect((await second.answer).body).toBe("second");
  });

  it("answers 500 for a server that throws, and goes on", async () => {
    let isFailing = true;
    const handler = new ScriptedHandler((call) => {
      if (isFailing) throw new Error("boom");
      call.say("well");
    });
    const transport = await platform(handler);
    expect(brief(await whole(transport, "x"))).toEqual([500, '{"error":"internal"}']);
    isFailing = false;
    expect((await whole(transport, "x")).body).toBe("well");
  });
}
