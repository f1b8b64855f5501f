// What both of the clients' carriers do alike, Node's with connections of its own and with those of
// an agent, over real sockets, against servers that answer byte for byte.

import { getEventListeners, once } from "node:events";
import http from "node:http";
import https from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CarrierOptions } from "../../src/http/carrier-options.ts";
import { FetchCarrier } from "../../src/http/fetch-carrier.ts";
import { NodeCarrier } from "../../src/http/node-carrier.ts";
import type { Carrier, Outcome } from "../../src/session/carrier.ts";
import { ANSWER_BYTES_MAX, CASES } from "./carrier-cases.ts";
import { answerOf, listen } from "./raw-server.ts";

const carriers = [
  {
    name: "Node's carrier",
    column: 0,
    make: (url: string | URL, options?: CarrierOptions): Carrier => {
      const carrier = new NodeCarrier(url, options);
      onTestFinished(() => carrier.close());
      return carrier;
    },
  },
  {
    name: "Node's carrier with an agent",
    column: 0,
    make: (url: string | URL, options?: CarrierOptions): Carrier => {
      const { Agent } = String(url).startsWith("https:") ? https : http;
      const agent = new Agent({ keepAlive: true });
      onTestFinished(() => agent.destroy());
      return new NodeCarrier(url, { ...options, agent });
    },
  },
  {
    name: "the carrier by fetch",
    column: 1,
    make: (url: string | URL, options?: CarrierOptions): Carrier => new FetchCarrier(url, options),
  },
] as const;

