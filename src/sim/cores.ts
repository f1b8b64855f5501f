/**
 * The two cores of a pair, each with its clock. An event goes in, its tick ends, and what the core
 * wants done comes out: a reaction. Nothing here knows what is between the two.
 */
import {
  type ApplicationOutput,
  Endpoint,
  type FailureKind,
  LiteralRequestSide,
  type ParkSide,
  type PipeOutput,
  type RequestOutput,
  RequestSide,
  type RespondOutput,
  type ServerSession,
  type Verdict,
} from "../core/index.ts";
import { BrokenPromise, type Command, type SideName, SIDES } from "./applications.ts";
import { checkPairOptions, type PairOptions } from "./pair-options.ts";

/** What a core is told. */
export type CoreEvent =
  | { readonly kind: "start" }
  | { readonly kind: "request"; readonly handle: number; readonly body: Uint8Array }
  | { readonly kind: "answer"; readonly exchange: number; readonly body: Uint8Array }
  | { readonly kind: "failure"; readonly exchange: number; readonly how: FailureKind }
  | { readonly kind: "gone"; readonly handle: number }
  | { readonly kind: "verdict"; readonly session: ServerSession; readonly verdict: Verdict }
  | { readonly kind: "drain"; readonly pauseMinMs: number; readonly pauseMaxMs: number }
  | { readonly kind: "timeout" }
  | { readonly kind: "command"; readonly command: Command; readonly payload: Uint8Array }
  | { readonly kind: "consume"; readonly channel: number; readonly count: number }
  | { readonly kind: "wake" }
  | { readonly kind: "reload"; readonly seed: number }
  | { readonly kind: "open-pipe" }
  | { readonly kind: "offer-pipe"; readonly ticket: Uint8Array }
  | { readonly kind: "pipe-down"; readonly link: number; readonly body: Uint8Array }
  | { readonly kind: "pipe-closed"; readonly link: number }
  | PipeEvent;

/** What a server's core is told of a pipe. */
export type PipeEvent =
  | {
      readonly kind: "pipe-up";
      readonly handle: number;
      readonly isFirst: boolean;
      readonly body: Uint8Array;
    }
  | { readonly kind: "stream"; readonly handle: number; readonly ticket: Uint8Array }
  | { readonly kind: "pipe-gone"; readonly handle: number }
  | { readonly kind: "retire"; readonly handle: number };

/** What a core wants done, or its application to know. */
export type CoreOutput = RequestOutput | RespondOutput | PipeOutput | ApplicationOutput;

/** What a core did when it was told something. */
export interface Reaction {
  /** In the order in which they came. */
  readonly outputs: readonly CoreOutput[];
  /** What a command returned. */
  readonly result: boolean | number;
}

/** A side that asks to be woken now again and again is stuck: bound of ticks without a pause. */
const TICKS_MAX = 100;
/** Armed with nothing to say. */
const IDLE_TIMERS: readonly string[] = ["exchange", "hold", "silence", "tombstone"];
/** The same of a side with a pipe: what it says now and then, and when it takes it for dead. */
const PIPE_TIMERS: readonly string[] = ["transmit", "pipe"];
const ORIGIN = { address: "client", principal: "" };
/** A favourable verdict on an opening. */
export const WELCOME: Verdict = { accepted: true, principal: "" };
const SERVER_CLOCK_START_MS = 1_000_000;

/** The cores, their clocks, and when they want to be woken. */
export class Cores {
  /** The client's core; another one after a reload. */
  client: RequestSide;
  /** The server's core. */
  server: Endpoint;
  /** The server's side of the session, once a request has arrived. */
  session: ServerSession | undefined = undefined;
  /** What time it is at each side, in milliseconds. */
  readonly clocks: Record<SideName, number>;
  /** When each side wants to be woken, and by which timer. */
  readonly wakeAt: Record<SideName, { atMs: number; timer: string }>;
  /** Who judges openings, and returns undefined to say it later; without one all are welcome. */
  judging: ((session: ServerSession) => Verdict | undefined) | undefined = undefined;
  /** What the cores were made with. */
  readonly options: PairOptions;

