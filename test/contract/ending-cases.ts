/** The ways in which sessions end, with what each side is told. */
import { expect, it } from "vitest";
import { json, type Fate } from "../../src/session/index.ts";
import { type Harness, Rig } from "./harness.ts";
import { soon, takeAll, told, until } from "../waiting.ts";

const CLOSED = { reason: "closed", neverSent: [], unknown: [] };

export function endingCases(harness: Harness): void {
  for (const who of ["the client", "the server", "both at once"]) {
    it(`delivers everything before a close by ${who}`, async () => {
      const rig = await Rig.start<number, number>(harness);
      const [client, session] = await rig.pair();
      const all = Promise.all([takeAll(session), takeAll(client)]);
      for (const number of [1, 2, 3]) {
        client.send(number);
        session.send(-number);
      }
      if (who !== "the server") void client.close();
      if (who !== "the client") void session.close();
      const ended = Promise.all([client.ended, session.ended]);
      for (const info of await soon(ended, "both ends")) expect(info).toMatchObject(CLOSED);
      expect(await all).toEqual([
        [1, 2, 3],
        [-1, -2, -3],
      ]);
      expect(() => client.send(4)).toThrow(expect.objectContaining({ code: "session_closed" }));
      expect(rig.server.sessions).toEqual([]);
    });
  }

  it("tells the server of an abort by the client, and the client its messages' fates", async () => {
    const rig = await Rig.start<string, string>(harness, { codec: json });
    const [client, session] = await rig.pair({ codec: json });
    const peerEnded = told(session, "ended");
    const iteration = Promise.allSettled([takeAll(session)]);
    client.send("too late");
    client.abort(7, "out of here");
    expect(await soon(client.ended, "the client's end")).toMatchObject({
      reason: "aborted",
      by: "local",
      code: 7,
      unknown: [],
    });
    expect(textsOf((await client.ended).neverSent)).toEqual(["too late"]);
    expect(await peerEnded).toMatchObject({
      reason: "peer-ended",
      by: "peer",
      code: 7,
      detail: "out of here",
    });
    expect(await iteration).toMatchObject([{ reason: { code: "session_ended" } }]);
  });

  it("tells the client of an abort by the server, and the server its messages' fates", async () => {
    const rig = await Rig.start<string, string>(harness, { codec: json });
    const [client, session] = await rig.pair({ codec: json });
    const peerEnded = told(client, "ended");
    session.send("too late");
    session.abort(9, "go away");
    const { neverSent, ...info } = await soon(session.ended, "the server's end");
    expect(info).toMatchObject({ reason: "aborted", by: "local", code: 9, unknown: [] });
    expect(textsOf(neverSent)).toEqual(["too late"]);
    expect(await peerEnded).toMatchObject({ reason: "peer-ended", code: 9, detail: "go away" });
  });

  it("splits the fates of messages that a dead path held back: never sent, and unknown", async () => {
    // On a pipe it leaves before the path is dead, and is not acknowledged in time.
    const isPiped = harness.lacks.includes("requests");
    const ackDelayMs = isPiped ? 10_000 : 25;
    const rig = await Rig.start<string, string>(harness, { codec: json, ackDelayMs });
    const [client] = await rig.pair({ codec: json });
    // What joins a pipe is answered at once.
    if (isPiped) await until(() => rig.desk.answers >= 2, "the end of the greetings");
    else rig.site.block();
    const bodies = client.stats.bodiesSent + (isPiped ? 0 : 1);
    client.send("left, into nothing");
    await until(() => client.stats.messagesSent === 1, "a body that carries it");
    await until(() => client.stats.bodiesSent > bodies, "a body that carries it");
    if (isPiped) rig.site.block();
    client.send("stayed");
    client.abort();
    const { neverSent, unknown } = await soon(client.ended, "the end");
    expect(textsOf(unknown)).toEqual(["left, into nothing"]);
    expect(textsOf(neverSent)).toEqual(["stayed"]);
  });
}

function textsOf(fates: readonly Fate[]): string[] {
  return fates.map(({ payload }) => json().decode(payload) as string);
}
