// Through the fault proxy: each fault by itself and all of them together, with both clients. A case
// goes on until the proxy has counted enough of what it is about, so that none passes by luck. Some
// run side by side, each behind a proxy of its own.

import { describe, expect, it, type onTestFinished } from "vitest";
import {
  type ChaosCounts,
  type ChaosProxy,
  type CountName,
  type FaultOptions,
  startChaos,
} from "../../src/chaos/index.ts";
import { type DeliveryMode, raw, type Session } from "../../src/session/index.ts";
import { expectConversation } from "./conversation.ts";
import { Rig, type RigOptions } from "./harness.ts";
import { byFetch, byNode } from "./http-harness.ts";
import { serveFetch, serveHttp } from "./http-sites.ts";
import { numbersTo, soon, take, takeAll, until } from "../waiting.ts";

/** What must have happened before a case is enough. */
type Wanted = Partial<Record<CountName, number>>;

interface Case {
  readonly name: string;
  readonly faults: FaultOptions;
  readonly wanted: Wanted;
}

const CASES: readonly Case[] = [
  {
    name: "requests and answers are lost",
    faults: { loss: 0.1 },
    wanted: { requestsLost: 10, responsesLost: 10 },
  },
  {
    name: "requests are lost and nobody says so",
    faults: { loseRequest: 0.05, loseSilently: 1, silentMs: 2_000 },
    wanted: { requestsLostSilently: 5 },
  },
  {
    name: "connections are cut every 20 ms",
    faults: { cutEveryMs: 20 },
    wanted: { cutsByRst: 8, cutsByFin: 8 },
  },
  {
    name: "requests are doubled",
    faults: { double: 0.3 },
    wanted: { requestsDoubled: 30, answersDiscarded: 10 },
  },
  {
    name: "bodies are damaged",
    faults: { damage: 0.1 },
    wanted: { requestsDamaged: 10, responsesDamaged: 10 },
  },
  {
    name: "a proxy answers 502 by itself",
    faults: { badGateway: 0.1 },
    wanted: { badGateways: 10, badGatewaysAnswered: 3 },
  },
  {
    name: "old requests are replayed",
    faults: { replay: 0.3, replayAfterMs: 100 },
    wanted: { requestsReplayed: 30 },
  },
  {
    name: "answers are collected to their end and everything is late",
    faults: { bufferResponses: 1, delayMs: 2, delayJitterMs: 10 },
    wanted: { responsesBuffered: 30, requestsDelayed: 30, responsesDelayed: 30 },
  },
  {
    name: "connections stay open and carry nothing any more",
    faults: { halfOpen: 0.03, halfOpenMs: 2_000 },
    wanted: { connectionsHalfOpened: 4 },
  },
  {
    name: "silent connections are closed, held requests or not",
    faults: { closeIdleMs: 15 },
    wanted: { idleCloses: 3 },
  },
  {
    name: "the whole path goes down again and again",
    faults: { blackoutEveryMs: 150, blackoutForMs: 60 },
    wanted: { blackouts: 3, connectionsRefused: 3 },
  },
];

const ALL_AT_ONCE: FaultOptions = {
  loss: 0.04,
  cutEveryMs: 60,
  delayMs: 1,
  delayJitterMs: 4,
  double: 0.1,
  damage: 0.04,
  badGateway: 0.04,
  replay: 0.1,
  replayAfterMs: 200,
  halfOpen: 0.005,
  halfOpenMs: 1_000,
  bufferResponses: 0.5,
};

const MET_BY_ALL: Wanted = {
  requestsLost: 2,
  responsesLost: 2,
  cuts: 5,
  requestsDoubled: 5,
  requestsDamaged: 2,
  responsesDamaged: 2,
  badGateways: 2,
  requestsReplayed: 5,
};

/** Holds and timeouts that do not make a test wait for what a half-open connection hides. */
const TIMES = { holdTimeMs: 300, rtoInitialMs: 100, rtoMinMs: 50 } as const;

const PAIRS = { "node:http": byNode, fetch: byFetch } as const;

async function start<In, Out>(
  client: keyof typeof PAIRS,
  faults: FaultOptions,
  options: RigOptions<In, Out>,
  whenFinished: typeof onTestFinished,
): Promise<{ readonly rig: Rig<In, Out>; readonly proxy: ChaosProxy }> {
  const met: { proxy?: ChaosProxy } = {};
  const front = async (port: number): Promise<ChaosProxy> => {
    const proxy = await startChaos({ target: port, seed: 7, ...faults });
    met.proxy = proxy;
    return proxy;
  };
  const serve = client === "fetch" ? serveFetch : serveHttp;
  const harness = PAIRS[client]("a server behind faults", serve, [], front);
  const rig = await Rig.start<In, Out>(harness, { ...TIMES, ...options }, whenFinished);
  const { proxy } = met;
  if (proxy === undefined) throw new Error("There is no proxy");
  return { rig, proxy };
}