  /** Neither has done anything yet. */
  constructor(options: PairOptions) {
    checkPairOptions(options);
    this.options = options;
    const { client = 0, server = SERVER_CLOCK_START_MS } = options.clocksStartMs ?? {};
    this.clocks = { client, server };
    this.wakeAt = {
      client: { atMs: client, timer: "transmit" },
      server: { atMs: Infinity, timer: "none" },
    };
    const credentials = { nonce: new Uint8Array(16).fill(7), secret: new Uint8Array(16).fill(9) };
    this.client = new this.clientClass(this.clocks.client, credentials, options.client);
    this.server = new Endpoint(this.clocks.server, options.server);
  }

  /** The server has no other sessions. */
  get isAlone(): boolean {
    return true;
  }

  /** Nothing is going to move but what renews the parked request. */
  get isIdle(): boolean {
    return SIDES.every((side) => {
      const { atMs, timer } = this.wakeAt[side];
      const isLeftOut = this.options.timersExcluded?.includes(timer) === true;
      if (atMs === Infinity || isLeftOut || IDLE_TIMERS.includes(timer)) return true;
      const hasPipe = (this.half(side)?.pipes.size ?? 0) > 0;
      return hasPipe && atMs > this.clocks[side] && PIPE_TIMERS.includes(timer);
    });
  }

  /** When a side's next timer fires, by its clock. */
  wakeMs(side: SideName): number {
    const { clockStepMs = 1 } = this.options;
    return Math.ceil(this.wakeAt[side].atMs / clockStepMs) * clockStepMs;
  }

  /** How long that is from now. */
  remainingMs(side: SideName): number {
    return this.wakeMs(side) - this.clocks[side];
  }

  /** One side's half of the session; undefined before the server has one. */
  half(side: SideName): RequestSide | ParkSide | undefined {
    return side === "client" ? this.client : this.session?.side;
  }

  /** The core itself reacts: it is told, and its tick ends, or it is only drained. */
  runCore(side: SideName, event: CoreEvent): Reaction {
    const result = this.tell(side, event);
    const outputs: CoreOutput[] = [];
    this.drain(side, outputs);
    if (this.options.eagerTicks === false && event.kind !== "start") return { outputs, result };
    for (let ticks = 0; this.wakeAt[side].atMs <= this.clocks[side]; ticks++) {
      if (ticks === TICKS_MAX) throw new BrokenPromise(`6: ${side} wants to be woken without end`);
      this.tick(side);
      this.drain(side, outputs);
    }
    return { outputs, result };
  }

  private tell(side: SideName, event: CoreEvent): boolean | number {
    const nowMs = this.clocks[side];
    switch (event.kind) {
      case "start":
        return true;
      case "request":
        this.server.handleRequest(nowMs, event.handle, event.body, ORIGIN);
        return true;
      case "answer":
        this.client.handleAnswer(nowMs, event.exchange, event.body);
        return true;
      case "failure":
        this.client.handleFailure(nowMs, event.exchange, event.how);
        return true;
      case "gone":
        return this.loseConnection(event.handle);
      case "drain":
        this.server.drain(nowMs, event.pauseMinMs, event.pauseMaxMs);
        return true;
      case "verdict":
        this.server.handleVerdict(nowMs, event.session, event.verdict);
        return true;
      case "timeout":
        this.tick(side);
        return true;
      case "wake":
        this.client.handleWake(nowMs);
        return true;
      case "reload":
        this.client = this.clientClass.resume(nowMs, this.client.save(nowMs), event.seed);
        return true;
      case "command":
        try {
          return this.order(side, event.command, event.payload);
        } finally {
          // One that is refused too: time has passed for the session.
          this.touch(side);
        }
      case "consume":
        this.half(side)?.consume(nowMs, event.channel, event.count);
        this.touch(side);
        return true;
      case "open-pipe":
        return this.client.openPipe(nowMs);
      case "offer-pipe":
        return this.client.offerPipe(nowMs, event.ticket);
      case "pipe-down":
        this.client.handlePipeBody(nowMs, event.link, event.body);
        return true;
      case "pipe-closed":
        this.client.handlePipeClosed(nowMs, event.link);
        return true;
      default:
        return this.tellOfPipe(nowMs, event);
    }
  }

  /** False: no session has this stream. */
  private tellOfPipe(nowMs: number, event: PipeEvent): boolean {
    const { server } = this;
    const { handle } = event;
    if (event.kind === "stream") {
      return server.handleStream(nowMs, handle, event.ticket) !== undefined;
    }
    const session = this.sessionOfPipe(handle);
    if (event.kind === "pipe-up" && event.isFirst) {
      server.handlePipe(nowMs, handle, event.body, ORIGIN);
    } else if (session !== undefined) {
      if (event.kind === "pipe-up") server.handlePipeBody(nowMs, session, handle, event.body);
      else if (event.kind === "pipe-gone") server.handlePipeGone(nowMs, session, handle);
      else server.retirePipe(nowMs, session, handle);
    }
    return true;
  }

