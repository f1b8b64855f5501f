/**
 * A `RequestSide` and an `Endpoint` in one process, joined without a network: a body that one asks
 * to be sent is handed to the other by hand, whole and at once, unless it is lost on purpose. The
 * clock is a number that moves only when nothing else can happen, so waiting costs nothing.
 */
import {
  Endpoint,
  type EndpointOptions,
  type RequestOptions,
  RequestSide,
  type ServerSession,
  type SessionOptions,
} from "holdfast/core";

/** Which way messages go: from the client to the server, or back. */
export type Way = "up" | "down";

export interface PairOptions {
  readonly session?: Partial<SessionOptions>;
  /** Of each exchange, lost on either leg in equal shares; the client sees an error. */
  readonly loss?: number;
  /** Messages that each receiver keeps back before it says that it is done with the oldest. */
  readonly lag?: number;
  /** Channels beside channel 0, opened by the client; all messages go on them. */
  readonly channels?: number;
  /** They only stand open: all messages go on channel 0. */
  readonly areChannelsIdle?: boolean;
  /** Looks at what is delivered, as an application would. */
  readonly look?: (way: Way, channel: number, payloads: readonly Uint8Array[]) => void;
}

/** Windows wide enough for a hundred thousand messages of 1 KiB; all else as by default. */
const WIDE: Partial<SessionOptions> = {
  windowMessages: 1 << 20,
  windowBytes: 1 << 29,
  silenceLimitMs: 80_000_000,
};

const ORIGIN = { address: "192.0.2.1", principal: "" };

export class Pair {
  readonly client: RequestSide;
  readonly server: Endpoint;
  readonly session: ServerSession;
  readonly channels: number[] = [];
  readonly count: Record<Way, { sent: number; delivered: number; bytes: number }> = {
    up: { sent: 0, delivered: 0, bytes: 0 },
    down: { sent: 0, delivered: 0, bytes: 0 },
  };
  exchanges = 0;
  lost = 0;
  private readonly loss: number;
  private readonly lag: number;
  private readonly look: PairOptions["look"];
  private nowMs = 1_000;
  private random = 0x2545_f491;
  private opened: ServerSession | undefined = undefined;
  private clientWakesAtMs = 0;
  private serverWakesAtMs = 0;
  /** Requests on their way, and exchanges by the server's handle. */
  private requests: { exchange: number; body: Uint8Array }[] = [];
  private handles: number[] = [];
  private handlesTaken = 0;

  constructor(options: PairOptions = {}) {
    this.loss = options.loss ?? 0;
    this.lag = options.lag ?? 0;
    this.look = options.look;
    const explicit = { hold: "consumed", consume: "explicit" } as const;
    const session = { ...WIDE, ...(this.lag > 0 ? explicit : {}), ...options.session };
    const request: Partial<RequestOptions> = session;
    // Nothing is sent before the session is open, so limits may be below the initial grant.
    const park: Partial<EndpointOptions> = { ...session, earlyMessages: false };
    const secrets = Uint8Array.from({ length: 32 }, (_, at) => at * 7 + 1);
    this.client = new RequestSide(
      this.nowMs,
      { nonce: secrets.subarray(0, 16), secret: secrets.subarray(16) },
      request,
    );
    this.server = new Endpoint(this.nowMs, park);
    while (this.client.state !== "open") this.step();
    if (this.opened === undefined) throw new Error("no session was opened");
    this.session = this.opened;
    const label = new Uint8Array(0);
    for (let at = 0; at < (options.channels ?? 0); at++) {
      const channel = this.client.openChannel(this.nowMs, label);
      if (options.areChannelsIdle !== true) this.channels.push(channel);
      if (at % 200 === 199) this.settle();
    }
    this.settle();
  }

  /** Accepts messages on channel 0, or by turns on all the channels that were opened. */
  send(way: Way, payloads: readonly Uint8Array[]): void {
    const { channels, nowMs } = this;
    const side = way === "up" ? this.client : this.session.side;
    if (channels.length === 0) {
      for (let at = 0; at < payloads.length; at++) side.send(nowMs, payloads[at] as Uint8Array);
    } else {
      let next = 0;
      for (let at = 0; at < payloads.length; at++) {
        side.send(nowMs, payloads[at] as Uint8Array, channels[next] as number);
        if (++next === channels.length) next = 0;
      }
    }
    if (way === "down") this.server.touch(this.session);
    this.count[way].sent += payloads.length;
  }

