/** What must hold behind every program. */
import { describe, expect, it } from "vitest";
import { END_CODES } from "../../src/core/index.ts";
import type { Session } from "../../src/session/index.ts";
import { numbersTo, pause, soon, take, told, until } from "../waiting.ts";
import { statusesAfter } from "./kept-connections.ts";
import type { Program } from "./program.ts";
import { Site } from "./site.ts";
import { Traffic } from "./traffic.ts";

const MANY = 5_000;

/** Messages in one tick, so that there are some hundred ticks and bodies. */
const BURST = 25;

/** How often a program is started again, or reads its configuration, in the middle of traffic. */
const ROUNDS = 3;

/** Far below the hold time, at the end of which a buffered answer would come. */
const PROMPT_MS = 1_000;

export function describeProgram(program: Program): void {
  describe(`behind ${program.name}`, () => {
    trafficCases(program);
    if (program.limitsRequests) limitCases(program);
    silenceCases(program);
    restartCases(program);
    if (program.reload !== undefined) reloadCases(program);
    addressCases(program);
    pageCases(program);
    if (program.statusOfClosed !== undefined) closedConnectionCases(program);
    if (program.keepsConnections) keptConnectionCases(program);
  });
}

function trafficCases(program: Program): void {
  it("5,000 messages each way arrive, each once and in order", async () => {
    const site = await Site.start(program);
    const [client, session] = await site.pair<number, number>();
    const sending = sendInBursts([client, session]);
    expect(await take(session, MANY)).toEqual(numbersTo(MANY));
    expect(await take(client, MANY)).toEqual(numbersTo(MANY));
    await sending;
    // It really was in between, and asks the server as is said of it.
    expect([...site.versions.keys()]).toEqual([program.versionToServer]);
    const requests = site.versions.get(program.versionToServer) ?? 0;
    expect(requests).toBeGreaterThan(20);
    if (program.keepsConnections) expect(site.connections).toBeLessThan(requests / 2);
    else expect(site.connections).toBeGreaterThanOrEqual(requests);
    expect([...site.statuses.keys()]).toEqual([200]);
  });

  it("what the server says after a silence arrives at once", async () => {
    const site = await Site.start(program);
    const [client, session] = await site.pair<number, number>();
    let slowestMs = 0;
    for (const number of numbersTo(10)) {
      await until(() => site.desk.waiting > 0, "a parked request");
      await pause(100);
      const before = performance.now();
      session.send(number);
      expect(await take(client, 1)).toEqual([number]);
      slowestMs = Math.max(slowestMs, performance.now() - before);
    }
    expect(slowestMs).toBeLessThan(PROMPT_MS);
  });

  it("messages of 5 MB pass its limits both ways", async () => {
    const site = await Site.start(program);
    await exchangeLarge(site);
    expect([...site.statuses.keys()]).toEqual([200]);
  });
}

function limitCases(program: Program): void {
  it("messages of 5 MB arrive though it refuses requests of more than 64 KiB", async () => {
    const site = await Site.start(program, { conditions: { requestBytesMax: 65_536 } });
    await exchangeLarge(site);
    expect(site.statuses.get(413) ?? 0).toBeGreaterThan(0);
  });
}

function silenceCases(program: Program): void {
  it("a quiet session outlives its patience, which ends before the hold time", async () => {
    const silenceLimitMs = 8_000;
    const holdTimeMs = 4_000;
    const server = { holdTimeMs, silenceLimitMs: 2 * silenceLimitMs };
    const site = await Site.start(program, { conditions: { silenceMs: 1_000 }, server });
    const [client, session] = await site.pair<number, number>({ holdTimeMs, silenceLimitMs });
    let outages = 0;
    client.on("lost", () => outages++);
    client.on("resumed", () => outages--);
    const ended = client.ended.then(({ reason }) => reason);
    expect(await Promise.race([ended, pause(silenceLimitMs * 1.2)])).toBeUndefined();
    session.send(1);
    client.send(2);
    expect(await take(client, 1)).toEqual([1]);
    expect(await take(session, 1)).toEqual([2]);
    expect(outages).toBe(0);
    // Requests were cut, or sent again, after a second, until the client had learned it.
    const failed = [...site.statuses].filter(([status]) => status >= 500);
    const cut = failed.reduce((sum, [, count]) => sum + count, 0);
    expect(cut + site.desk.doubled).toBeGreaterThan(0);
    if (program.cutsUnevenly !== true) expect(cut).toBeLessThan(silenceLimitMs / 1_000 / 2);
  });
}

