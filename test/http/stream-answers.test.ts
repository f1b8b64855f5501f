// Streams at the adapters of both kinds of server: what a throw costs, and what their end frees.

import { once } from "node:events";
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from "node:http";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { configureServer } from "../../src/http/configure-server.ts";
import { FetchCarrier } from "../../src/http/fetch-carrier.ts";
import { fetchHandler, type FetchHandler } from "../../src/http/fetch-handler.ts";
import { MEDIA_TYPE } from "../../src/http/media-type.ts";
import { NodeCarrier } from "../../src/http/node-carrier.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import type { RequestHandler, ServerPipe } from "../../src/session/peer.ts";
import { soon, until } from "../waiting.ts";
import { listen, serve, type TestServer } from "./test-server.ts";

const TARGET = `/holdfast?stream=${"A".repeat(22)}`;
const BODY = new Uint8Array(1_000);

type Take = (pipe: ServerPipe) => (() => void) | undefined;

/** Takes each stream in the next of these ways, and has no others. */
class Streams implements RequestHandler {
  readonly bodyBytesMax = 1_000;
  readonly #ways: Take[];

  constructor(...ways: Take[]) {
    this.#ways = ways;
  }

  handleRequest(): () => void {
    return () => {};
  }

  handleStream(_ticket: Uint8Array, _peer: unknown, pipe: ServerPipe): (() => void) | undefined {
    return this.#ways.shift()?.(pipe);
  }
}

const fail = (): never => {
  throw new Error("a bug");
};

