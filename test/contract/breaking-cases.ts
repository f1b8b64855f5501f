/** Connections that break, and paths that go down. */
import { expect, it } from "vitest";
import type { Session } from "../../src/session/index.ts";
import { type Harness, Rig } from "./harness.ts";
import { numbersTo, soon, take, told, until } from "../waiting.ts";

export function breakingCases(harness: Harness): void {
  it("tells lost and resumed when the path is down for long, and sends what waited", async () => {
    const rig = await Rig.start<string, string>(harness, { lostAfterMs: 100 });
    const [client, session] = await rig.pair();
    // The server has to hear that what it holds is gone.
    await until(() => rig.desk.waiting > 0, "a parked request");
    const lost = Promise.all([told(client, "lost"), told(session, "lost")]);
    rig.site.block();
    const [atClient, atServer] = await lost;
    expect(atClient.reason).not.toBe("");
    expect(atServer.reason).toBe("nothing_parked");
    expect(client.status).toMatchObject({ state: "interrupted", reason: atClient.reason });
    expect(session.status.state).toBe("interrupted");

    client.send("from the client");
    session.send("from the server");
    const resumed = Promise.all([told(client, "resumed"), told(session, "resumed")]);
    rig.site.unblock();
    const [info] = await resumed;
    expect(info.downMs).toBeGreaterThan(0);
    expect(await take(session, 1)).toEqual(["from the client"]);
    expect(await take(client, 1)).toEqual(["from the server"]);
    expect(client.status).toMatchObject({ state: "open", reason: "" });
    expect(session.status.state).toBe("open");
  });

  it("does not tell a single cut connection: that is everyday life", async () => {
    const rig = await Rig.start<number, number>(harness, { lostAfterMs: 10_000 });
    const [client, session] = await rig.pair();
    let losses = 0;
    for (const side of [client, session] as Session[]) side.on("lost", () => losses++);
    for (const number of numbersTo(5)) {
      rig.site.cut();
      client.send(number);
      expect(await take(session, 1)).toEqual([number]);
      // Two cuts without an answer in between are more than that.
      await soon(client.flushed(), "an answer");
    }
    expect(losses).toBe(0);
  });

  it("opens when the server comes up later than the client", async () => {
    const rig = await Rig.start<string, string>(harness);
    rig.site.block();
    const client = rig.connect();
    client.send("first");
    const isDown = new Promise<void>((resolve) => {
      client.on("status", ({ state, reason }) => {
        if (state === "opening" && reason !== "") resolve();
      });
    });
    await soon(isDown, "a reason why it does not open");
    rig.site.unblock();
    expect(await take(await rig.nextSession(), 1)).toEqual(["first"]);
  });
}
