/** Channels of each mode. */
import { expect, it } from "vitest";
import { type Harness, Rig } from "./harness.ts";
import { open } from "./open-channel.ts";
import { numbersTo, take, takeAll, until } from "../waiting.ts";

export function channelCases(harness: Harness): void {
  it("orders each channel by itself, whoever opened it, and ends it when both have finished", async () => {
    const rig = await Rig.start(harness);
    const [client, session] = await rig.pair();
    const [own, other] = await open(client, session, "of the client", {});
    const [ofServer, atClient] = await open(session, client, "of the server", {});
    expect(other).toMatchObject({ label: "of the client", mode: "ordered", isOwn: false });
    expect(atClient.label).toBe("of the server");
    for (const number of numbersTo(500)) {
      own.send(number);
      other.send(number + 1);
      ofServer.send(number * 2);
      client.send(number);
    }
    for (const channel of [own, other, ofServer, atClient]) channel.finish();
    expect(await takeAll(other)).toEqual(numbersTo(500));
    expect(await takeAll(own)).toEqual(numbersTo(500).map((number) => number + 1));
    expect(await takeAll(atClient)).toEqual(numbersTo(500).map((number) => number * 2));
    expect(await takeAll(ofServer)).toEqual([]);
    expect(await take(session, 500)).toEqual(numbersTo(500));
    await until(() => client.channels.length === 0, "the end of the channels");
  });

  it("delivers everything once on an unordered channel", async () => {
    const rig = await Rig.start(harness);
    const [client, session] = await rig.pair();
    const [own, other] = await open(client, session, "in any order", { mode: "unordered" });
    for (const number of numbersTo(2_000)) own.send(number);
    own.finish();
    const numbers = await takeAll(other);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(numbersTo(2_000));
  });

  it("delivers the latest of each key on a latest channel, and leaves out what it replaced", async () => {
    const rig = await Rig.start(harness);
    const [client, session] = await rig.pair();
    const [own, other] = await open(client, session, "positions", { mode: "latest" });
    for (const number of numbersTo(3_000)) own.send(number, { key: number % 3 });
    own.finish();
    const numbers = await takeAll(other);
    expect(numbers.length).toBeLessThan(3_000);
    for (const key of numbersTo(3)) {
      const ofKey = numbers.filter((number) => number % 3 === key);
      expect(ofKey.at(-1)).toBe(2_997 + key);
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
    }
  });

  it("tells both sides of a channel that was abandoned, and goes on with the others", async () => {
    const rig = await Rig.start(harness);
    const [client, session] = await rig.pair();
    const [own, other] = await open(client, session, "abandoned", {});
    const ends = Promise.allSettled([takeAll(own), takeAll(other)]);
    other.reset(7);
    for (const end of await ends) {
      expect(end).toMatchObject({ reason: { code: "channel_reset", resetCode: 7 } });
    }
    client.send("still here");
    expect(await take(session, 1)).toEqual(["still here"]);
  });
}
