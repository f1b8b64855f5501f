// A client and a server of the real core, driven by hand: what is sent, arrives and is told is
// written down, and becomes a story of spec/vectors/stories.json. Nothing happens by itself but what
// the cores want to send at the present time.

import { Endpoint, type ServerSession } from "../../src/core/endpoint.ts";
import type { EndpointOptions } from "../../src/core/options.ts";
import { assert } from "../../src/core/errors.ts";
import type { RequestOptions } from "../../src/core/options.ts";
import type { ApplicationOutput } from "../../src/core/outputs.ts";
import type { ParkSide } from "../../src/core/park-side.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { readStreamName } from "../../src/core/stream-name.ts";
import { toHex } from "./hex.ts";

export type Who = "client" | "server";

/** One line of a story. `body` numbers the bodies of a story in the order of their sending. */
export type Step =
  | { readonly atMs: number; readonly who: Who; readonly does: string }
  | {
      readonly atMs: number;
      readonly who: Who;
      readonly sends: number;
      /** The link of the pipe that it leaves on; left out: the body of an exchange. */
      readonly pipe?: number;
      readonly bytes: string;
    }
  | { readonly atMs: number; readonly who: Who; readonly gets: number; readonly bytes?: string }
  | { readonly atMs: number; readonly who: Who; readonly misses: number }
  | { readonly atMs: number; readonly who: Who; readonly tells: object };

export const storyNonce: Uint8Array = Uint8Array.from({ length: 16 }, (_, k) => 0xa0 + k);
export const storySecret: Uint8Array = Uint8Array.from({ length: 16 }, (_, k) => 0x50 + k);

interface SentBody {
  readonly from: Who;
  /** 0 on a pipe. */
  readonly exchange: number;
  /** The link; 0: the body of an exchange. */
  readonly pipe: number;
  readonly bytes: Uint8Array;
  /** Whose exchange or pipe it is. */
  readonly client: RequestSide;
}

/** The server's numbers for pipes: their links behind this, apart from those of requests. */
const PIPE_HANDLES = 1_000_000;

const NOBODY = { address: "", principal: "" };

export class Stage {
  nowMs = 0;
  readonly steps: Step[] = [];
  readonly bodies: SentBody[] = [];
  client: RequestSide;
  endpoint: Endpoint;
  session: ServerSession | undefined = undefined;
  /** Whose each pipe is, by its link, once its first body or its ticket has come. */
  private readonly pipes: Map<number, ServerSession> = new Map();
  /** Pipes whose streams the server names, before their names have come. */
  private readonly unnamed: Set<number> = new Set();

  constructor(client: Partial<RequestOptions> = {}, server: Partial<EndpointOptions> = {}) {
    const credentials = { nonce: storyNonce, secret: storySecret };
    const Side = client.literal === undefined ? RequestSide : LiteralRequestSide;
    this.client = new Side(0, credentials, client);
    this.endpoint = new Endpoint(0, server);
  }

  /** The number of the body that was sent last. */
  get last(): number {
    return this.bodies.length;
  }

  /** The server's half of the session. */
  get side(): ParkSide {
    assert(this.session !== undefined, "no session yet");
    return this.session.side;
  }

  /** Time passes; timers fire once, at its end. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.tick();
  }

  clientDoes(does: string, act: (client: RequestSide, nowMs: number) => void): void {
    this.steps.push({ atMs: this.nowMs, who: "client", does });
    act(this.client, this.nowMs);
    this.tick();
  }

  serverDoes(does: string, act: (side: ParkSide, nowMs: number) => void): void {
    this.steps.push({ atMs: this.nowMs, who: "server", does });
    act(this.side, this.nowMs);
    this.endpoint.touch(this.session as ServerSession);
    this.tick();
  }

  /** A client goes on from saved state; what it replaces is not asked any more. */
  replaceClient(does: string, client: RequestSide): void {
    this.steps.push({ atMs: this.nowMs, who: "client", does });
    this.client = client;
    this.tick();
  }

  /** The server starts again, without any memory. */
  restartServer(does: string): void {
    this.does("server", does);
    this.endpoint = new Endpoint(this.nowMs);
    this.session = undefined;
  }

  /** A body arrives: whole, or as other bytes. */
  arrive(number: number, bytes?: Uint8Array): void {
    const { from, exchange, pipe, bytes: sent, client } = this.body(number);
    const who = from === "client" ? "server" : "client";
    const changed = bytes === undefined ? {} : { bytes: toHex(bytes) };
    this.steps.push({ atMs: this.nowMs, who, gets: number, ...changed });
    const got = (bytes ?? sent).slice();
    if (pipe !== 0) this.arriveOnPipe(who, pipe, got, client);
    else if (who === "client") client.handleAnswer(this.nowMs, exchange, got);
    else this.endpoint.handleRequest(this.nowMs, number, got, NOBODY);
    this.drainClient(client);
    this.tick();
  }