const MODES = ["ordered", "unordered", "latest"] as const;
const LOST = new Error("A channel is missing");

/** On a channel of its own, a few at a time. */
async function sendNumbers(session: Session, mode: DeliveryMode): Promise<void> {
  const channel = session.channel<number, number>(mode, { mode });
  for (const number of numbersTo(300)) {
    if (mode === "latest") channel.send(number, { key: number % 2 });
    else channel.send(number);
    if (number % 10 === 0) await soon(session.flushed(), "what was sent so far");
  }
  channel.finish();
}

function has(counts: ChaosCounts, wanted: Wanted): boolean {
  const names = Object.keys(wanted) as CountName[];
  return names.every((name) => counts[name] >= (wanted[name] ?? 0));
}

for (const client of ["node:http", "fetch"] as const) {
  describe.concurrent(`a session by ${client} loses and doubles nothing`, () => {
    for (const { name, faults, wanted } of CASES) {
      it(`while ${name}`, async ({ onTestFinished }) => {
        const { rig, proxy } = await start<number, number>(client, faults, {}, onTestFinished);
        const [here, there] = await rig.pair(TIMES);
        await expectConversation(here, there, () => has(proxy.counts, wanted));
        expect(has(proxy.counts, wanted)).toBe(true);
        const unreadable = here.stats.bodiesUnreadable + there.stats.bodiesUnreadable;
        expect(unreadable > 0).toBe(faults.damage !== undefined);
        const ended = Promise.all([here.close(), there.close()]);
        const closed = { reason: "closed", neverSent: [], unknown: [] };
        expect(await soon(ended, "the close")).toMatchObject([closed, closed]);
      });
    }

    it("while all of that happens at once", async ({ onTestFinished }) => {
      const { rig, proxy } = await start<number, number>(client, ALL_AT_ONCE, {}, onTestFinished);
      const [here, there] = await rig.pair(TIMES);
      await expectConversation(here, there, () => has(proxy.counts, MET_BY_ALL));
      expect(has(proxy.counts, MET_BY_ALL)).toBe(true);
      const ended = Promise.all([here.close(), there.close()]);
      expect(await soon(ended, "the close")).toMatchObject([
        { reason: "closed" },
        { reason: "closed" },
      ]);
    });

    it("on channels of each mode while all of that happens at once", async ({ onTestFinished }) => {
      const { rig, proxy } = await start(client, ALL_AT_ONCE, {}, onTestFinished);
      const [here, there] = await rig.pair(TIMES);
      const arriving = new Map<string, Promise<number[]>>();
      there.on("channel", (channel) => {
        arriving.set(channel.label, takeAll(channel) as Promise<number[]>);
      });
      await Promise.all(MODES.map((mode) => sendNumbers(here, mode)));
      await until(() => arriving.size === MODES.length, "the channels");
      const [ordered, unordered, latest] = await Promise.all(
        MODES.map((mode) => arriving.get(mode) ?? []),
      );
      if (ordered === undefined || unordered === undefined || latest === undefined) throw LOST;
      expect(ordered).toEqual(numbersTo(300));
      expect(unordered.toSorted((a, b) => a - b)).toEqual(numbersTo(300));
      for (const key of [0, 1]) {
        const ofKey = latest.filter((number) => number % 2 === key);
        expect(ofKey.at(-1)).toBe(298 + key);
        expect(ofKey).toEqual([...new Set(ofKey)].toSorted((a, b) => a - b));
      }
      const { cuts, requestsLost, responsesLost, requestsDamaged, responsesDamaged } = proxy.counts;
      expect(cuts).toBeGreaterThan(0);
      const harmed = requestsLost + responsesLost + requestsDamaged + responsesDamaged;
      expect(harmed).toBeGreaterThan(0);
    });

    it("of a message of 3 MB, there and back, while all of that happens at once", async ({
      onTestFinished,
    }) => {
      const options = { codec: raw };
      // A cut in less time than a body takes lets small messages through, and few large ones.
      const faults = { ...ALL_AT_ONCE, cutEveryMs: 200 };
      const { rig, proxy } = await start<Uint8Array, Uint8Array>(
        client,
        faults,
        options,
        onTestFinished,
      );
      const [here, there] = await rig.pair({ ...TIMES, ...options });
      there.onBundle((messages) => {
        for (const message of messages) there.send(message);
      });
      const message = new Uint8Array(3_000_000).map((_, at) => (at * at) >> 3);
      here.send(message);
      const [echo] = await take(here, 1);
      expect(Buffer.compare(echo as Uint8Array, message)).toBe(0);
      expect(proxy.counts.requests).toBeGreaterThan(6);
    });
  });
}
