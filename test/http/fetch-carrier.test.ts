// What only the carrier by fetch does: what it tells `fetch`, what browsers do otherwise than Node,
// when a page wakes it, and how small it is.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { FetchCarrier } from "../../src/http/fetch-carrier.ts";
import type { PageListener } from "../../src/http/page-life.ts";
import type { Outcome } from "../../src/session/carrier.ts";
import { answerOf, listen } from "./raw-server.ts";

const never = new AbortController().signal;
const body = new TextEncoder().encode("body");
const failureOf = (reason: string, isNotSent = false): Outcome => {
  return { kind: "failure", reason, isTooLarge: false, isNotSent };
};
const responseOf = (content: Uint8Array<ArrayBuffer> | null): Response => {
  return new Response(content, { headers: { "content-type": "application/octet-stream" } });
};
const answer: Outcome = { kind: "answer", bytes: body };

afterEach(() => vi.unstubAllGlobals());

describe("[HTTP-1] [HTTP-3] what the carrier by fetch tells fetch", () => {
  test("follows nothing, takes cookies as it is told, and keeps preflights in their cache", async () => {
    const inits: RequestInit[] = [];
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      inits.push(init);
      return responseOf(body);
    };
    const url = "http://127.0.0.1/a";
    await new FetchCarrier(url, { fetch }).exchange(body, never);
    await new FetchCarrier(url, { fetch, credentials: "include" }).exchange(body, never);

    const told = { method: "POST", body, redirect: "manual" };
    expect(inits).toEqual([
      expect.objectContaining({ ...told, credentials: "same-origin" }),
      expect.objectContaining({ ...told, credentials: "include" }),
    ]);
    // Chromium leaves what it knows of preflights aside for a request with any other mode.
    for (const init of inits) expect(init).not.toHaveProperty("cache");
  });

  test("is told without `this`, which browsers insist on", async () => {
    const seen: unknown[] = [];
    function strict(this: unknown): Promise<Response> {
      seen.push(this);
      return Promise.resolve(responseOf(body));
    }
    vi.stubGlobal("fetch", strict);
    await new FetchCarrier("http://127.0.0.1/").exchange(body, never);
    await new FetchCarrier("http://127.0.0.1/", { fetch: strict }).exchange(body, never);

    expect(seen).toEqual([undefined, undefined]);
  });

  test("names an address relative to the page", async () => {
    vi.stubGlobal("location", { href: "https://example.test/app/page?x#y" });
    const urls: string[] = [];
    const fetch = async (url: string): Promise<Response> => {
      urls.push(url);
      return responseOf(body);
    };
    await new FetchCarrier("/holdfast", { fetch }).exchange(body, never);
    await new FetchCarrier("holdfast", { fetch }).exchange(body, never);

    expect(urls).toEqual(["https://example.test/holdfast", "https://example.test/app/holdfast"]);
  });
});

describe("what fetch may do to the carrier by fetch", () => {
  const url = "http://127.0.0.1/";

  test("is to hide a redirect behind the status 0", async () => {
    const opaque = Response.error();
    const fetch = async (): Promise<Response> => opaque;
    expect(await new FetchCarrier(url, { fetch }).exchange(body, never)).toEqual(
      failureOf("http_0"),
    );
  });

  test("is to throw at once, or to answer without a body", async () => {
    const throwing = (): never => {
      throw new Error("blocked by an extension");
    };
    const empty = async (): Promise<Response> => responseOf(null);

    expect(await new FetchCarrier(url, { fetch: throwing }).exchange(body, never)).toEqual(
      failureOf("network_error"),
    );
    expect(await new FetchCarrier(url, { fetch: empty }).exchange(body, never)).toEqual({
      kind: "answer",
      bytes: new Uint8Array(0),
    });
  });

  test("is to take no notice of an abort: the exchange ends all the same", async () => {
    const controller = new AbortController();
    let told: AbortSignal | undefined;
    const fetch = (_: string, init: RequestInit): Promise<Response> => {
      told = init.signal ?? undefined;
      setImmediate(() => controller.abort());
      return new Promise(() => {});
    };
    const outcome = await new FetchCarrier(url, { fetch }).exchange(body, controller.signal);

    expect(outcome).toEqual(failureOf("aborted"));
    expect(told?.aborted).toBe(true);
  });

  test("is to leave listeners on its signal, which is not the session's", async () => {
    const controller = new AbortController();
    const signals = new Set<unknown>();
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      signals.add(init.signal);
      return responseOf(body);
    };
    const carrier = new FetchCarrier(url, { fetch });
    await carrier.exchange(body, controller.signal);
    await carrier.exchange(body, controller.signal);

    expect(signals.size).toBe(2);
    expect(signals).not.toContain(controller.signal);
  });

  test("is to decompress: then the larger size counts", async () => {
    const bomb = gzipSync(new Uint8Array(4_000_000));
    const server = await listen((socket, { number }) => {
      const compressed = number === 1 ? gzipSync(body) : bomb;
      socket.write(answerOf(compressed, "200 OK", "content-encoding: gzip\r\n"));
    });
    const carrier = new FetchCarrier(server.url, { answerBytesMax: 100_000 });
    expect(bomb.byteLength).toBeLessThan(100_000);

    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect(await carrier.exchange(body, never)).toEqual(failureOf("answer_too_large"));
  });
});

/** A page, as far as the carrier looks at it. */
class Page {
  readonly document = { visibilityState: "visible" };
  readonly listeners = new Map<string, Set<PageListener>>();

  addEventListener(type: string, listener: PageListener): void {
    this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: PageListener): void {
    this.listeners.get(type)?.delete(listener);
  }

