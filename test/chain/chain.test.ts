// A-B-C: B is client and server in one process, and in most cases so are A and C with it.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import type { ClientSession, Session } from "../../src/session/index.ts";
import type { PeerSession } from "../../src/session/server.ts";
import { expectConversation } from "../contract/conversation.ts";
import { QUICK, Rig } from "../contract/harness.ts";
import { byNode } from "../contract/http-harness.ts";
import { serveHttp } from "../contract/http-sites.ts";
import { LIMIT_MS, numbersTo, pause, soon, take, takeAll, told } from "../waiting.ts";
import { type Passage, Relay, type RelayOptions } from "./relay.ts";

/** What each hop may hold: a small window, and a little in front of it. */
const HOP = { windowBytes: 1_000_000, channelsMax: 8, highWaterBytes: 65_536 } as const;

/** Each way, on a chain without trouble. */
const MESSAGES = 5_000;

/** What A offers while C takes nothing: far more than all hops together may hold. */
const OFFERED_BYTES = 64_000_000;
const MESSAGE_BYTES = 8_000;
const OFFERED = OFFERED_BYTES / MESSAGE_BYTES;

interface Ends<In = number, Out = number> {
  readonly a: ClientSession<In, Out>;
  readonly c: PeerSession<Out, In>;
  readonly rig: Rig<Out, In>;
}

interface Chain extends Ends {
  readonly relay: Relay;
  readonly passage: Passage;
}

/** C, as a server for whoever connects. */
function startC(): Promise<Rig<number, number>> {
  return Rig.start<number, number>(byNode("C", serveHttp), HOP);
}

function connectA(url: string): ClientSession<number, number> {
  const session = connect<number, number>(url, { ...QUICK, ...HOP });
  onTestFinished(() => session.abort());
  return session;
}

/** All three in this process. */
async function startChain(): Promise<Chain> {
  const rig = await startC();
  const relay = await Relay.start(rig.site.url, { near: HOP, far: { ...QUICK, ...HOP } });
  onTestFinished(() => relay.close());
  const a = connectA(relay.url);
  const c = await rig.nextSession();
  await soon(a.opened, "the opening of A's hop");
  const [passage] = relay.passages;
  if (passage === undefined) throw new Error("There is no passage");
  await soon(passage.far.opened, "the opening of C's hop");
  return { rig, relay, passage, a, c };
}

/** Sends what there is room for until all is offered or nobody wants more, and counts it. */
class Offer {
  accepted = 0;
  isWaiting = false;
  isOver = false;
  readonly done: Promise<void>;

  constructor(session: Session<unknown, never>) {
    this.done = this.#send(session);
  }

  async #send(session: Session<unknown, never>): Promise<void> {
    const filling = "x".repeat(MESSAGE_BYTES);
    while (this.accepted < OFFERED && !this.isOver) {
      const hasRoom = session.send({ number: this.accepted, filling } as never);
      this.accepted++;
      if (hasRoom) continue;
      this.isWaiting = true;
      await session.ready;
      this.isWaiting = false;
    }
  }
}

/** Until nothing was accepted for a while, and there is no room. */
async function untilFull(offer: Offer): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  for (let looks = 0, before = -1; looks < 20; looks++) {
    if (performance.now() > endMs) throw new Error("A was never told to wait for long");
    await pause(20);
    if (offer.accepted !== before || !offer.isWaiting) looks = 0;
    before = offer.accepted;
  }
}

/**
 * C begins to take, and all that was accepted arrives; and a bit more that there is room for now.
 */
async function expectAll(c: PeerSession<number, number>, offer: Offer): Promise<void> {
  const wanted = offer.accepted + 100;
  const all = (await take(c, wanted)) as unknown as { readonly number: number }[];
  expect(all.map(({ number }) => number)).toEqual(numbersTo(wanted));
  offer.isOver = true;
  await take(c, 1);
  await soon(offer.done, "the end of the offer");
}

