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
  const dialogue = new Dialogue(RequestSide, loseEvery);
  const { heard, client, nowMs } = dialogue;
  const latest = client.openChannel(nowMs, Uint8Array.of(1), { mode: "latest" });
  const hasty = client.openChannel(nowMs, Uint8Array.of(2), { mode: "unordered", ttlMs: 60_000 });
  for (let number = 0; number < 100; number++) {
    client.send(dialogue.nowMs, Uint8Array.of(number));
    client.send(dialogue.nowMs, Uint8Array.of(number), latest, number % 3);
    client.send(dialogue.nowMs, Uint8Array.of(number), hasty);
    if (number % 10 === 9) dialogue.settle(() => client.isFlushed);
  }
  client.send(dialogue.nowMs, new Uint8Array(LARGE_BYTES).fill(7));
  dialogue.reload();
  const reloaded = dialogue.client;
  dialogue.settle(() => heard.down.includes(`0: ${LARGE_BYTES} of 7`));
  reloaded.finishChannel(dialogue.nowMs, hasty);
  reloaded.resetChannel(dialogue.nowMs, latest, 5);
  dialogue.settle(() => reloaded.isFlushed);
  reloaded.close(dialogue.nowMs);
  dialogue.settle(() => heard.ends.length === 2);
  return heard;
}

/** A client and a server that echoes, on a clock that moves when there is nothing else to do. */
class Dialogue {
  readonly heard = { up: [] as string[], down: [] as string[], ends: [] as string[], lost: 0 };
  client: Source;
  nowMs = 1_000;
  readonly #RequestSide: typeof Source;
  readonly #loseEvery: number;
  readonly #server: Endpoint = new Endpoint(this.nowMs);
  #wakeAtMs: number = this.nowMs;
  #bodies = 0;
  /** By the server's handles: whose request it was, and its exchange. */
  readonly #held: { readonly client: Source; readonly exchange: number }[] = [];

  constructor(RequestSide: typeof Source, loseEvery: number) {
    this.#RequestSide = RequestSide;
    this.#loseEvery = loseEvery;
    const nonce = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
    const credentials = { nonce, secret: nonce.toReversed() };
    this.client = new RequestSide(this.nowMs, credentials, { highWaterBytes: 2_000 });
  }

  settle(isDone: () => boolean): void {
    for (let turn = 0; turn < TURNS_MAX && !isDone(); turn++) {
      this.#wakeAtMs = Infinity;
      this.#drainClient();
      this.#drainServer();
      this.nowMs = Math.max(this.nowMs, Math.min(this.#wakeAtMs, this.nowMs + 1_000));
      this.client.handleTimeout(this.nowMs);
      this.#server.handleTimeout(this.nowMs);
    }
    const { length } = this.heard.up;
    if (!isDone()) throw new Error(`the dialogue stands still after ${length} messages`);
  }

  /** The client goes, with its last bodies on their way, and another goes on from its state. */
  reload(): void {
    this.client.handleTimeout(this.nowMs);
    this.#drainClient();
    const saved = structuredClone(this.client.save(this.nowMs));
    this.client = this.#RequestSide.resume(this.nowMs, saved, 1);
  }

  #drainClient(): void {
    const { client, heard } = this;
    let out = client.poll();
    for (; out.kind !== "timeout"; out = client.poll()) {
      if (out.kind === "request") this.#carry(out.exchange, out.body);
      else if (out.kind === "deliver") {
        for (const payload of out.payloads) heard.down.push(brief(out.channel, payload));
      } else if (out.kind === "ended") heard.ends.push(`client ${out.reason}`);
    }
    this.#wakeAtMs = Math.min(this.#wakeAtMs, out.atMs);
  }

  #carry(exchange: number, body: Uint8Array): void {
    if (this.#isLost()) {
      this.client.handleFailure(this.nowMs, exchange);
      return;
    }
    const handle = this.#held.push({ client: this.client, exchange }) - 1;
    const origin = { address: "192.0.2.1", principal: "" };
    this.#server.handleRequest(this.nowMs, handle, body, origin);
  }

  #drainServer(): void {
    let out = this.#server.poll();
    for (; out.kind !== "timeout"; out = this.#server.poll()) {
      if (out.kind === "respond") this.#answer(out.handle, out.body);
      else if (out.kind === "session") {
        const { session, output } = out;
        if (output.kind === "ended") this.heard.ends.push(`server ${output.reason}`);
        else if (output.kind === "deliver") this.#echo(session, output.channel, output.payloads);
      }
    }
    this.#wakeAtMs = Math.min(this.#wakeAtMs, out.atMs);
  }

  #answer(handle: number, body: Uint8Array): void {
    const held = this.#held[handle];
    if (held?.client !== this.client) return;
    if (this.#isLost()) this.client.handleFailure(this.nowMs, held.exchange);
    else this.client.handleAnswer(this.nowMs, held.exchange, body);
  }

  #echo(session: ServerSession, channel: number, payloads: readonly Uint8Array[]): void {
    for (const payload of payloads) {
      this.heard.up.push(brief(channel, payload));
      session.side.send(this.nowMs, payload, channel, keyOf(session, channel));
    }
    this.#server.touch(session);
  }

  #isLost(): boolean {
    if (++this.#bodies % this.#loseEvery !== 0) return false;
    this.heard.lost++;
    return true;
  }
}

function keyOf(session: ServerSession, channel: number): number | undefined {
  return session.side.sender.channels.get(channel)?.mode === "latest" ? 1 : undefined;
}

function brief(channel: number, payload: Uint8Array): string {
  return payload.length === 1
    ? `${channel}: ${payload[0]}`
    : `${channel}: ${payload.length} of ${payload[payload.length - 1]}`;
}