  dispatch(type: string): void {
    for (const listener of this.listeners.get(type) ?? []) listener({ type });
  }
}

describe("a page with a carrier by fetch", () => {
  /** Counts how often what happens on a page wakes. */
  function watched(page: Page): { woken: number; end: () => void } {
    const count = { woken: 0, end: (): void => {} };
    const carrier = new FetchCarrier("http://127.0.0.1/", { events: page });
    count.end = carrier.watch(() => void count.woken++);
    return count;
  }

  test("wakes when it is online again, even hidden", () => {
    const page = new Page();
    const count = watched(page);
    page.dispatch("online");
    expect(count.woken).toBe(1);
    page.document.visibilityState = "hidden";
    page.dispatch("online");
    expect(count.woken).toBe(2);
    page.dispatch("offline");
    expect(count.woken).toBe(2);
  });

  test("wakes when it is shown again, and not when it is hidden", () => {
    const page = new Page();
    const count = watched(page);
    page.document.visibilityState = "hidden";
    page.dispatch("visibilitychange");
    expect(count.woken).toBe(0);
    page.document.visibilityState = "visible";
    page.dispatch("visibilitychange");
    expect(count.woken).toBe(1);
  });

  test("wakes when it comes out of the back-forward cache", () => {
    const page = new Page();
    const count = watched(page);
    page.dispatch("pageshow");
    expect(count.woken).toBe(1);
  });

  test("tells that it is hidden, put aside or left, and a worker is none of these", () => {
    const page = new Page();
    const told: string[] = [];
    const end = new FetchCarrier("http://127.0.0.1/", { events: page }).watch(
      () => told.push("wake"),
      (how) => told.push(how),
    );
    page.dispatch("visibilitychange");
    page.document.visibilityState = "hidden";
    page.dispatch("visibilitychange");
    for (const type of ["pagehide", "freeze", "resume"]) page.dispatch(type);
    expect(told).toEqual(["wake", "hidden", "frozen", "frozen", "wake"]);
    end();

    const worker = { listeners: page.listeners, addEventListener: page.addEventListener };
    new FetchCarrier("http://127.0.0.1/", { events: worker }).watch(
      () => told.push("wake"),
      (how) => told.push(how),
    );
    page.dispatch("visibilitychange");
    expect(told).toHaveLength(5);
  });

  test("lets exchanges outlive it, within what browsers allow for all of them", async () => {
    const inits: RequestInit[] = [];
    const answers: (() => void)[] = [];
    const fetch = async (_: string, init: RequestInit): Promise<Response> => {
      inits.push(init);
      await new Promise<void>((resolve) => answers.push(resolve));
      return responseOf(body);
    };
    const carrier = new FetchCarrier("http://127.0.0.1/", { fetch });
    const another = new FetchCarrier("http://127.0.0.1/", { fetch });
    const before = carrier.lastingBytes;
    const sent = carrier.exchange(new Uint8Array(10_000), never, true);
    const ordinary = carrier.exchange(body, never);
    expect(another.lastingBytes).toBe(before - 10_000);
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    for (const resolve of answers) resolve();
    expect([await sent, await ordinary].map(({ kind }) => kind)).toEqual(["answer", "answer"]);

    expect(inits.map(({ keepalive }) => keepalive)).toEqual([true, undefined]);
    expect(another.lastingBytes).toBe(before);
    expect(before).toBe(61_440);
    const gone = new AbortController();
    const aborted = carrier.exchange(new Uint8Array(5_000), gone.signal, true);
    gone.abort();
    await aborted;
    expect(carrier.lastingBytes).toBe(before);
  });

  test("is left without listeners when the watch ends, and only its own are taken", () => {
    const page = new Page();
    const [one, other] = [watched(page), watched(page)];
    one.end();
    one.end();
    page.dispatch("online");
    expect([one.woken, other.woken]).toEqual([0, 1]);
    other.end();
    expect([...page.listeners.values()].map((set) => set.size)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("is watched on globalThis, where that hears of events", () => {
    const target = new EventTarget();
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
    vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
    let woken = 0;
    const end = new FetchCarrier("http://127.0.0.1/").watch(() => void woken++);
    onTestFinished(end);
    target.dispatchEvent(new Event("online"));
    // A worker has no document to be shown.
    target.dispatchEvent(new Event("visibilitychange"));
    expect(woken).toBe(1);
  });

  test("may not be there at all", () => {
    const end = new FetchCarrier("http://127.0.0.1/", { events: {} }).watch(() => {});
    expect(end).not.toThrow();
  });
});

describe("the carrier by fetch", () => {
  test("lets one request carry messages, or as many as it is told", () => {
    expect(new FetchCarrier("http://127.0.0.1/").carriersMax).toBe(1);
    expect(new FetchCarrier("http://127.0.0.1/", { carriersMax: 8 }).carriersMax).toBe(8);
  });

  test("adds less than 3.5 KiB to the bundle of a page, pipes too, and needs nothing of Node", async () => {
    const sizeOf = async (code: string): Promise<number> => {
      const { outputFiles } = await build({
        stdin: { contents: code, resolveDir: fileURLToPath(new URL("../../src", import.meta.url)) },
        bundle: true,
        minify: true,
        format: "esm",
        // Fails on imports from Node.
        platform: "browser",
        target: "es2022",
        write: false,
      });
      return gzipSync(outputFiles[0]?.contents ?? "").byteLength;
    };
    const core = `import { RequestSide } from "./core/index.ts"; globalThis.a = RequestSide;`;
    const carrier = `import { FetchCarrier } from "./http/fetch-carrier.ts"; globalThis.b = FetchCarrier;`;

    expect((await sizeOf(core + carrier)) - (await sizeOf(core))).toBeLessThan(3_584);
  });
});
