/**
 * Cases that wait for time to pass: holds, pauses, limits of silence. They run side by side, each
 * with a server of its own, so that they take the time of the longest.
 */
import { expect, it } from "vitest";
import { expectConversation } from "./conversation.ts";
import { type Harness, Rig } from "./harness.ts";
import { open } from "./open-channel.ts";
import { pause, soon, take, told, until } from "../waiting.ts";

const CUT_EVERY_MS = 50;

/** Cuts that must have met at least one connection. */
const CUTS_WANTED = 10;

export function patientCases(harness: Harness): void {
  it("gives up what is older than its channel allows, and says so", async ({ onTestFinished }) => {
    const rig = await Rig.start(harness, {}, onTestFinished);
    const [client, session] = await rig.pair();
    const [own, other] = await open(client, session, "shots", { ttlMs: 200 });
    const heard: number[] = [];
    const finished = (async () => {
      for await (const number of other) heard.push(number);
    })();
    let last = 0;
    // On a loaded machine, and after an outage, each may be too old before it arrives.
    const sendUntilHeard = (): Promise<void> => {
      const first = last + 1;
      return until(() => {
        if ((heard.at(-1) ?? 0) >= first) return true;
        own.send(++last);
        return false;
      }, "a message that is young enough");
    };
    await sendUntilHeard();
    await soon(client.flushed(), "the acknowledgement of what went well");
    rig.site.block();
    const givenUp = told(client, "givenUp");
    own.send(++last);
    own.send(++last);
    const { label, neverSent, sent } = await givenUp;
    expect(label).toBe("shots");
    expect(neverSent + sent).toBeGreaterThan(0);
    rig.site.unblock();
    await sendUntilHeard();
    own.finish();
    await soon(finished, "the end of the channel");
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    expect(new Set(heard).size).toBe(heard.length);
  });

  it("loses and doubles nothing while every connection is cut each 50 ms", async ({
    onTestFinished,
  }) => {
    const rig = await Rig.start<number, number>(harness, {}, onTestFinished);
    const [client, session] = await rig.pair();
    let cuts = 0;
    const timer = setInterval(() => {
      if (rig.site.cut() > 0) cuts++;
    }, CUT_EVERY_MS);
    const isEnough = (): boolean => cuts >= CUTS_WANTED;
    await expectConversation(client, session, isEnough).finally(() => clearInterval(timer));
    expect(cuts).toBeGreaterThanOrEqual(CUTS_WANTED);
    expect(client.stats.unitsResent + session.stats.unitsResent).toBeGreaterThan(0);
  });

  it("ends by the limit of silence on both sides when the path stays down", async ({
    onTestFinished,
  }) => {
    const times = { silenceLimitMs: 400, holdTimeMs: 150, rtoMinMs: 50, rtoInitialMs: 150 };
    const rig = await Rig.start<string, string>(harness, times, onTestFinished);
    const [client, session] = await rig.pair(times);
    rig.site.block();
    client.send("never arrives");
    const ended = Promise.all([client.ended, session.ended]);
    const [atClient, atServer] = await soon(ended, "both ends");
    expect(atClient).toMatchObject({ reason: "silence", by: "network" });
    expect(atServer).toMatchObject({ reason: "silence", by: "network" });
    expect(atClient.neverSent.length + atClient.unknown.length).toBe(1);
  });

  it("says that a session is lost when the server has forgotten it, and opens a new one", async ({
    onTestFinished,
  }) => {
    const rig = await Rig.start<string, string>(harness, {}, onTestFinished);
    const [client] = await rig.pair({ lostConfirmMs: 50 });
    rig.replaceServer();
    client.send("to whom?");
    const info = await soon(client.ended, "the loss");
    expect(info).toMatchObject({ reason: "lost" });
    expect(info.neverSent.length + info.unknown.length).toBe(1);
    const [again, session] = await rig.pair();
    again.send("hello");
    expect(await take(session, 1)).toEqual(["hello"]);
  });

  it("stays away while the server drains, comes back after its pause, and has lost nothing", async ({
    onTestFinished,
  }) => {
    const pauseMinMs = 100;
    const rig = await Rig.start<string, string>(harness, {}, onTestFinished);
    const [client, session] = await rig.pair();
    await until(() => rig.desk.waiting > 0, "a parked request");
    // What leaves before the pause is heard comes no matter when: no stream may be on its way.
    await pause(pauseMinMs);
    session.send("before");
    rig.server.drain(pauseMinMs, 2 * pauseMinMs);
    const drainedAtMs = performance.now();
    expect(await take(client, 1)).toEqual(["before"]);
    const before = rig.desk.visits;
    await until(() => rig.desk.visits > before, "the client that comes back");
    // Timers of the host may be a little early.
    expect(performance.now() - drainedAtMs).toBeGreaterThan(pauseMinMs * 0.9);
    client.send("after");
    session.send("after");
    expect(await take(session, 1)).toEqual(["after"]);
    expect(await take(client, 1)).toEqual(["after"]);
  });

  it("lets new clients wait while the server drains, and opens them at the next one", async ({
    onTestFinished,
  }) => {
    const rig = await Rig.start<string, string>(harness, {}, onTestFinished);
    rig.server.drain(20, 40);
    const client = rig.connect();
    client.send("hello");
    await until(() => rig.desk.visits >= 3, "a client that comes again");
    expect(client.status.state).toBe("opening");
    expect(rig.server.sessions).toEqual([]);
    rig.replaceServer();
    expect(await take(await rig.nextSession(), 1)).toEqual(["hello"]);
  });

  it("moves nothing but the hold when there is nothing to say", async ({ onTestFinished }) => {
    const holdTimeMs = 100;
    const holds = 4;
    const rig = await Rig.start<string, string>(harness, { holdTimeMs }, onTestFinished);
    const [client, session] = await rig.pair({ holdTimeMs });
    client.send("hello");
    expect(await take(session, 1)).toEqual(["hello"]);
    await soon(client.flushed(), "the acknowledgement");
    await until(() => rig.desk.waiting === 1, "a single parked request");
    // A stream has yet to be greeted, to prove itself and to be joined: answers of their own.
    const settled = rig.desk.answers + 5;
    await until(() => rig.desk.answers >= settled, "the answers of some holds");
    const startMs = performance.now();
    const { requests, answers } = rig.desk;
    await until(() => rig.desk.answers - answers >= holds, "the answers of four more");
    // The first one had been held for a while; a request more may be there by now.
    expect(performance.now() - startMs).toBeGreaterThan((holds - 1) * holdTimeMs * 0.9);
    expect(rig.desk.requests - requests).toBeLessThanOrEqual(holds + 1);
    expect(client.stats.messagesSent).toBe(1);
  });
}