  private arriveOnPipe(who: Who, link: number, bytes: Uint8Array, client: RequestSide): void {
    const handle = PIPE_HANDLES + link;
    const session = this.pipes.get(link);
    if (who === "client" && this.unnamed.delete(link)) {
      client.takeStream(this.nowMs, readStreamName(bytes));
    } else if (who === "client") client.handlePipeBody(this.nowMs, link, bytes);
    else if (session !== undefined) {
      this.endpoint.handlePipeBody(this.nowMs, session, handle, bytes);
    } else {
      const owner = this.endpoint.handlePipe(this.nowMs, handle, bytes, NOBODY);
      assert(owner !== undefined, "the pipe was refused");
      this.pipes.set(link, owner);
    }
  }

  /** The client shows the ticket of a stream that it has offered. */
  askForStream(does: string, link: number, ticket: Uint8Array): void {
    this.does("client", does);
    const session = this.endpoint.handleStream(this.nowMs, PIPE_HANDLES + link, ticket);
    assert(session !== undefined, "nobody has offered the stream");
    this.pipes.set(link, session);
    this.tick();
  }

  /** The client asks for a stream that the server names; it will be this pipe. */
  askForNewStream(does: string, link: number, name: Uint8Array): void {
    this.does("client", does);
    this.unnamed.add(link);
    assert(this.endpoint.nameStream(this.nowMs, PIPE_HANDLES + link, name), "no room for a stream");
    // The client has nothing to say before the name has come.
    this.drain();
  }

  /** The connection of a pipe ends, and both sides hear of it. */
  cut(link: number): void {
    this.does("client", `hears that pipe ${link} was cut`);
    this.client.handlePipeClosed(this.nowMs, link);
    this.does("server", `hears that pipe ${link} was cut`);
    const session = this.pipes.get(link) as ServerSession;
    this.endpoint.handlePipeGone(this.nowMs, session, PIPE_HANDLES + link);
    this.tick();
  }

  /** Another server than ours answers. */
  answerFrom(does: string, request: number, bytes: Uint8Array): void {
    const { exchange, client } = this.body(request);
    this.does("server", does);
    this.send({ from: "server", exchange, pipe: 0, bytes, client });
  }

  /** The client learns that the exchange of this body failed; the body arrived nowhere. */
  fail(number: number): void {
    this.steps.push({ atMs: this.nowMs, who: "client", misses: number });
    this.client.handleFailure(this.nowMs, this.body(number).exchange);
    this.tick();
  }

  /** The bodies that were sent since `from`, each arriving in turn, until nothing is sent. */
  arriveAll(from: number): void {
    for (let number = from; number <= this.last; number += 1) {
      assert(number < from + 40, "the two sides never come to rest");
      this.arrive(number);
    }
  }

  /** Both sides send what they want to send now. */
  tick(): void {
    this.drain();
    this.client.handleTimeout(this.nowMs);
    this.drain();
    this.endpoint.handleTimeout(this.nowMs);
    this.drain();
  }

  private body(number: number): SentBody {
    const body = this.bodies[number - 1];
    assert(body !== undefined, "no such body");
    return body;
  }

  private drainClient(client: RequestSide): void {
    for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
      if (out.kind === "request") {
        const { exchange, body: bytes } = out;
        this.send({ from: "client", exchange, pipe: 0, bytes, client });
      } else if (out.kind === "transmit") {
        this.send({ from: "client", exchange: 0, pipe: out.handle, bytes: out.body, client });
      } else if (out.kind === "abort") this.does("client", `gives up exchange ${out.exchange}`);
      else if (out.kind === "hang-up") this.does("client", `hangs up pipe ${out.handle}`);
      else this.tell("client", out);
    }
  }

  private drain(): void {
    this.drainClient(this.client);
    for (let out = this.endpoint.poll(); out.kind !== "timeout"; out = this.endpoint.poll()) {
      if (out.kind === "respond") {
        const { exchange, client } = this.body(out.handle);
        this.send({ from: "server", exchange, pipe: 0, bytes: out.body, client });
      } else if (out.kind === "transmit") {
        const { client } = this;
        const pipe = out.handle - PIPE_HANDLES;
        this.send({ from: "server", exchange: 0, pipe, bytes: out.body, client });
      } else if (out.kind === "hang-up") {
        this.does("server", `hangs up pipe ${out.handle - PIPE_HANDLES}`);
      } else if (out.kind === "stream-taken") {
        this.pipes.set(out.handle - PIPE_HANDLES, out.session);
      } else if (out.kind === "authenticate" || out.kind === "session") {
        this.session = out.session;
        if (out.kind === "session") this.tell("server", out.output);
      }
    }
    if (this.session === undefined) {
      for (const session of this.endpoint.sessions.values()) this.session = session;
    }
  }

  private does(who: Who, does: string): void {
    this.steps.push({ atMs: this.nowMs, who, does });
  }

  private send(body: SentBody): void {
    this.bodies.push(body);
    const { from: who, pipe } = body;
    const on = pipe === 0 ? {} : { pipe };
    const bytes = toHex(body.bytes);
    this.steps.push({ atMs: this.nowMs, who, sends: this.last, ...on, bytes });
  }

  private tell(who: Who, output: ApplicationOutput): void {
    const text = JSON.stringify(output, (_key, field: unknown) =>
      field instanceof Uint8Array ? toHex(field) : field,
    );
    this.steps.push({ atMs: this.nowMs, who, tells: JSON.parse(text) as object });
  }
}