function asker(
  handler: RequestHandler,
  options: ListenerOptions = {},
): {
  readonly ask: (signal?: AbortSignal) => ReturnType<FetchHandler>;
  readonly errors: unknown[];
} {
  const errors: unknown[] = [];
  const handle = fetchHandler(handler, { onError: (error) => void errors.push(error), ...options });
  const init = (signal: AbortSignal | undefined): RequestInit => (signal ? { signal } : {});
  const ask = (signal?: AbortSignal): ReturnType<FetchHandler> =>
    handle(new Request(`https://example.com${TARGET}`, init(signal)));
  return { ask, errors };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("a throw out of the server when a stream is asked for", () => {
  test("is answered with 500 by nodeListener, reported, and costs no place", async () => {
    const { port, errors } = await serve(new Streams(fail), { requestsMax: 1 });
    const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${port}${TARGET}`);
    const answer = await soon(ask(), "the answer");
    expect([answer.status, await answer.json()]).toEqual([500, { error: "internal" }]);
    expect(errors).toEqual([new Error("a bug")]);
    expect((await soon(ask(), "the next answer")).status).toBe(404);
  });

  test("ends the connection of nodeListener where the stream has begun", async () => {
    const begun: Take = (pipe) => {
      pipe.write(BODY);
      return fail();
    };
    const { port, errors } = await serve(new Streams(begun), { requestsMax: 1 });
    const request = get({ port, host: "127.0.0.1", path: TARGET });
    request.on("response", (response) => response.on("error", () => {}).resume());
    request.on("error", () => {});
    await soon(new Promise((resolve) => request.once("close", resolve)), "the end");
    expect(errors).toEqual([new Error("a bug")]);
    const next = await soon(fetch(`http://127.0.0.1:${port}${TARGET}`), "the next answer");
    expect(next.status).toBe(404);
  });

  test("is reported by nodeListener when it is told of the stream's end", async () => {
    const taken: Take = (pipe) => {
      pipe.write(BODY);
      return fail;
    };
    const { port, errors } = await serve(new Streams(taken), { requestsMax: 1 });
    const request = get({ port, host: "127.0.0.1", path: TARGET });
    request.on("error", () => {});
    await soon(once(request, "response"), "the stream");
    request.destroy();
    await until(() => errors.length > 0, "the report");
    expect(errors).toEqual([new Error("a bug")]);
  });

  test("is answered with 500 by fetchHandler, reported, and costs no place", async () => {
    const { ask, errors } = asker(new Streams(fail), { requestsMax: 1 });
    const answer = await ask();
    expect([answer.status, await answer.json()]).toEqual([500, { error: "internal" }]);
    expect(errors).toEqual([new Error("a bug")]);
    expect((await ask()).status).toBe(404);
  });
});

describe("the connection of a stream of nodeListener", () => {
  // More than the system takes at once.
  const last = new Uint8Array(8 * 1_024 * 1_024).fill(7);

  async function begin(): Promise<{ served: TestServer; end: () => void }> {
    let taken: ServerPipe | undefined;
    const take: Take = (pipe) => {
      taken = pipe;
      pipe.write(BODY);
      return () => {};
    };
    const served = await serve(new Streams(take));
    configureServer(served.server);
    const end = (): void => {
      taken?.write(last);
      taken?.close();
    };
    return { served, end };
  }

  test("ends with it and behind all of it, where a client keeps its connections", async () => {
    const { served, end } = await begin();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const request = get({ port: served.port, host: "127.0.0.1", path: TARGET, agent });
    const [response] = (await soon(once(request, "response"), "the stream")) as [IncomingMessage];
    const closed = once(served.server, "close");
    served.server.close();
    end();
    let bytes = 0;
    for await (const piece of response) bytes += (piece as Buffer).byteLength;
    expect([bytes, response.complete]).toEqual([BODY.length + last.length, true]);
    await soon(closed, "the server's end");
    // Said before, so that no request gets to a connection that ends.
    expect(response.headers.connection).toBe("close");
  });

  test("ends with it where nobody speaks or closes it any more", async () => {
    const { served, end } = await begin();
    const raw = await served.client();
    raw.write(`GET ${TARGET} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    expect((await raw.response()).status).toBe(200);
    end();
    expect(await soon(raw.closed, "the end")).toBeUndefined();
    expect(raw.socket.bytesRead).toBeGreaterThan(BODY.length + last.length);
  });
});

describe("a stream of fetchHandler that was closed before it was read", () => {
  let ends = 0;
  const closed: Take = (pipe) => {
    ends = 0;
    pipe.write(BODY);
    pipe.write(BODY);
    pipe.close();
    return () => ends++;
  };

  test("counts until the time of an answer is over, and is then given up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const options = { requestsMax: 1, answerTimeoutMs: 7_000 };
    const { ask } = asker(new Streams(closed), options);
    const stream = await ask();
    await vi.advanceTimersByTimeAsync(6_999);
    expect([(await ask()).status, ends]).toEqual([503, 0]);
    await vi.advanceTimersByTimeAsync(1);
    expect([(await ask()).status, ends]).toEqual([404, 1]);
    await expect(stream.arrayBuffer()).rejects.toThrow("The stream is not read");
  });

  test("counts until it was read whole, and is then over", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { ask } = asker(new Streams(closed), { requestsMax: 1 });
    const reader = (await ask()).body?.getReader();
    expect((await reader?.read())?.value).toEqual(BODY);
    expect([(await ask()).status, ends]).toEqual([503, 0]);
    expect((await reader?.read())?.value).toEqual(BODY);
    expect((await reader?.read())?.done).toBe(true);
    expect([(await ask()).status, ends]).toEqual([404, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is over when nobody will read it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { ask } = asker(new Streams(closed, closed), { requestsMax: 1 });
    await (await ask()).body?.cancel();
    const controller = new AbortController();
    expect((await ask(controller.signal)).status).toBe(200);
    expect((await ask()).status).toBe(503);
    controller.abort();
    await Promise.resolve();
    expect([(await ask()).status, ends]).toEqual([404, 1]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test.each(["close", "cut"] as const)(
  "fetchHandler tells of a stream's end when its %s is over, not within it",
  async (name) => {
    let ends = 0;
    let taken: ServerPipe | undefined;
    const take: Take = (pipe) => {
      taken = pipe;
      return () => ends++;
    };
    const { ask } = asker(new Streams(take));
    await ask();
    taken?.[name]?.();
    expect(ends).toBe(0);
    await Promise.resolve();
    expect(ends).toBe(1);
  },
);

/** What a server says, and for how long. */
const ANSWERS: readonly (readonly [string, (response: ServerResponse) => void])[] = [
  ["stream_ended", (response) => response.end()],
  // No body of this version begins so; nothing follows, nor does the answer end.
  ["stream_malformed", (response) => response.write(Uint8Array.of(0xff, 0xff))],
  ["stream_ended", (response) => response.write("", () => response.destroy())],
];

describe.each([
  ["node", (url: string) => new NodeCarrier(url, { links: ["stream"] })],
  ["fetch", (url: string) => new FetchCarrier(url, { links: ["stream"] })],
])("a stream read by the carrier of %s", (_name, carrierTo) => {
  test.each(ANSWERS)("tells %s", async (reason, say) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-type": MEDIA_TYPE });
      response.flushHeaders();
      say(response);
    });
    const carrier = carrierTo(`http://127.0.0.1:${await listen(server)}`);
    onTestFinished(() => carrier.close());
    const [pipes] = carrier.pipes;
    const closed = new Promise<string>((resolve) => {
      pipes?.open({ opened: () => {}, body: () => {}, closed: resolve }, new Uint8Array(16));
    });
    expect(await soon(closed, "the end")).toBe(reason);
  });
});