  /** Goes on until all is delivered and, where receivers keep nothing back, released. */
  settle(): void {
    while (!this.isSettled) this.step();
  }

  /** Throws unless every message that was sent was delivered once, with this many bytes. */
  verify(way: Way, bytesEach: number): void {
    const { sent, delivered, bytes } = this.count[way];
    if (sent !== delivered || bytes !== sent * bytesEach) {
      throw new Error(`${way}: ${sent} sent, ${delivered} delivered, ${bytes} bytes`);
    }
  }

  private get isSettled(): boolean {
    const { up, down } = this.count;
    if (up.delivered < up.sent || down.delivered < down.sent) return false;
    if (this.requests.length > 0) return false;
    return this.lag > 0 || (this.client.isFlushed && this.session.side.isFlushed);
  }

  /** One tick of both sides; the clock moves on when neither has anything to do now. */
  private step(): void {
    this.drainClient();
    this.drainServer();
    const nextMs = Math.min(this.clientWakesAtMs, this.serverWakesAtMs);
    if (this.requests.length === 0 && nextMs > this.nowMs) this.nowMs = nextMs;
    this.client.handleTimeout(this.nowMs);
    this.drainClient();
    for (let request = this.requests.shift(); request; request = this.requests.shift()) {
      this.exchanges++;
      if (this.isLost()) {
        this.client.handleFailure(this.nowMs, request.exchange);
        continue;
      }
      this.handles[this.handlesTaken & 1023] = request.exchange;
      this.server.handleRequest(this.nowMs, this.handlesTaken++, request.body, ORIGIN);
    }
    this.drainServer();
    this.server.handleTimeout(this.nowMs);
    this.drainServer();
  }

  private drainClient(): void {
    let output = this.client.poll();
    for (; output.kind !== "timeout"; output = this.client.poll()) {
      if (output.kind === "request") this.requests.push(output);
      else if (output.kind === "deliver") this.take("down", output.channel, output.payloads);
      else if (output.kind === "ended") throw new Error(`client ended: ${output.reason}`);
    }
    this.clientWakesAtMs = output.atMs;
  }

  private drainServer(): void {
    let output = this.server.poll();
    for (; output.kind !== "timeout"; output = this.server.poll()) {
      if (output.kind === "respond") {
        const exchange = this.handles[output.handle & 1023] as number;
        if (this.isLost()) this.client.handleFailure(this.nowMs, exchange);
        else this.client.handleAnswer(this.nowMs, exchange, output.body);
      } else if (output.kind === "session") {
        this.opened = output.session;
        const { output: inner } = output;
        if (inner.kind === "deliver") this.take("up", inner.channel, inner.payloads);
        else if (inner.kind === "ended") throw new Error(`server ended: ${inner.reason}`);
      }
    }
    this.serverWakesAtMs = output.atMs;
  }

  /** The application of the benchmark: counts, and consumes what lies behind its lag. */
  private take(way: Way, channel: number, payloads: readonly Uint8Array[]): void {
    const count = this.count[way];
    for (let at = 0; at < payloads.length; at++) {
      count.bytes += (payloads[at] as Uint8Array).length;
    }
    this.look?.(way, channel, payloads);
    const before = count.delivered;
    count.delivered += payloads.length;
    if (this.lag === 0) return;
    const done = Math.max(0, count.delivered - this.lag) - Math.max(0, before - this.lag);
    if (done === 0) return;
    if (way === "down") {
      this.client.consume(this.nowMs, channel, done);
    } else {
      this.session.side.consume(this.nowMs, channel, done);
      this.server.touch(this.session);
    }
  }

  /** Half of the loss falls on either leg; the same sequence in every run (xorshift). */
  private isLost(): boolean {
    if (this.loss === 0) return false;
    this.random ^= this.random << 13;
    this.random ^= this.random >>> 17;
    this.random ^= this.random << 5;
    const isLost = (this.random >>> 0) / 2 ** 32 < 1 - Math.sqrt(1 - this.loss);
    if (isLost) this.lost++;
    return isLost;
  }
}

/** So many payloads, each with memory of its own and different bytes. */
export function makePayloads(count: number, bytes: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < count; at++) {
    const payload = new Uint8Array(bytes);
    payload[0] = at;
    payload[1] = at >>> 8;
    payloads.push(payload);
  }
  return payloads;
}
