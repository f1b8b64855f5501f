/**
 * A client's core, however it was built, talks to an `Endpoint` over a line that loses every so
 * many bodies: both ways, on channels of every mode, with a message in parts and a reload between.
 */
import { Endpoint, type RequestSide as Source, type ServerSession } from "../../src/core/index.ts";

/** What the server saw and the client got back, as text. */
export interface Heard {
  readonly up: string[];
  readonly down: string[];
  readonly ends: string[];
  readonly lost: number;
}

/** No dialogue here takes more turns of the loop. */
const TURNS_MAX = 20_000;
const LARGE_BYTES = 100_000;

/** Runs the dialogue with this build of the core; `loseEvery`: of how many bodies one is lost. */
export function converse(RequestSide: typeof Source, loseEvery: number): Heard {
  let nowMs = 1_000;
  const nonce = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
  const credentials = { nonce, secret: nonce.toReversed() };
  let client = new RequestSide(nowMs, credentials, { highWaterBytes: 2_000 });
  const server = new Endpoint(nowMs);
  let session: ServerSession | undefined;
  let wakeAtMs = nowMs;
  let bodies = 0;
  const heard = { up: [] as string[], down: [] as string[], ends: [] as string[], lost: 0 };
  const exchangeOf: number[] = [];
  const held = new Map<number, typeof client>();

  const isLost = (): boolean => {
    if (++bodies % loseEvery !== 0) return false;
    heard.lost++;
    return true;
  };
  const drainServer = (): void => {
    let out = server.poll();
    for (; out.kind !== "timeout"; out = server.poll()) {
      if (out.kind === "respond") {
        const exchange = exchangeOf[out.handle] as number;
        const isOurs = held.get(out.handle) === client;
        if (!isOurs) continue;
        if (isLost()) client.handleFailure(nowMs, exchange);
        else client.handleAnswer(nowMs, exchange, out.body);
      } else if (out.kind === "session") {
        session = out.session;
        const told = out.output;
        if (told.kind === "ended") heard.ends.push(`server ${told.reason}`);
        if (told.kind !== "deliver") continue;
        for (const payload of told.payloads) {
          heard.up.push(brief(told.channel, payload));
          session.side.send(nowMs, payload, told.channel, keyOf(session, told.channel));
        }
        server.touch(session);
      }
    }
    wakeAtMs = Math.min(wakeAtMs, out.atMs);
  };
  const drainClient = (): void => {
    let out = client.poll();
    for (; out.kind !== "timeout"; out = client.poll()) {
      if (out.kind === "request") {
        const { exchange, body } = out;
        if (isLost()) {
          client.handleFailure(nowMs, exchange);
          continue;
        }
        held.set(exchangeOf.push(exchange) - 1, client);
        const origin = { address: "192.0.2.1", principal: "" };
        server.handleRequest(nowMs, exchangeOf.length - 1, body, origin);
      } else if (out.kind === "deliver") {
        for (const payload of out.payloads) heard.down.push(brief(out.channel, payload));
      } else if (out.kind === "ended") heard.ends.push(`client ${out.reason}`);
    }
    wakeAtMs = Math.min(wakeAtMs, out.atMs);
  };
  const settle = (isDone: () => boolean): void => {
    for (let turn = 0; turn < TURNS_MAX && !isDone(); turn++) {
      wakeAtMs = Infinity;
      drainClient();
      drainServer();
      nowMs = Math.max(nowMs, Math.min(wakeAtMs, nowMs + 1_000));
      client.handleTimeout(nowMs);
      server.handleTimeout(nowMs);
    }
    if (!isDone()) throw new Error(`the dialogue stands still after ${heard.up.length} messages`);
  };

  const latest = client.openChannel(nowMs, Uint8Array.of(1), { mode: "latest" });
  const hasty = client.openChannel(nowMs, Uint8Array.of(2), { mode: "unordered", ttlMs: 60_000 });
  for (let number = 0; number < 100; number++) {
    client.send(nowMs, Uint8Array.of(number));
    client.send(nowMs, Uint8Array.of(number), latest, number % 3);
    client.send(nowMs, Uint8Array.of(number), hasty);
    if (number % 10 === 9) settle(() => client.isFlushed);
  }
  client.send(nowMs, new Uint8Array(LARGE_BYTES).fill(7));
  client.handleTimeout(nowMs);
  drainClient();
  const saved = structuredClone(client.save(nowMs));
  client = RequestSide.resume(nowMs, saved, 1);
  settle(() => heard.down.includes(`0: ${LARGE_BYTES} of 7`));
  client.finishChannel(nowMs, hasty);
  client.resetChannel(nowMs, latest, 5);
  settle(() => client.isFlushed);
  client.close(nowMs);
  settle(() => heard.ends.length === 2);
  return heard;
}

function keyOf(session: ServerSession, channel: number): number | undefined {
  return session.side.sender.channels.get(channel)?.mode === "latest" ? 1 : undefined;
}

function brief(channel: number, payload: Uint8Array): string {
  return payload.length === 1
    ? `${channel}: ${payload[0]}`
    : `${channel}: ${payload.length} of ${payload[payload.length - 1]}`;
}
