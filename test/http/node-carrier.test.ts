// What only Node's carrier does: its connections, TLS, the time for connecting, its reasons.

import dns from "node:dns";
import { getEventListeners, once } from "node:events";
import http from "node:http";
import https from "node:https";
import { Socket } from "node:net";
import tls, { type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { NodeCarrier, type NodeCarrierOptions } from "../../src/http/node-carrier.ts";
import { networkReason } from "../../src/http/node-reasons.ts";
import type { Outcome } from "../../src/session/carrier.ts";
import { selfSigned } from "./certificate.ts";
import { answerOf, BINARY, listen, type RawServer, type Respond } from "./raw-server.ts";

const never = new AbortController().signal;
const ownSignal = (): AbortSignal => new AbortController().signal;
const body = new TextEncoder().encode("body");
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const echo: Respond = (socket, request) => socket.write(answerOf(request.body));
const failureOf = (reason: string, isNotSent = false): Outcome => {
  return { kind: "failure", reason, isTooLarge: false, isNotSent };
};
const answer: Outcome = { kind: "answer", bytes: body };

function carrierOf(url: string, options?: NodeCarrierOptions): NodeCarrier {
  const carrier = new NodeCarrier(url, options);
  onTestFinished(() => carrier.close());
  return carrier;
}

function agentOf(options: https.AgentOptions, isSecure = false): http.Agent {
  const agent = isSecure ? new https.Agent(options) : new http.Agent(options);
  onTestFinished(() => agent.destroy());
  return agent;
}

/** A server with TLS, and its certificate. */
async function listenSecurely(respond: Respond): Promise<{ server: RawServer; cert: string }> {
  const { key, cert } = selfSigned();
  const server = tls.createServer({ key, cert });
  server.on("tlsClientError", () => {});
  return { server: await listen(respond, "request", server), cert };
}

describe("[HTTP-4] the connections of Node's carrier", () => {
  test("are used last in, first out", async () => {
    let answerFirst = (): void => {};
    const server = await listen((socket, request) => {
      if (request.number === 1) answerFirst = () => socket.write(answerOf("first"));
      else socket.write(answerOf("later"));
    });
    const carrier = carrierOf(server.url);
    const first = carrier.exchange(body, never);
    // On a second connection, which is idle before the first one is.
    await carrier.exchange(body, never);
    answerFirst();
    await first;
    await nextTurn();
    const [firstSocket, secondSocket] = server.sockets;
    const busyBefore = [firstSocket?.bytesRead, secondSocket?.bytesRead];

    await carrier.exchange(body, never);

    expect(firstSocket?.bytesRead).toBeGreaterThan(busyBefore[0] ?? 0);
    expect(secondSocket?.bytesRead).toBe(busyBefore[1]);
    expect(server.sockets).toHaveLength(2);
  });

  test("carry 200 overlapping exchanges over the few that an agent allows", async () => {
    const server = await listen(echo);
    const agent = agentOf({ keepAlive: true, maxSockets: 4 });
    const carrier = carrierOf(server.url, { agent });
    const bodies = Array.from({ length: 200 }, (_, number) => Uint8Array.of(number, 7));

    const outcomes = await Promise.all(bodies.map((one) => carrier.exchange(one, never)));

    expect(outcomes).toEqual(bodies.map((bytes) => ({ kind: "answer", bytes })));
    expect(server.sockets).toHaveLength(4);
  });

  test("are closed by `close`: idle ones at once, others with the end of their exchange", async () => {
    let answerHeld = (): void => {};
    const server = await listen((socket, request) => {
      if (request.number === 1) answerHeld = () => socket.write(answerOf(request.body));
      else socket.write(answerOf(request.body));
    });
    const carrier = carrierOf(server.url);
    const held = carrier.exchange(body, never);
    await carrier.exchange(body, never);
    await nextTurn();

    carrier.close();
    await server.closed(1);
    answerHeld();

    expect(await held).toEqual(answer);
    await server.closed(0);
    // It still works, for what is to be said last.
    expect(await carrier.exchange(body, never)).toEqual(answer);
    await server.closed(2);
  });

  test("of an agent that is not its own are left alone", async () => {
    const server = await listen(echo);
    const agent = agentOf({ keepAlive: true });
    const [one, other] = [carrierOf(server.url, { agent }), carrierOf(server.url, { agent })];
    await one.exchange(body, never);
    await nextTurn();

    one.close();

    expect(await other.exchange(body, never)).toEqual(answer);
    expect(server.sockets).toHaveLength(1);
  });

  test("go when they have been idle for long, and never before the answer", async () => {
    const server = await listen((socket, request) => {
      // Longer than a connection may be idle.
      setTimeout(() => socket.write(answerOf(request.body)), 120);
    });
    const carrier = carrierOf(server.url, { idleTimeoutMs: 40 });

    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect(server.sockets[0]?.closed).toBe(false);

    await server.closed(0);
  });

  test("which the server has closed meanwhile fail no request that was not written", async () => {
    const server = await listen((socket, request) => {
      socket.write(answerOf(request.body));
      // Behind the answer, and without a word.
      socket.end();
    });
    const carrier = carrierOf(server.url);
    for (let number = 1; number <= 20; number++) {
      expect(await carrier.exchange(body, never)).toEqual(answer);
      await server.closed(number - 1);
    }
    expect(server.requests).toHaveLength(20);
  });

  test("are not used again once one is cut with its exchange", async () => {
    let isCut = false;
    const held: (() => void)[] = [];
    const server = await listen((socket, request) => {
      if (isCut) socket.resetAndDestroy();
      else held.push(() => socket.write(answerOf(request.body)));
      isCut = false;
    });
    const carrier = carrierOf(server.url);
    const both = [carrier.exchange(body, never), carrier.exchange(body, ownSignal())];
    while (held.length < 2) await nextTurn();
    for (const answerOne of held) answerOne();
    expect(await Promise.all(both)).toEqual([answer, answer]);

    isCut = true;
    expect(await carrier.exchange(body, never)).toEqual(failureOf("connection_reset"));
    const next = carrier.exchange(body, never);
    while (held.length < 3) await nextTurn();
    held[2]?.();

    expect(await next).toEqual(answer);
    expect(server.sockets).toHaveLength(3);
    await server.closed(0);
    await server.closed(1);
  });

  test("are used again where another one could not be made", async () => {
    const held: (() => void)[] = [];
    const server = await listen((socket, request) => {
      held.push(() => socket.write(answerOf(request.body)));
    });
    const carrier = carrierOf(server.url.replace("127.0.0.1", "localhost"));
    const [first, second] = [carrier.exchange(body, never), carrier.exchange(body, ownSignal())];
    while (held.length < 2) await nextTurn();

    let failLookup = (): void => {};
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(((
      _name: string,
      _options: object,
      done: (error: Error) => void,
    ) => {
      failLookup = () => done(Object.assign(new Error("no name"), { code: "EAI_AGAIN" }));
    }) as unknown as typeof dns.lookup);
    onTestFinished(() => lookup.mockRestore());
    const third = carrier.exchange(body, ownSignal());
    await vi.waitFor(() => expect(lookup).toHaveBeenCalled());
    held[0]?.();
    expect(await first).toEqual(answer);
    failLookup();
    expect((await third).kind).toBe("failure");

    const fourth = carrier.exchange(body, never);
    await vi.waitFor(() => expect(held).toHaveLength(3));
    for (const answerOne of held.slice(1)) answerOne();
    expect(await Promise.all([second, fourth])).toEqual([answer, answer]);
    expect(server.sockets).toHaveLength(2);
  });

  test("are 256 at most, and a request waits for the first that is free", async () => {
    const held: (() => void)[] = [];
    const server = await listen((socket, request) => {
      held.push(() => socket.write(answerOf(request.body)));
    });
    const carrier = carrierOf(server.url);
    const controller = new AbortController();
    const outcomes = Array.from({ length: 256 }, () => carrier.exchange(body, ownSignal()));
    const aborted = carrier.exchange(body, controller.signal);
    const waiting = carrier.exchange(Uint8Array.of(7), never);
    while (server.requests.length < 256) await nextTurn();

    controller.abort();
    expect(await aborted).toEqual(failureOf("aborted", true));
    held[200]?.();
    expect(await outcomes[200]).toEqual(answer);
    while (held.length < 257) await nextTurn();
    held[256]?.();

    expect(await waiting).toEqual({ kind: "answer", bytes: Uint8Array.of(7) });
    expect(server.sockets).toHaveLength(256);
    // Of those that are out none may have been touched.
    for (const answerOne of held) answerOne();
    expect((await Promise.all(outcomes)).every(({ kind }) => kind === "answer")).toBe(true);
  });

  test("are not used again when the server says that it closes them soon", async () => {
    const server = await listen((socket, request) => {
      socket.write(answerOf(request.body, "200 OK", "keep-alive: timeout=1\r\n"));
    });
    const carrier = carrierOf(server.url);

    await carrier.exchange(body, never);
    await server.closed(0);

    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect(server.sockets).toHaveLength(2);
  });
});

describe("a request of Node's carrier", () => {
  test("is framed by the carrier, whatever headers are provided", async () => {
    const server = await listen(echo);
    const headers = {
      "Content-Length": "1",
      "Transfer-Encoding": "chunked",
      Connection: "close",
      Upgrade: "h2c",
      Expect: "100-continue",
      "Accept-Encoding": "gzip",
      "X-Kept": "yes",
    };
    const carrier = carrierOf(server.url, { headers });

    expect(await carrier.exchange(body, never)).toEqual(answer);

    expect(server.requests[0]?.head.split("\r\n").slice(1, -2).toSorted()).toEqual([
      "content-length: 4",
      "content-type: application/octet-stream",
      expect.stringMatching(/^host: 127\.0\.0\.1:\d+$/),
      "x-kept: yes",
    ]);
  });

  test("leaves in the tick in which it was made, on a connection that is there", async () => {
    const server = await listen(echo);
    const carrier = carrierOf(server.url);
    await carrier.exchange(body, never);
    await nextTurn();
    const written = vi.spyOn(Socket.prototype, "_writev" as "write");
    onTestFinished(() => written.mockRestore());

    const outcome = carrier.exchange(body, never);

    expect(written).toHaveBeenCalledOnce();
    expect(await outcome).toEqual(answer);
  });

  test("has a head of these bytes", async () => {
    const heads: string[] = [];
    const server = await listen(() => {});
    server.server.removeAllListeners("connection");
    server.server.on("connection", (socket) => {
      socket.on("data", (piece: Buffer) => {
        heads.push(piece.toString("latin1"));
        socket.write(answerOf("body"));
      });
    });
    const carrier = carrierOf(server.url);

    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect(await carrier.exchange(body, never)).toEqual(answer);

    const { host } = new URL(server.url);
    const head = [
      "POST /a/b?c=d HTTP/1.1",
      `host: ${host}`,
      "content-type: application/octet-stream",
      "content-length: 4",
      "",
      "body",
    ].join("\r\n");
    expect(heads).toEqual([head, head]);
  });

  test("leaves in the tick in which it was made, by an agent and without a provider", async () => {
    const server = await listen(echo);
    let created = 0;
    const agent = agentOf({});
    agent.createConnection = (...given) => {
      created++;
      return http.Agent.prototype.createConnection.apply(agent, given);
    };
    const outcome = carrierOf(server.url, { agent }).exchange(body, never);

    expect(created).toBe(1);

    expect(await outcome).toEqual(answer);
  });

  test("is answered after any number of informational answers", async () => {
    const server = await listen((socket, request) => {
      socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n".repeat(50));
      socket.write(answerOf(request.body));
    });
    expect(await carrierOf(server.url).exchange(body, never)).toEqual(answer);
  });

  test("fails when the answer is longer than its length", async () => {
    const server = await listen((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${BINARY}\r\ncontent-length: 3\r\n\r\nabcdef`);
    });
    for (const options of [{}, { agent: agentOf({ keepAlive: true }) }]) {
      const outcome = await carrierOf(server.url, options).exchange(body, never);
      expect(outcome).toEqual(failureOf("answer_cut"));
    }
    await server.closed(0);
    await server.closed(1);
  });

  test("is not failed by the connection's end right behind the answer", async () => {
    const server = await listen((socket, request) => socket.end(answerOf(request.body)));
    const carrier = carrierOf(server.url);
    const outcomes = Array.from({ length: 50 }, () => carrier.exchange(body, ownSignal()));
    expect(await Promise.all(outcomes)).toEqual(outcomes.map(() => answer));
  });

  test("fails when the agent throws, or is for the other protocol", async () => {
    const throwing = agentOf({});
    throwing.createConnection = () => {
      throw new Error("no way");
    };
    for (const agent of [throwing, agentOf({}, true)]) {
      const outcome = await carrierOf("http://127.0.0.1:1/", { agent }).exchange(body, never);
      expect(outcome).toEqual(failureOf("network_error", true));
    }
  });

  test("can be given up together with thousands, also those that wait in an agent", async () => {
    const server = await listen(() => {});
    const agent = agentOf({ keepAlive: true, maxSockets: 2 });
    const carrier = carrierOf(server.url, { agent });
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on("warning", warn);
    onTestFinished(() => void process.off("warning", warn));

    const controllers = Array.from({ length: 2_000 }, () => new AbortController());
    const outcomes = controllers.map(({ signal }) => carrier.exchange(body, signal));
    await once(server.server, "connection");
    for (const controller of controllers) controller.abort();

    const reasons = (await Promise.all(outcomes)).map((outcome) => {
      return outcome.kind === "failure" ? outcome.reason : "answer";
    });
    expect(new Set(reasons)).toEqual(new Set(["aborted"]));
    const left = controllers.flatMap(({ signal }) => getEventListeners(signal, "abort"));
    expect(left).toEqual([]);
    await nextTurn();
    expect(warnings).toEqual([]);
    // Also those that waited in the agent are gone from it, and the next one gets through.
    server.server.removeAllListeners("connection");
    server.server.on("connection", (socket) =>
      socket.on("data", () => socket.write(answerOf(body))),
    );
    expect(await carrier.exchange(body, never)).toEqual(answer);
  });
});

describe("connecting in Node", () => {
  const timed = { connectTimeoutMs: 50 };

  test("is given up when the name is not found in time", async () => {
    const agent = agentOf({ lookup: () => {} });
    const outcome = await carrierOf("http://name.test/", { ...timed, agent }).exchange(body, never);
    expect(outcome).toEqual(failureOf("connection_timeout", true));
  });

  test("is given up when TLS does not get on", async () => {
    const server = await listen(() => {});
    const url = server.url.replace("http:", "https:");

    const outcome = await carrierOf(url, timed).exchange(body, never);

    expect(outcome).toEqual(failureOf("connection_timeout", true));
    await server.closed(0);
  });

  test("can be aborted, which closes the connection at once", async () => {
    const server = await listen(() => {});
    const controller = new AbortController();
    server.server.on("connection", () => controller.abort());
    const url = server.url.replace("http:", "https:");

    const outcome = await carrierOf(url).exchange(body, controller.signal);

    expect(outcome).toEqual(failureOf("aborted", true));
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    await server.closed(0);
  });

  test("does not count the time until the answer", async () => {
    const server = await listen((socket, request) => {
      setTimeout(() => socket.write(answerOf(request.body)), 600);
    });
    const carrier = carrierOf(server.url, { connectTimeoutMs: 500 });
    expect(await carrier.exchange(body, never)).toEqual(answer);
  });

  test("says that a name is not there", async () => {
    for (const code of ["ENOTFOUND", "EAI_AGAIN"]) {
      const error = Object.assign(new Error(code), { code });
      const agent = agentOf({ lookup: (_name, _options, found) => found(error, "", 4) });
      const outcome = await carrierOf("http://name.test/", { agent }).exchange(body, never);
      expect(outcome).toEqual(failureOf("name_not_found", true));
    }
  });

  test("bounds each time by an option that is checked", () => {
    for (const name of ["connectTimeoutMs", "idleTimeoutMs"]) {
      for (const value of [0, -1, Number.NaN, 0.5, 2 ** 31]) {
        expect(() => new NodeCarrier("http://127.0.0.1/", { [name]: value })).toThrow(
          `option_invalid: ${name} is ${value} and must be an integer from 1 to`,
        );
      }
    }
  });
});

describe("TLS in Node", () => {
  test("is spoken once for several requests, and resumed by the next connection", async () => {
    const { server } = await listenSecurely(echo);
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    const carrier = carrierOf(server.url);

    expect(await carrier.exchange(body, never)).toEqual(answer);
    await nextTurn();
    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect(server.sockets).toHaveLength(1);
    server.sockets[0]?.destroy();
    await server.closed(0);
    await nextTurn();
    await nextTurn();

    expect(await carrier.exchange(body, never)).toEqual(answer);
    expect((server.sockets[1] as TLSSocket).isSessionReused()).toBe(true);
  });

  test("carries bodies over one connection with an agent that trusts the server", async () => {
    const { server, cert } = await listenSecurely(echo);
    const agent = agentOf({ ca: cert, keepAlive: true }, true);
    const carrier = carrierOf(server.url, { agent });
    for (let number = 0; number < 3; number++) {
      expect(await carrier.exchange(body, never)).toEqual(answer);
      await nextTurn();
    }
    expect(server.sockets).toHaveLength(1);
  });

  test("refuses a server that is not trusted", async () => {
    const { server } = await listenSecurely(echo);

    const outcome = await carrierOf(server.url).exchange(body, never);

    expect(outcome).toEqual(failureOf("tls_failed", true));
    expect(server.requests).toEqual([]);
  });

  test("takes a connection that another exchange leaves to it for one that is there", async () => {
    const { server, cert } = await listenSecurely((socket, request) => {
      setTimeout(() => socket.write(answerOf(request.body)), request.number === 2 ? 900 : 0);
    });
    const agent = agentOf({ ca: cert, keepAlive: true, maxSockets: 1 }, true);
    const carrier = carrierOf(server.url, { agent, connectTimeoutMs: 800 });

    // The second waits in the agent for the connection of the first.
    const outcomes = await Promise.all([
      carrier.exchange(body, never),
      carrier.exchange(body, never),
    ]);

    expect(outcomes).toEqual([answer, answer]);
    expect(server.sockets).toHaveLength(1);
  });
});

describe("Node's carrier", () => {
  test("leaves it to the core how many requests carry messages", () => {
    expect(carrierOf("http://127.0.0.1/").carriersMax).toBeUndefined();
  });

  test.each([
    ["ECONNREFUSED", "connection_refused"],
    ["ECONNRESET", "connection_reset"],
    ["EPIPE", "connection_reset"],
    ["ETIMEDOUT", "connection_timeout"],
    ["EHOSTUNREACH", "host_unreachable"],
    ["ENETUNREACH", "host_unreachable"],
    ["ENOTFOUND", "name_not_found"],
    ["EPROTO", "tls_failed"],
    ["CERT_HAS_EXPIRED", "tls_failed"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls_failed"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "tls_failed"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "tls_failed"],
    ["HPE_INVALID_CONSTANT", "answer_malformed"],
    ["ERR_INVALID_ARG_TYPE", "network_error"],
    ["constructor", "network_error"],
    [7, "network_error"],
    // Of undici.
    ["UND_ERR_SOCKET", "connection_reset"],
    ["UND_ERR_HEADERS_OVERFLOW", "answer_malformed"],
    ["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "answer_malformed"],
  ])("calls %s %s", (code, reason) => {
    expect(networkReason(Object.assign(new Error("message"), { code }))).toBe(reason);
  });

  test("has a reason for whatever is thrown", () => {
    for (const thrown of [undefined, null, "text", 1, {}, new Error("message")]) {
      expect(networkReason(thrown)).toBe("network_error");
    }
  });
});