describe("a chain A-B-C", () => {
  it("carries messages through both hops, both ways, all three in one process", async () => {
    const { a, c } = await startChain();
    const sending = Promise.all([sendAll(a), sendAll(c)]);
    const [up, down] = await Promise.all([take(c, MESSAGES), take(a, MESSAGES)]);
    await sending;
    expect(up).toEqual(numbersTo(MESSAGES));
    expect(down).toEqual(numbersTo(MESSAGES));
  });

  it("passes a close on, after everything before it", async () => {
    const { a, c } = await startChain();
    for (const number of numbersTo(100)) a.send(number);
    const received = takeAll(c);
    const ended = Promise.all([a.close(), c.ended]);
    expect(await received).toEqual(numbersTo(100));
    const closed = { reason: "closed", neverSent: [], unknown: [] };
    expect(await soon(ended, "both ends")).toMatchObject([closed, closed]);
  });

  it("lets A feel that C is slow, and holds little in between", async () => {
    const { a, c, passage } = await startChain();
    const offer = new Offer(a as Session<unknown, never>);
    await untilFull(offer);
    // Two windows and two high-water marks, each passed by a message at most.
    const roomBytes = 2 * (HOP.windowBytes + HOP.highWaterBytes + 2 * MESSAGE_BYTES);
    expect(offer.accepted * MESSAGE_BYTES).toBeLessThan(roomBytes);
    expect(passage.far.bufferedBytes).toBeLessThan(HOP.windowBytes + HOP.highWaterBytes);
    expect(a.bufferedBytes).toBeGreaterThan(HOP.highWaterBytes / 2);
    await expectAll(c, offer);
  });

  it("does not disturb one hop when the other one is started anew, and loses nothing", async () => {
    const { a, c, passage } = await startChain();
    let news = 0;
    for (const side of [a, passage.near] as Session[]) side.on("status", () => news++);
    let bursts = 0;
    let restarts = 0;
    await expectConversation(a, c, () => {
      if (++bursts % 40 === 0) {
        passage.restartFarHop();
        restarts++;
      }
      return restarts === 5;
    });
    expect(restarts).toBe(5);
    expect(news).toBe(0);
  });

  it("does not disturb one hop when the path of the other one goes down", async () => {
    const { rig, a, c, relay, passage } = await startChain();
    let news = 0;
    for (const side of [a, passage.near] as Session[]) side.on("status", () => news++);
    const lost = told(passage.far, "lost");
    rig.site.block();
    a.send(1);
    await lost;
    expect(news).toBe(0);
    expect(a.status.state).toBe("open");
    rig.site.unblock();
    expect(await take(c, 1)).toEqual([1]);

    relay.cutNear();
    c.send(2);
    expect(await take(a, 1)).toEqual([2]);
    expect(passage.far.status.state).toBe("open");
  });

  it("holds little in B's process when C takes nothing, and passes everything on later", async () => {
    const rig = await startC();
    const { url, memoryBytes } = await startB(rig.site.url);
    const a = connectA(url);
    const c = await rig.nextSession();
    const before = await memoryBytes();
    const offer = new Offer(a as Session<unknown, never>);
    await untilFull(offer);
    expect(offer.accepted).toBeLessThan(OFFERED / 10);
    // Less than what was offered: what B would hold without back-pressure.
    expect((await memoryBytes()) - before).toBeLessThan(OFFERED_BYTES);
    await expectAll(c, offer);
  });
});

async function sendAll(session: Session<number, number>): Promise<void> {
  for (const number of numbersTo(MESSAGES)) {
    if (!session.send(number)) await soon(session.ready, "room");
  }
}

/** B as a process of its own. */
async function startB(target: string): Promise<{
  readonly url: string;
  readonly memoryBytes: () => Promise<number>;
}> {
  const options: RelayOptions = { near: HOP, far: { ...QUICK, ...HOP } };
  const file = fileURLToPath(new URL("relay-process.ts", import.meta.url));
  const child = fork(file, [target, JSON.stringify(options)], { execArgv: ["--import", "tsx"] });
  onTestFinished(() => stop(child));
  const [{ url }] = (await soon(once(child, "message"), "B's address")) as [{ url: string }];
  const memoryBytes = async (): Promise<number> => {
    const answer = once(child, "message");
    child.send("memory");
    const [memory] = (await soon(answer, "B's memory")) as [{ memoryBytes: number }];
    return memory.memoryBytes;
  };
  return { url, memoryBytes };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.disconnect();
  await once(child, "exit");
}
