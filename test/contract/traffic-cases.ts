/** Messages on an unbroken path. */
import { expect, it } from "vitest";
import { raw, type Session } from "../../src/session/index.ts";
import { type Harness, Rig } from "./harness.ts";
import { numbersTo, soon, take, told, until } from "../waiting.ts";

const MANY = 20_000;

/** Low, so that many small messages reach it. */
const HIGH_WATER_BYTES = 8_192;

export function trafficCases(harness: Harness): void {
  it("carries messages of every kind both ways in order", async () => {
    const rig = await Rig.start(harness);
    const [client, session] = await rig.pair();
    const messages = [0, -1.5, "", "ü", null, true, [1, [2]], { a: { b: "c" } }, new Date(7)];
    for (const message of messages) {
      client.send(message);
      session.send([message]);
    }
    expect(await take(session, messages.length)).toEqual(messages);
    const wrapped = messages.map((message) => [message]);
    expect(await take(client, messages.length)).toEqual(wrapped);
  });

  it("carries 20,000 messages each way while both sides heed back-pressure", async () => {
    const rig = await Rig.start<number, number>(harness, { highWaterBytes: HIGH_WATER_BYTES });
    const [client, session] = await rig.pair({ highWaterBytes: HIGH_WATER_BYTES });
    const sent = Promise.all([sendMany(client), sendMany(session)]);
    const [up, down] = await Promise.all([take(session, MANY), take(client, MANY)]);
    expect(up).toEqual(numbersTo(MANY));
    expect(down).toEqual(numbersTo(MANY));
    for (const { waits, mostBuffered } of await sent) {
      expect(waits).toBeGreaterThan(0);
      expect(mostBuffered).toBeLessThan(2 * HIGH_WATER_BYTES);
    }
  });

  it("carries messages of 1 MB and 20 MB both ways, unchanged", async () => {
    const rig = await Rig.start<Uint8Array, Uint8Array>(harness, { codec: raw });
    const [client, session] = await rig.pair({ codec: raw });
    session.onBundle((messages) => {
      for (const message of messages) session.send(message);
    });
    const messages = [bytesOf(1_000_000), bytesOf(20_000_000), bytesOf(1)];
    for (const message of messages) client.send(message);
    const echoes = await take(client, messages.length);
    for (const [at, echo] of echoes.entries()) {
      expect(Buffer.compare(echo, messages[at] as Uint8Array)).toBe(0);
    }
  });

  it("carries empty messages between others", async () => {
    const rig = await Rig.start<Uint8Array, Uint8Array>(harness, { codec: raw });
    const [client, session] = await rig.pair({ codec: raw });
    const sizes = [0, 3, 0, 0, 1, 0];
    for (const size of sizes) {
      client.send(bytesOf(size));
      session.send(bytesOf(size));
    }
    expect((await take(session, sizes.length)).map(({ length }) => length)).toEqual(sizes);
    expect((await take(client, sizes.length)).map(({ length }) => length)).toEqual(sizes);
  });

  it("puts thousands of tiny messages of one tick into few bodies", async () => {
    const rig = await Rig.start<number, number>(harness);
    const [client, session] = await rig.pair();
    const before = rig.desk.requests;
    for (const number of numbersTo(5_000)) client.send(number);
    expect(await take(session, 5_000)).toEqual(numbersTo(5_000));
    const requests = rig.desk.requests - before;
    // 15 kB, which 16 KiB hold: one body, and what reopens the place of its request.
    expect(requests).toBeLessThanOrEqual(4);
    expect(client.stats.messagesSent).toBe(5_000);

    const bodies = session.stats.bodiesSent;
    for (const number of numbersTo(5_000)) session.send(number);
    expect(await take(client, 5_000)).toEqual(numbersTo(5_000));
    const isAnswered = harness.lacks.includes("acknowledgements on a pipe");
    expect(session.stats.bodiesSent - bodies).toBeLessThanOrEqual(isAnswered ? 12 : 4);
  });

  it("lets a reply ride on the answer: a question and its reply are one exchange", async () => {
    const rig = await Rig.start<number, number>(harness);
    const [client, session] = await rig.pair();
    session.onBundle((messages) => {
      for (const message of messages) session.send(-message);
    });
    await ask(client, 0);
    await until(() => rig.desk.waiting > 0, "a parked request");
    const before = rig.desk.requests;
    for (const number of numbersTo(50)) expect(await ask(client, number + 1)).toBe(-1 - number);
    // One each; acknowledgements that waited too long on a slow machine are a few more.
    expect(rig.desk.requests - before).toBeLessThanOrEqual(75);
  });

  it("lets a slow consumer hold its peer back instead of filling memory", async () => {
    const windowBytes = 300_000;
    const limits = { windowBytes, channelsMax: 8 };
    const rig = await Rig.start<number, Uint8Array>(harness, limits);
    const [client, session] = await rig.pair({ highWaterBytes: 2 * windowBytes });
    let sent = 0;
    // Messages of 1 kB: the window is full long before the last one.
    const message = (): never => ({ number: sent, filling: "x".repeat(1_000) }) as never;
    while (client.send(message())) sent++;
    sent++;
    // What is behind it on another channel is not kept waiting.
    const opened = told(session, "channel");
    client.channel("beside").send(-1);
    expect(await take(await opened, 1)).toEqual([-1]);
    let isReady = false;
    void client.ready.then(() => (isReady = true));
    await until(() => rig.desk.waiting > 0, "a parked request");
    expect(isReady).toBe(false);
    const held = session.stats.messagesDelivered - 1;
    expect(held).toBeLessThanOrEqual(windowBytes / 1_000);
    expect(sent).toBeGreaterThan(held);

    const messages = (await take(session, sent)) as unknown as { number: number }[];
    expect(messages.map(({ number }) => number)).toEqual(numbersTo(sent));
    await until(() => isReady, "room at the sender");
    await soon(client.flushed(), "the acknowledgement of everything");
    expect(client.bufferedBytes).toBe(0);
    expect(client.unacknowledged).toBe(0);
  });
}

interface Sending {
  /** How often there was no room. */
  readonly waits: number;
  readonly mostBuffered: number;
}

async function sendMany(session: Session<number, number>): Promise<Sending> {
  let waits = 0;
  let mostBuffered = 0;
  for (const number of numbersTo(MANY)) {
    const hasRoom = session.send(number);
    mostBuffered = Math.max(mostBuffered, session.bufferedBytes);
    if (hasRoom) continue;
    waits++;
    await soon(session.ready, "room");
  }
  return { waits, mostBuffered };
}

async function ask(client: Session<number, number>, question: number): Promise<number | undefined> {
  client.send(question);
  const [reply] = await take(client, 1);
  return reply;
}

/** Bytes in which no two stretches are equal for long. */
function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer, 0, length >> 2);
  for (let at = 0; at < words.length; at++) words[at] = Math.imul(at + 1, 0x9e3779b1);
  if (length % 4 !== 0) bytes.fill(7, length & ~3);
  return bytes;
}
