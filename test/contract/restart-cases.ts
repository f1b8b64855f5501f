/** Pages that are reloaded, tabs that are duplicated, and servers that restart. */
import { expect, it } from "vitest";
import { type Harness, Rig } from "./harness.ts";
import { soon, take, told, until } from "../waiting.ts";

export function restartCases(harness: Harness): void {
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
}
