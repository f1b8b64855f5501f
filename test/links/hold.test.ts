// Held requests through real sockets, where somebody on the way cuts them early.

import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { startChaos } from "../../src/chaos/index.ts";
import { configureServer } from "../../src/http/configure-server.ts";
import { NodeCarrier } from "../../src/http/node-carrier.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import type { Outcome, ExchangeSignal } from "../../src/session/carrier.ts";
import { type ClientSession, connectOver } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { numbersTo, until } from "../waiting.ts";

/** After so long a request is cut. */
const CUT_AFTER_MS = 1_100;

const cleanUps: (() => unknown)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

interface Site {
  readonly port: number;
  readonly peers: PeerSession<number, number>[];
}

async function serve(): Promise<Site> {
  const peers: PeerSession<number, number>[] = [];
  const sessions = new SessionServer<number, number>({
    onSession: (session) => void peers.push(session),
  });
  const server = createServer(nodeListener(sessions));
  configureServer(server);
  return { port: await listen(server), peers };
}

async function listen(server: Server): Promise<number> {
  cleanUps.push(() => server.close().closeAllConnections());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A gateway that waits for its target for so long, and then answers 504, as nginx does. */
async function serveGateway(target: number, timedOut: () => void): Promise<number> {
  return listen(
    createServer((request, response) => {
      const onward = httpRequest(
        { port: target, path: request.url, method: request.method, headers: request.headers },
        (answer) => {
          clearTimeout(late);
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      const late = setTimeout(() => {
        timedOut();
        onward.destroy();
        response.writeHead(504, { "content-type": "text/html" }).end("Gateway Time-out");
      }, CUT_AFTER_MS);
      response.on("close", () => {
        clearTimeout(late);
        onward.destroy();
      });
      onward.on("error", () => {});
      request.pipe(onward);
    }),
  );
}

/** Counts the requests that fail. */
class CountingCarrier extends NodeCarrier {
  failures = 0;

  override async exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    const outcome = await super.exchange(body, signal);
    if (outcome.kind === "failure" && !signal.aborted) this.failures++;
    return outcome;
  }
}

interface Client {
  readonly carrier: CountingCarrier;
  readonly session: ClientSession<number, number>;
  readonly heard: number[];
}

function join(port: number): Client {
  const carrier = new CountingCarrier(`http://127.0.0.1:${port}/holdfast`, { links: ["poll"] });
  const session = connectOver<number, number>(carrier, msgpack);
  cleanUps.push(() => session.status.state === "ended" || session.abort());
  const heard: number[] = [];
  session.onBundle((numbers) => void heard.push(...numbers));
  return { carrier, session, heard };
}

/** Longer than a request would be held. */
async function silence(): Promise<void> {
  const beganAtMs = performance.now();
  await until(() => performance.now() - beganAtMs > 1.25 * CUT_AFTER_MS, "some silence");
}

/** Failures until the session has learned, those of the silence that follows, and the next one's. */
async function learnAndGoOn({ peers }: Site, port: number): Promise<readonly number[]> {
  const { carrier, session, heard } = join(port);
  await session.opened;
  await until(() => carrier.failures >= 2, "two that are cut");
  await silence();
  const learned = carrier.failures;
  for (const number of numbersTo(2)) {
    await silence();
    peers[0]?.send(number);
  }
  await until(() => heard.length === 2, "what was sent");
  expect(heard).toEqual(numbersTo(2));
  expect(session.status).toMatchObject({ state: "open", reason: "" });

  const next = join(port);
  await next.session.opened;
  await silence();
  return [learned, carrier.failures - learned, next.carrier.failures];
}

describe.concurrent("requests are not cut any more after the second", () => {
  test(
    "by a proxy that closes connections on which nothing passes",
    { timeout: 60_000 },
    async () => {
      const site = await serve();
      const proxy = await startChaos({
        target: site.port,
        tcp: true,
        closeIdleMs: CUT_AFTER_MS,
      });
      cleanUps.push(() => proxy.close());
      const failures = await learnAndGoOn(site, proxy.port);
      // One more may be out when the second is cut.
      expect(failures[0]).toBeLessThanOrEqual(3);
      expect(failures.slice(1)).toEqual([0, 0]);
    },
  );

  test("by a gateway that answers 504", { timeout: 60_000 }, async () => {
    const site = await serve();
    let cuts = 0;
    const port = await serveGateway(site.port, () => void cuts++);
    const failures = await learnAndGoOn(site, port);
    expect(failures[0]).toBeLessThanOrEqual(3);
    expect(failures.slice(1)).toEqual([0, 0]);
    expect(cuts).toBe(failures[0]);
  });
});