const never = new AbortController().signal;
/** Connections are free again a little after their exchange. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const thrown = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const failureOf = (reason: string, isNotSent = false): Outcome => {
  return { kind: "failure", reason, isTooLarge: reason === "http_413", isNotSent };
};
const textOf = (outcome: Outcome): string => {
  return outcome.kind === "answer" ? new TextDecoder().decode(outcome.bytes) : outcome.reason;
};

describe.each(carriers)("$name", ({ column, make }) => {
  test.each(CASES)("[HTTP-6] makes the right outcome of $name", async (one) => {
    const server = await listen(one.respond, one.respondsTo);
    const carrier = make(server.url, { answerBytesMax: ANSWER_BYTES_MAX });
    const body =
      one.requestBytes === undefined ? bytesOf("body") : new Uint8Array(one.requestBytes);
    const expected: Outcome =
      one.answer === undefined
        ? failureOf(one.reasons?.[column] ?? "")
        : { kind: "answer", bytes: bytesOf(one.answer) };
    for (const exchange of [0, 1]) {
      expect(await carrier.exchange(body, never)).toEqual(expected);
      if (one.isDestroyed === true) await server.closed(exchange);
      await nextTurn();
    }
    expect(server.requests).toHaveLength(2);
    if (one.connections !== undefined) expect(server.used.size).toBe(one.connections);
  });

  test("posts the body to the address, as bytes", async () => {
    const server = await listen((socket, { body }) => socket.write(answerOf(body)));
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);

    const outcome = await make(new URL(server.url)).exchange(body, never);

    expect(outcome).toEqual({ kind: "answer", bytes: body });
    const { head } = server.requests[0] ?? { head: "" };
    expect(head).toMatch(/^post \/a\/b\?c=d http\/1\.1\r\n/);
    expect(head).toContain("\r\ncontent-type: application/octet-stream\r\n");
    expect(head).toContain("\r\ncontent-length: 256\r\n");
  });

  test("uses one connection for one exchange after the other", async () => {
    const server = await listen((socket, { body }) => socket.write(answerOf(body)));
    const carrier = make(server.url);
    for (let number = 0; number < 20; number++) {
      expect(textOf(await carrier.exchange(bytesOf(`${number}`), never))).toBe(`${number}`);
      await nextTurn();
    }
    expect(server.requests).toHaveLength(20);
    expect(server.used.size).toBe(1);
  });

  test("gives each of many overlapping exchanges its own answer, in whatever order", async () => {
    const held: (() => void)[] = [];
    const server = await listen((socket, { body }) => {
      held.push(() => socket.write(answerOf(body)));
      if (held.length < 40) return;
      for (const answer of held.toReversed()) answer();
    });
    const carrier = make(server.url);
    const numbers = Array.from({ length: 40 }, (_, number) => `${number}`);

    const outcomes = numbers.map((number) => {
      return carrier.exchange(bytesOf(number), new AbortController().signal);
    });

    // The server answers none before it has all: so none waits for another's connection.
    expect((await Promise.all(outcomes)).map(textOf)).toEqual(numbers);
  });

  test("says that nobody listens", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");

    const outcome = await make(`http://127.0.0.1:${port}/`).exchange(bytesOf("body"), never);

    expect(outcome).toEqual(
      failureOf(["connection_refused", "network_error"][column] ?? "", column === 0),
    );
  });

  test("says that whoever listens does not speak TLS", async () => {
    const server = await listen(() => {});
    server.server.on("connection", (socket) => socket.write(answerOf("", "400 Bad Request")));

    const url = server.url.replace("http:", "https:");
    const outcome = await make(url).exchange(bytesOf("body"), never);

    expect(outcome).toEqual(failureOf(["tls_failed", "network_error"][column] ?? "", column === 0));
  });

  test("goes on after the server has closed its connections", async () => {
    const server = await listen((socket, { body, number }) => {
      if (number === 2) socket.resetAndDestroy();
      else socket.write(answerOf(body));
    });
    const carrier = make(server.url);
    const outcomes: string[] = [];
    for (const body of ["one", "two", "three"]) {
      outcomes.push(textOf(await carrier.exchange(bytesOf(body), never)));
      await nextTurn();
    }
    expect(outcomes).toEqual(["one", ["connection_reset", "network_error"][column], "three"]);
    expect(server.used.size).toBe(2);
  });

  test("refuses options that cannot work", () => {
    const linksOf = (links: unknown): object => ({ links });
    const wrong: readonly (readonly [string, CarrierOptions, string])[] = [
      ["/relative", {}, "url"],
      ["ftp://127.0.0.1/", {}, "url"],
      ["data:text/plain,a/b", {}, "url"],
      ["http://user@127.0.0.1/", {}, "url"],
      ["http://:secret@127.0.0.1/", {}, "url"],
      ["http://user:sec/ret@127.0.0.1/?token=secret", {}, "url"],
      ["http://user:secret@host@127.0.0.1:x#secret", {}, "url"],
      ["http://127.0.0.1/", { answerBytesMax: 0 }, "answerBytesMax"],
      ["http://127.0.0.1/", { answerBytesMax: Number.NaN }, "answerBytesMax"],
      ["http://127.0.0.1/", { answerBytesMax: 1.5 }, "answerBytesMax"],
      ["http://127.0.0.1/", { answerBytesMax: Infinity }, "answerBytesMax"],
      ["http://127.0.0.1/", linksOf(5), "links"],
      ["http://127.0.0.1/", linksOf(null), "links"],
      ["http://127.0.0.1/", linksOf({}), "links"],
      ["http://127.0.0.1/", linksOf("poll"), "links"],
      ["http://127.0.0.1/", linksOf([]), "links"],
      ["http://127.0.0.1/", linksOf([null]), "links"],
    ];
    for (const [url, options, name] of wrong) {
      const error = thrown(() => make(url, options));
      expect(error).toMatchObject({ name: "UsageError", code: "option_invalid" });
      expect((error as Error).message).toContain(`option_invalid: ${name} is `);
      expect((error as Error).message).not.toMatch(/user|secret/);
    }
    expect(() => make("ws://host.test/live?token=secret")).toThrow(
      'url is "ws://host.test/live" and must be absolute, of http: or https:, without credentials',
    );
    expect(() => make("http://127.0.0.1:80/a@b?c@d")).not.toThrow();
  });
});

describe.each(carriers)("the headers of $name", ({ make }) => {
  test("are sent with each request, and do not replace the carrier's own", async () => {
    const server = await listen((socket) => socket.write(answerOf("")));
    const headers = { "X-Token": "secret", ACCEPT: "text/html", "Content-Type": "text/html" };
    const carrier = make(server.url, { headers });

    await carrier.exchange(bytesOf("body"), never);
    await carrier.exchange(bytesOf("body"), never);

    for (const { head } of server.requests) {
      expect(head).toContain("\r\nx-token: secret\r\n");
      expect(head).toContain("\r\ncontent-type: application/octet-stream\r\n");
      expect(head).not.toContain("text/html");
    }
    expect(server.requests).toHaveLength(2);
  });

  test("are asked for anew for each request, at once or later", async () => {
    const server = await listen((socket) => socket.write(answerOf("")));
    let asked = 0;
    const atOnce = make(server.url, { headers: () => ({ "x-token": `sync ${++asked}` }) });
    const later = make(server.url, {
      headers: async () => {
        await nextTurn();
        return { "x-token": `async ${++asked}` };
      },
    });
    for (const carrier of [atOnce, later, atOnce, later]) {
      expect((await carrier.exchange(bytesOf("body"), never)).kind).toBe("answer");
    }
    const tokens = server.requests.map(({ head }) => /x-token: (.*)\r/.exec(head)?.[1]);
    expect(tokens).toEqual(["sync 1", "async 2", "sync 3", "async 4"]);
  });

  const failing: readonly (readonly [string, () => unknown])[] = [
    [
      "a provider that throws",
      () => {
        throw new Error("no token");
      },
    ],
    ["a provider that rejects", () => Promise.reject(new Error("no token"))],
    ["a provider that rejects with nothing", () => Promise.reject()],
    ["a provider of null", () => null],
    ["a line break in a value", () => ({ "x-token": "a\r\nx-other: b" })],
    ["a letter outside of Latin-1", () => ({ "x-token": "\u20ac" })],
    ["a name that is none", () => ({ "x token": "a" })],
  ];
  test.each(failing)("fail the exchange, and nothing is sent, for %s", async (_, provider) => {
    const server = await listen((socket) => socket.write(answerOf("")));
    const carrier = make(server.url, { headers: provider as () => Record<string, string> });

    const outcome = await carrier.exchange(bytesOf("body"), never);

    expect(outcome).toEqual(failureOf("credentials_failed", true));
    await nextTurn();
    expect(server.sockets).toHaveLength(0);
  });
});

describe.each(carriers)("aborting an exchange of $name", ({ make }) => {
  test("before it begins sends nothing and asks for nothing", async () => {
    const server = await listen((socket) => socket.write(answerOf("")));
    let asked = 0;
    const headers = (): Record<string, string> => ({ "x-token": `${++asked}` });

    const outcome = await make(server.url, { headers }).exchange(
      bytesOf("body"),
      AbortSignal.abort(),
    );

    expect(outcome).toEqual(failureOf("aborted", true));
    await nextTurn();
    expect([asked, server.sockets.length]).toEqual([0, 0]);
  });

  test("while a provider is asked says so, and what comes later is not sent", async () => {
    const server = await listen((socket) => socket.write(answerOf("")));
    const controller = new AbortController();
    let provide: (headers: Record<string, string>) => void = () => {};
    const headers = (): Promise<Record<string, string>> => {
      setImmediate(() => controller.abort());
      return new Promise((resolve) => {
        provide = resolve;
      });
    };

    const outcome = await make(server.url, { headers }).exchange(
      bytesOf("body"),
      controller.signal,
    );
    provide({});
    await nextTurn();

    expect(outcome).toEqual(failureOf("credentials_failed", true));
    expect(server.sockets).toHaveLength(0);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  const phases: readonly (readonly [string, "head" | "request", string])[] = [
    ["while it is sent", "head", ""],
    ["while it is held", "request", ""],
    ["within the head of the answer", "request", "HTTP/1.1 200 OK\r\ncont"],
    ["within the answer", "request", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart"],
    ["within a page", "request", "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 9\r\n\r\npart"],
  ];
  test.each(phases)("%s closes its connection at once", async (_, respondsTo, sent) => {
    const controller = new AbortController();
    const server = await listen((socket) => {
      socket.write(sent);
      // The client has the pieces before it hears of the end.
      setImmediate(() => setImmediate(() => controller.abort()));
    }, respondsTo);

    const body = new Uint8Array(respondsTo === "head" ? 16_000_000 : 4);
    const outcome = await make(server.url).exchange(body, controller.signal);

    expect(outcome).toEqual(failureOf("aborted"));
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await server.closed(0);
  });

  test("after its end changes nothing", async () => {
    const server = await listen((socket, { body }) => socket.write(answerOf(body)));
    const carrier = make(server.url);
    const controller = new AbortController();
    await carrier.exchange(bytesOf("one"), controller.signal);

    controller.abort();
    await nextTurn();

    expect(textOf(await carrier.exchange(bytesOf("two"), never))).toBe("two");
    expect(server.used.size).toBe(1);
  });
});

describe.each(carriers)("thousands of exchanges of $name", ({ make }) => {
  test("on one signal leave no listener and raise no warning", async () => {
    const server = await listen((socket, { body, number }) => {
      if (number % 10 === 0) socket.resetAndDestroy();
      else socket.write(answerOf(body));
    });
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on("warning", warn);
    onTestFinished(() => void process.off("warning", warn));
    const carrier = make(server.url);
    const { signal } = new AbortController();

    let failures = 0;
    for (let round = 0; round < 400; round++) {
      // As many as a browser's session has out.
      const five = [1, 2, 3, 4, 5].map(() => carrier.exchange(bytesOf("body"), signal));
      for (const outcome of await Promise.all(five)) failures += outcome.kind === "failure" ? 1 : 0;
    }
    await nextTurn();

    expect(failures).toBe(200);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