function restartCases(program: Program): void {
  it("nothing is lost or doubled when it is killed and started again", async () => {
    const site = await Site.start(program);
    const [client, session] = await site.pair<number, number>();
    const traffic = new Traffic(client, session);
    for (let round = 0; round < ROUNDS; round++) {
      await traffic.more();
      const lost = told(client, "lost");
      await site.proxy.down();
      await lost;
      const resumed = told(client, "resumed");
      await site.proxy.up();
      await resumed;
    }
    await traffic.more();
    await traffic.finish();
    expect(traffic.mistakes).toEqual([]);
    expect(client.status.state).toBe("open");
  });

  it("a server that restarts has forgotten the session, and the client is told so", async () => {
    const site = await Site.start(program);
    const [client, session] = await site.pair<number, number>({ lostConfirmMs: 200 });
    const traffic = new Traffic(client, session);
    await traffic.more();
    traffic.stop();
    const lost = told(client, "lost");
    await site.serverDown();
    client.send(1);
    await lost;
    await site.serverUp();
    expect(await soon(client.ended, "the loss")).toMatchObject({ reason: "lost", by: "peer" });
    expect(traffic.mistakes).toEqual([]);
    const [again, next] = await site.pair<number, number>();
    again.send(7);
    expect(await take(next, 1)).toEqual([7]);
  });
}

function reloadCases(program: Program): void {
  it("nothing is lost or doubled when it reads its configuration again", async () => {
    const site = await Site.start(program);
    const [client, session] = await site.pair<number, number>();
    const traffic = new Traffic(client, session);
    for (let round = 0; round < ROUNDS; round++) {
      await traffic.more();
      await site.proxy.reload();
    }
    await traffic.more();
    await traffic.finish();
    expect(traffic.mistakes).toEqual([]);
  });
}

function addressCases(program: Program): void {
  it("limits by address go by the client's, whatever the client says of itself", async () => {
    const site = await Site.start(program, {
      listener: { trustProxy: 1 },
      server: { sessionsPerAddressMax: 1 },
    });
    const headers = { "x-forwarded-for": "192.0.2.1" };
    const from = (localAddress: string) => ({ headers, agent: site.agent({ localAddress }) });
    const [, one] = await site.pair(from("127.0.0.2"));
    const [, other] = await site.pair(from("127.0.0.3"));
    expect([one.address, other.address]).toEqual(["127.0.0.2", "127.0.0.3"]);
    const second = site.connect({ ...from("127.0.0.3"), headers: { "x-forwarded-for": "::7" } });
    expect(await soon(second.ended, "the refusal")).toMatchObject({
      reason: "refused",
      by: "peer",
      code: END_CODES.limit,
    });
  });

  it("without trustProxy all clients are one address, that of the program", async () => {
    const site = await Site.start(program, { server: { sessionsPerAddressMax: 1 } });
    const [, one] = await site.pair({ agent: site.agent({ localAddress: "127.0.0.2" }) });
    expect(one.address).toBe("127.0.0.1");
    const other = site.connect({ agent: site.agent({ localAddress: "127.0.0.3" }) });
    expect(await soon(other.ended, "the refusal")).toMatchObject({ code: END_CODES.limit });
  });
}

function pageCases(program: Program): void {
  it("pages of its own site are let in, though it may write another Host, and others are not", async () => {
    const site = await Site.start(program);
    const agent = site.agent();
    const { origin } = new URL(site.url);
    const own = { origin, "sec-fetch-site": "same-origin" };
    expect(await site.post(agent, own)).toBe(200);
    const other = { origin: "http://other.example", "sec-fetch-site": "cross-site" };
    expect(await site.post(agent, other)).toBe(403);
  });
}

function closedConnectionCases(program: Program): void {
  it("requests are lost where the server closes connections first, as Node's do", async () => {
    const site = await Site.start(program, { settings: { keepAliveTimeoutMs: 1_000 } });
    const statuses = await statusesAfter(site, [await site.serverIdleMs()]);
    const lost = statuses.filter((status) => status === program.statusOfClosed);
    expect(lost.length).toBeGreaterThan(statuses.length / 4);
  });
}

function keptConnectionCases(program: Program): void {
  it("no request is lost where the server keeps connections longer than it does", async () => {
    const idleMs = 1_000;
    const conditions = { idleMs };
    // Half as much again, as configureServer has it for the 60 s of such programs.
    const settings = { keepAliveTimeoutMs: 1.5 * idleMs };
    const site = await Site.start(program, { conditions, settings });
    const statuses = await statusesAfter(site, [idleMs, await site.serverIdleMs()]);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    // Connections did come to their end meanwhile: others had to take their places.
    expect(site.connections).toBeGreaterThan(statuses.length / 2 + 1);
  });
}

async function sendInBursts(sessions: readonly Session<number, number>[]): Promise<void> {
  for (const number of numbersTo(MANY)) {
    for (const session of sessions) session.send(number);
    if (number % BURST === BURST - 1) await pause(1);
  }
}

async function exchangeLarge(site: Site): Promise<void> {
  const [client, session] = await site.pair<Uint8Array, Uint8Array>();
  const large = new Uint8Array(5_000_000).map((_, at) => (at * 7_919) >> 3);
  client.send(large);
  session.send(large);
  const [up] = await take(session, 1);
  const [down] = await take(client, 1);
  expect(Buffer.compare(up ?? new Uint8Array(0), large)).toBe(0);
  expect(Buffer.compare(down ?? new Uint8Array(0), large)).toBe(0);
}