  /** The session that has a pipe, whichever it is. */
  private sessionOfPipe(handle: number): ServerSession | undefined {
    for (const session of this.server.sessions.values()) {
      for (const pipe of session.side.pipes.values()) if (pipe.handle === handle) return session;
    }
    return undefined;
  }

  /** Of whichever session holds it; what is answered is nobody's, and is told all the same. */
  private loseConnection(handle: number): boolean {
    let session = this.session;
    for (const each of this.server.sessions.values()) {
      if (each.side.parked.some((parked) => parked.handle === handle)) session = each;
    }
    if (session !== undefined) this.server.handleGone(session, handle);
    return true;
  }

  private touch(side: SideName): void {
    if (side === "server" && this.session !== undefined) this.server.touch(this.session);
  }

  protected get clientClass(): typeof RequestSide {
    return this.options.client?.literal === undefined ? RequestSide : LiteralRequestSide;
  }

  private order(side: SideName, command: Command, payload: Uint8Array): boolean | number {
    const half = this.half(side);
    if (half === undefined) throw new Error("the server has no session yet");
    const nowMs = this.clocks[side];
    switch (command.kind) {
      case "send":
        return half.send(nowMs, payload, command.channel ?? 0, command.key);
      case "open": {
        const { mode, ttlMs = Infinity } = command;
        return half.openChannel(nowMs, Uint8Array.of(1, 2, 3), { mode, ttlMs });
      }
      case "finish":
        half.finishChannel(nowMs, command.channel);
        return true;
      case "reset":
        half.resetChannel(nowMs, command.channel, 1);
        return true;
      case "close":
        half.close(nowMs);
        return true;
      case "abort":
        half.abort(nowMs);
        return true;
    }
  }

  private tick(side: SideName): void {
    if (side === "client") this.client.handleTimeout(this.clocks.client);
    else this.server.handleTimeout(this.clocks.server);
  }

  private drain(side: SideName, outputs: CoreOutput[]): void {
    if (side === "client") this.drainClient(outputs);
    else this.drainServer(outputs);
  }

  private drainClient(outputs: CoreOutput[]): void {
    for (;;) {
      const output = this.client.poll();
      if (output.kind === "timeout") {
        this.wakeAt.client = { atMs: output.atMs, timer: output.timer };
        return;
      }
      outputs.push(output);
    }
  }

  private drainServer(outputs: CoreOutput[]): void {
    for (;;) {
      const output = this.server.poll();
      if (output.kind === "timeout") {
        const timer = this.session === undefined ? output.timer : this.sessionTimer(output.timer);
        this.wakeAt.server = { atMs: output.atMs, timer };
        return;
      }
      if (output.kind === "respond" || isOfPipe(output)) {
        outputs.push(output);
      } else if (output.kind === "session") {
        this.meet(output.session);
        if (this.session === output.session) outputs.push(output.output);
        else this.handleForeign(output.session, output.output);
      } else {
        this.meet(output.session);
        const { judging } = this;
        const verdict = judging === undefined ? WELCOME : judging(output.session);
        if (verdict === undefined) continue;
        this.server.handleVerdict(this.clocks.server, output.session, verdict);
      }
    }
  }

  /** The server tells of a session: the first one is that of the client. */
  protected meet(session: ServerSession): void {
    this.session ??= session;
  }

  /** The application of another session is told something. */
  protected handleForeign({ id }: ServerSession, { kind }: ApplicationOutput): void {
    throw new BrokenPromise(`1: a second session was opened by the same client: ${kind} ${id}`);
  }

  /** The name of the session's own timer: the endpoint knows only when. */
  private sessionTimer(timer: string): string {
    const side = this.session?.side;
    if (side === undefined || side.state === "ended" || timer === "tombstone") return timer;
    const output = side.poll();
    if (output.kind !== "timeout") throw new Error("the endpoint left a session undrained");
    return output.timer;
  }
}

function isOfPipe(output: { readonly kind: string }): output is PipeOutput {
  return output.kind === "transmit" || output.kind === "hang-up";
}
