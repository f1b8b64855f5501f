import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { type FaultOptions, startChaos } from "../../src/chaos/index.ts";
import { nodeListener } from "../../src/http/node.ts";
import { pause, soon } from "../waiting.ts";
import { postText } from "../http/raw-client.ts";
import { describeProgram } from "./cases.ts";
import { NGINX_ASKING, NGINX_DEAF, NGINX_KEPT, NGINX_PLAIN } from "./nginx.ts";
import type { Program } from "./program.ts";
import { RunningProxy } from "./running.ts";
import { Site } from "./site.ts";
import { Traffic } from "./traffic.ts";

/** What the bad line must have done. */
const FAULTS_MET = [
  "requestsLost",
  "responsesLost",
  "requestsDoubled",
  "requestsDamaged",
  "responsesDamaged",
  "badGateways",
  "cuts",
] as const;

describeProgram(NGINX_PLAIN);
describeProgram(NGINX_KEPT);

describe("nginx", () => {
  it("gets an end to each answer where it asks HTTP/1.0 for a connection that stays", async () => {
    const site = await Site.start(NGINX_ASKING);
    const [client, session] = await site.pair<number, number>();
    const traffic = new Traffic(client, session);
    await traffic.more();
    await traffic.finish();
    expect(traffic.mistakes).toEqual([]);
    const requests = site.versions.get("1.0") ?? 0;
    expect(requests).toBeGreaterThan(20);
    expect(site.connections).toBe(requests);
  });

  it("passes answers on as the client takes them, for X-Accel-Buffering, and else collects them", async () => {
    const collecting = await largeAnswer(NGINX_DEAF);
    await soon(collecting.finished, "an answer that is collected whole");
    expect(collecting.socket.bytesRead).toBeLessThan(LARGE_BYTES / 100);

    const passing = await largeAnswer(NGINX_KEPT);
    const early = passing.finished.then(() => "finished");
    expect(await Promise.race([early, pause(500)])).toBeUndefined();
    passing.socket.resume();
    await soon(passing.finished, "an answer that is read");
  });

  it("with a bad line in front of it loses and doubles nothing", async () => {
    const site = await Site.start(NGINX_KEPT);
    const faults: FaultOptions = {
      loss: 0.05,
      double: 0.05,
      badGateway: 0.05,
      damage: 0.03,
      cutEveryMs: 100,
    };
    const chaos = await startChaos({ target: site.proxy.port, seed: 3, ...faults });
    onTestFinished(() => chaos.close());
    const [client, session] = await site.pair<number, number>(
      {},
      `http://127.0.0.1:${chaos.port}/holdfast`,
    );
    const traffic = new Traffic(client, session);
    for (let thousands = 0; thousands < 5; thousands++) await traffic.more();
    await traffic.finish();
    expect(traffic.mistakes).toEqual([]);
    const met = (name: keyof typeof chaos.counts): boolean => chaos.counts[name] > 0;
    expect(FAULTS_MET.filter((name) => !met(name))).toEqual([]);
  });
});

/** More than the systems' buffers on the way hold. */
const LARGE_BYTES = 64_000_000;

/** An answer of the adapter, through a program, for a client that does not read yet. */
async function largeAnswer(program: Program) {
  const listener = nodeListener({
    bodyBytesMax: 1_000,
    handleRequest(_body, _peer, reply) {
      reply({ kind: "answer", body: new Uint8Array(LARGE_BYTES) });
      return () => {};
    },
  });
  const server = http.createServer(listener);
  const finished = new Promise<void>((resolve) => {
    server.on("request", (_request, response) => response.once("finish", () => resolve()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const proxy = await RunningProxy.start(program, (server.address() as AddressInfo).port, {});
  const socket = connect(proxy.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write(postText("x"));
  return { finished, socket };
}
