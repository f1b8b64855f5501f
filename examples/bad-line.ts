/**
 * Two cores over a line that loses, doubles and overtakes: every message arrives once, in order.
 * Shows how an adapter drives the core. After `npm run build`:
 * `npx tsx examples/bad-line.ts [loss in percent] [messages]`.
 */
import { Endpoint, RequestSide, type ServerSession } from "holdfast/core";

const loss = Number(process.argv[2] ?? 20) / 100;
const total = Number(process.argv[3] ?? 10_000);
const secrets = new Uint8Array(32);
crypto.getRandomValues(secrets);

let nowMs = 0; // A clock of our own: half a minute on a bad line takes a moment.
const client = new RequestSide(nowMs, {
  nonce: secrets.subarray(0, 16),
  secret: secrets.subarray(16),
});
const server = new Endpoint(nowMs);
let session: ServerSession | undefined;
let wakeAtMs = 0;
const line: { atMs: number; arrive: () => void }[] = [];
const exchangeOf: number[] = []; // The server's handles are places in this list.
const count = { requests: 0, bodiesLost: 0, bodiesDoubled: 0, up: 0, down: 0, messagesWrong: 0 };
const fate: string[] = [];

/** Puts a body on the line, which may lose it (and say so, or not) or carry it twice. */
function carry(arrive: () => void, fail: () => void): void {
  if (Math.random() < loss) {
    count.bodiesLost++;
    if (Math.random() < 0.8) line.push({ atMs: nowMs + 30, arrive: fail });
    return;
  }
  line.push({ atMs: nowMs + 5 + 20 * Math.random(), arrive });
  if (Math.random() >= loss / 4) return;
  count.bodiesDoubled++;
  line.push({ atMs: nowMs + 40 * Math.random(), arrive });
}

function payloadOf(number: number): Uint8Array {
  const payload = new Uint8Array(64);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

/** Does what both cores ask for, and notes when they want to be woken. */
function drain(): void {
  let out = client.poll();
  for (; out.kind !== "timeout"; out = client.poll()) {
    if (out.kind === "request") {
      const { exchange, body } = out;
      const origin = { address: "192.0.2.1", principal: "" };
      count.requests++;
      const arrive = (): void => {
        server.handleRequest(nowMs, exchangeOf.push(exchange) - 1, body, origin);
      };
      carry(arrive, () => client.handleFailure(nowMs, exchange));
    } else if (out.kind === "deliver") {
      for (const payload of out.payloads)
        if (numberOf(payload) !== count.down++) count.messagesWrong++;
    } else if (out.kind === "ended") fate.push(`client: ${out.reason}`);
  }
  wakeAtMs = out.atMs;
  let served = server.poll();
  for (; served.kind !== "timeout"; served = server.poll()) {
    if (served.kind === "respond") {
      const { handle, body } = served;
      const exchange = exchangeOf[handle] as number;
      const fail = (): void => client.handleFailure(nowMs, exchange);
      carry(() => client.handleAnswer(nowMs, exchange, body), fail);
    } else if (served.kind === "session") {
      session = served.session;
      if (served.output.kind === "deliver") {
        for (const payload of served.output.payloads) {
          if (numberOf(payload) !== count.up++) count.messagesWrong++;
          session.side.send(nowMs, payload); // The echo.
        }
      } else if (served.output.kind === "ended") fate.push(`server: ${served.output.reason}`);
    }
  }
  wakeAtMs = Math.min(wakeAtMs, served.atMs);
}

let sent = 0;
drain();
while (fate.length < 2 && nowMs < 3_600_000) {
  line.sort((left, right) => left.atMs - right.atMs);
  const nextMs = Math.min(
    line[0]?.atMs ?? Infinity,
    wakeAtMs,
    sent < total ? nowMs + 10 : Infinity,
  );
  nowMs = Math.max(nowMs, nextMs);
  while ((line[0]?.atMs ?? Infinity) <= nowMs) line.shift()?.arrive();
  for (let burst = 0; burst < 20 && sent < total; burst++) {
    client.send(nowMs, payloadOf(sent++));
  }
  if (count.down === total && client.state === "open") client.close(nowMs);
  drain();
  client.handleTimeout(nowMs);
  server.handleTimeout(nowMs);
  drain();
}
console.log({ sent, ...count, seconds: nowMs / 1000, fate });
process.exitCode = count.messagesWrong === 0 && count.up === total && count.down === total ? 0 : 1;
