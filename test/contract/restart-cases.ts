/** Pages that are reloaded, tabs that are duplicated, and servers that restart. */
import { expect, it } from "vitest";
import { type Harness, Rig } from "./harness.ts";
import { soon, take, told, until } from "./waiting.ts";

export function restartCases(harness: Harness): void {
  it("says that a session is lost when the server has forgotten it, and opens a new one", async () => {
    const rig = await Rig.start<string, string>(harness);
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

  it("goes on after a page's reload with nothing lost or doubled", async () => {
    const rig = await Rig.start<string, string>(harness);
    let isGone = false;
    // What a page that is gone would have sent waits for ever.
    const headers = (): Promise<Record<string, string>> => {
      return isGone ? new Promise(() => {}) : Promise.resolve({});
    };
    const [page, session] = await rig.pair({ headers });
    page.send("one");
    expect(await take(session, 1)).toEqual(["one"]);
    for (const text of ["taken", "waiting"]) session.send(text);
    expect(await take(page, 1)).toEqual(["taken"]);
    await until(() => page.stats.messagesDelivered === 2, "the message that waits");
    page.send("two");
    const saved = page.save();
    isGone = true;
    rig.site.cut();
    const reloaded = rig.connect({ resume: saved });
    reloaded.send("three");
    session.send("new");
    expect(await take(reloaded, 2)).toEqual(["waiting", "new"]);
    expect(await take(session, 2)).toEqual(["two", "three"]);
    expect(rig.server.sessions).toEqual([session]);
    expect(await soon(reloaded.close(), "the close")).toMatchObject({ reason: "closed" });
  });

  it("tells a duplicated tab that it was superseded, and leaves the other alone", async () => {
    const rig = await Rig.start<string, string>(harness);
    const [tab, session] = await rig.pair();
    const ended = told(tab, "ended");
    const duplicate = rig.connect({ resume: tab.save() });
    duplicate.send("I am the one");
    expect(await take(session, 1)).toEqual(["I am the one"]);
    expect(await ended).toMatchObject({ reason: "superseded" });
    duplicate.send("still");
    expect(await take(session, 1)).toEqual(["still"]);
    expect(session.status.state).toBe("open");
  });

  it("stays away while the server drains, comes back after its pause, and has lost nothing", async () => {
    const pauseMinMs = 100;
    const rig = await Rig.start<string, string>(harness);
    const [client, session] = await rig.pair();
    await until(() => rig.desk.waiting > 0, "a parked request");
    session.send("before");
    rig.server.drain(pauseMinMs, 2 * pauseMinMs);
    const drainedAtMs = performance.now();
    expect(await take(client, 1)).toEqual(["before"]);
    const before = rig.desk.requests;
    await until(() => rig.desk.requests > before, "the client that comes back");
    // Timers of the host may be a little early.
    expect(performance.now() - drainedAtMs).toBeGreaterThan(pauseMinMs * 0.9);
    client.send("after");
    session.send("after");
    expect(await take(session, 1)).toEqual(["after"]);
    expect(await take(client, 1)).toEqual(["after"]);
  });

  it("lets new clients wait while the server drains, and opens them at the next one", async () => {
    const rig = await Rig.start<string, string>(harness);
    rig.server.drain(20, 40);
    const client = rig.connect();
    client.send("hello");
    await until(() => rig.desk.requests >= 3, "a client that comes again");
    expect(client.status.state).toBe("opening");
    expect(rig.server.sessions).toEqual([]);
    rig.replaceServer();
    expect(await take(await rig.nextSession(), 1)).toEqual(["hello"]);
  });
}
