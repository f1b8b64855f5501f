// Both cores with requests and pipes between them, on a virtual clock: each way takes a time, pipes
// keep their order, and whatever a test wants to break can be broken.

import {
  Endpoint,
  readStreamName,
  type EndpointOptions,
  type EndpointOutput,
  RequestSide,
  type RequestOptions,
  type RequestOutput,
  type ServerSession,
} from "../../src/core/index.ts";
import type { ApplicationOutput, TimeoutOutput } from "../../src/core/outputs.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import type { Body } from "../../src/core/body.ts";
import { bytesOf, NONCE, SECRET } from "./scripted-server.ts";

/** A pipe between the two. */
export interface Line {
  readonly handle: number;
  /** 0 while the server has named the stream and nobody has taken it. */
  link: number;
  /** Whose it is: after a resumption, perhaps another one than the present. */
  readonly client: RequestSide;
  session: ServerSession | undefined;
  isUp: boolean;
  /** A way on which bodies are lost without a word. */
  deaf: { up: boolean; down: boolean };
  /** Bodies that come down are held until so many are there; 1: none is held. */
  heldBack: number;
  held: Uint8Array[];
  /** When what left last arrives: nothing overtakes it. */
  readonly arrivesAtMs: { up: number; down: number };
}

/** What has crossed, for looking at. */
export interface Crossing {
  readonly atMs: number;
  readonly by: "request" | "answer" | "pipe up" | "pipe down";
  readonly body: Body;
  readonly bytes: number;
  /** What it says whose it is. */
  readonly name: Uint8Array | undefined;
}

export class Linked {
  nowMs = 0;
  latencyMs = 10;
  client: RequestSide;
  readonly endpoint: Endpoint;
  readonly lines: Line[] = [];
  readonly crossings: Crossing[] = [];
  readonly told: { client: ApplicationOutput[]; server: ApplicationOutput[] } = {
    client: [],
    server: [],
  };
  readonly received: { client: string[]; server: string[] } = { client: [], server: [] };
  /** Requests are answered by nobody while it is true. */
  arePollsLost = false;
  /** They fail after a round trip while it is true. */
  doPollsFail = false;
  /** What is done for a client that wants a pipe: it gets one after a round trip, or none. */
  wanted: "socket" | "stream" | "nothing" = "nothing";
  /** For tests that count what they send. */
  readonly sent: { client: number; server: number } = { client: 0, server: 0 };
  session: ServerSession | undefined;
  /** That the client's next socket shows. */
  ticket: Uint8Array = bytesOf("the next socket!");
  private readonly due: { readonly atMs: number; readonly order: number; run: () => void }[] = [];
  private readonly exchanges: Map<number, number> = new Map();
  private next = 1;
  private order = 0;
  private timeouts: { client: number; server: number } = { client: 0, server: 0 };

  constructor(
    client: Partial<RequestOptions> = {},
    server: Partial<EndpointOptions> = {},
    side?: RequestSide,
  ) {
    this.client = side ?? new RequestSide(0, { nonce: NONCE, secret: SECRET }, client);
    this.endpoint = new Endpoint(0, server);
    this.drain();
  }

  /** A socket, which opens after a round trip. Returns its number here, from 0. */
  openSocket(): number {
    const at = this.lines.length;
    const { announcedLink } = this.client;
    const link = this.client.openPipe(this.nowMs, undefined, announcedLink);
    const line = newLine(this.next++, link, this.client);
    this.lines.push(line);
    if (announcedLink !== undefined) {
      line.session = this.endpoint.handleAnnounced(this.nowMs, line.handle, this.ticket);
    }
    this.drain();
    return at;
  }

  /** The client tells of its next socket. */
  announce(): void {
    this.perform(() => this.client.announcePipe(this.nowMs, this.ticket));
  }

  /** A stream: its ticket is offered, and shown once a request has been answered after it. */
  openStream(afterMs = 4 * this.latencyMs): number {
    const at = this.lines.length;
    const ticket = bytesOf(`ticket number ${at}`.padEnd(16, "."));
    const line = newLine(this.next++, this.client.offerPipe(this.nowMs, ticket), this.client);
    this.lines.push(line);
    this.drain();
    this.later(afterMs, () => {
      if (!line.isUp) return;
      line.session = this.endpoint.handleStream(this.nowMs, line.handle, ticket);
      if (line.session === undefined) this.close(line);
    });
    return at;
  }

  /** A stream that the server names. Its client takes it when the name has come. */
  openNamedStream(): number {
    const at = this.lines.length;
    const line = newLine(this.next++, 0, this.client);
    this.lines.push(line);
    const name = bytesOf(`name number ${at}`.padEnd(16, "."));
    if (!this.endpoint.nameStream(this.nowMs, line.handle, name)) line.isUp = false;
    this.drain();
    return at;
  }

  /** Both ends hear that the connection has gone. */
  cut(at: number): void {
    this.close(this.lines[at] as Line);
    this.drain();
  }

  /** One end hears that the connection has gone; for the other one it has fallen silent. */
  breakFor(line: Line, side: "client" | "server"): void {
    line.deaf = { up: true, down: true };
    if (side === "client") line.client.handlePipeClosed(this.nowMs, line.link);
    else if (line.session !== undefined) {
      this.endpoint.handlePipeGone(this.nowMs, line.session, line.handle);
    }
    this.drain();
  }

  /** The client is saved and goes on elsewhere; its connections end. */
  resume(seed: number): void {
    const saved = this.client.save(this.nowMs);
    this.drain();
    for (const line of this.lines) this.close(line);
    this.exchanges.clear();
    this.client = RequestSide.resume(this.nowMs, saved, seed);
    this.drain();
  }

  /** What a side was told to do, and whatever follows. */
  perform(run: () => void): void {
    run();
    if (this.session !== undefined) this.endpoint.touch(this.session);
    this.drain();
  }

  send(side: "client" | "server", ...texts: readonly string[]): void {
    for (const text of texts) {
      if (side === "client") this.client.send(this.nowMs, bytesOf(text));
      else this.served.side.send(this.nowMs, bytesOf(text));
    }
    if (side === "server") this.endpoint.touch(this.served);
    this.drain();
  }

  get served(): ServerSession {
    if (this.session === undefined) throw new Error("no session has opened");
    return this.session;
  }

  /** Until nothing is due for so long. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (let turns = 0; turns < 100_000; turns++) {
      const atMs = Math.min(this.due[0]?.atMs ?? Infinity, ...Object.values(this.timeouts));
      if (atMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.nowMs = Math.max(this.nowMs, atMs);
      while (this.due[0] !== undefined && this.due[0].atMs <= this.nowMs) {
        this.due.shift()?.run();
        this.drain();
      }
      if (this.timeouts.client <= this.nowMs) this.client.handleTimeout(this.nowMs);
      if (this.timeouts.server <= this.nowMs) this.endpoint.handleTimeout(this.nowMs);
      this.drain();
    }
    throw new Error("it never comes to rest");
  }

  /** What has crossed since then, by kind. */
  count(by: Crossing["by"], sinceMs = 0): number {
    return this.crossings.filter((each) => each.by === by && each.atMs >= sinceMs).length;
  }

  private later(afterMs: number, run: () => void): void {
    this.due.push({ atMs: this.nowMs + afterMs, order: this.order++, run });
    this.due.sort((left, right) => left.atMs - right.atMs || left.order - right.order);
  }

  /** On a line nothing overtakes what left before it. */
  private laterOn(line: Line, way: "up" | "down", run: () => void): void {
    const atMs = Math.max(this.nowMs + this.latencyMs, line.arrivesAtMs[way]);
    line.arrivesAtMs[way] = atMs;
    this.later(atMs - this.nowMs, run);
  }

  private drain(): void {
    for (let output = this.client.poll(); ; output = this.client.poll()) {
      if (output.kind === "timeout") {
        this.timeouts.client = output.atMs;
        break;
      }
      this.doForClient(output);
    }
    for (let output = this.endpoint.poll(); ; output = this.endpoint.poll()) {
      if (output.kind === "timeout") {
        this.timeouts.server = output.atMs;
        break;
      }
      this.doForServer(output);
    }
  }

  private doForClient(output: Exclude<ReturnType<RequestSide["poll"]>, TimeoutOutput>): void {
    if (output.kind === "request") this.carry(output);
    else if (output.kind === "pipe-wanted") {
      this.note("client", output);
      const { client } = this;
      this.later(this.wanted === "stream" ? 0 : 2 * this.latencyMs, () => this.seek(client));
    } else if (output.kind === "transmit") {
      this.carryUp(this.lineOf("link", output.handle), output.body);
    } else if (output.kind === "hang-up") {
      const line = this.lineOf("link", output.handle);
      this.laterOn(line, "up", () => this.close(line, "client"));
    } else if (output.kind === "abort") this.exchanges.delete(output.exchange);
    else this.note("client", output);
  }

  private doForServer(output: Exclude<EndpointOutput, TimeoutOutput>): void {
    if (output.kind === "respond") this.answer(output.handle, output.body);
    else if (output.kind === "transmit") {
      this.carryDown(this.lineOf("handle", output.handle), output.body);
    } else if (output.kind === "hang-up") {
      const line = this.lineOf("handle", output.handle);
      this.laterOn(line, "down", () => this.close(line, "server"));
    } else if (output.kind === "stream-taken") {
      this.lineOf("handle", output.handle).session = output.session;
    } else if (output.kind === "session") {
      if (output.output.kind === "opened") this.session = output.session;
      this.note("server", output.output);
    }
  }

  private seek(client: RequestSide): void {
    if (client !== this.client || client.state === "ended") return;
    if (this.wanted === "socket") this.openSocket();
    else if (this.wanted === "stream") this.openStream();
    else client.handlePipeFailed(this.nowMs);
  }

  private note(side: "client" | "server", output: ApplicationOutput): void {
    this.told[side].push(output);
    if (output.kind !== "deliver") return;
    for (const payload of output.payloads)
      this.received[side].push(new TextDecoder().decode(payload));
  }

  private carry({ exchange, body }: Extract<RequestOutput, { kind: "request" }>): void {
    this.cross("request", body);
    const handle = this.next++;
    this.exchanges.set(exchange, handle);
    if (this.arePollsLost) return;
    if (this.doPollsFail) {
      const { client } = this;
      this.later(2 * this.latencyMs, () => {
        if (client === this.client) client.handleFailure(this.nowMs, exchange);
      });
      return;
    }
    this.later(this.latencyMs, () => {
      this.endpoint.handleRequest(this.nowMs, handle, body, { address: "", principal: undefined });
    });
  }

  private answer(handle: number, body: Uint8Array): void {
    this.cross("answer", body);
    if (this.arePollsLost) return;
    this.later(this.latencyMs, () => {
      for (const [exchange, its] of this.exchanges) {
        if (its === handle) this.client.handleAnswer(this.nowMs, exchange, body);
      }
    });
  }

  private carryUp(line: Line, body: Uint8Array): void {
    this.cross("pipe up", body);
    this.laterOn(line, "up", () => {
      if (!line.isUp || line.deaf.up) return;
      if (line.session !== undefined) {
        this.endpoint.handlePipeBody(this.nowMs, line.session, line.handle, body);
        return;
      }
      const origin = { address: "", principal: undefined };
      line.session = this.endpoint.handlePipe(this.nowMs, line.handle, body, origin);
    });
  }

  private carryDown(line: Line, body: Uint8Array): void {
    this.cross("pipe down", body);
    this.laterOn(line, "down", () => {
      if (!line.isUp || line.deaf.down) return;
      line.held.push(body);
      if (line.held.length < line.heldBack) return;
      if (line.link === 0) {
        line.link = line.client.takeStream(this.nowMs, readStreamName(body));
        line.held = [];
        return;
      }
      for (const each of line.held.splice(0)) {
        line.client.handlePipeBody(this.nowMs, line.link, each);
      }
      if (line.client !== this.client) while (line.client.poll().kind !== "timeout");
    });
  }

  /** Whoever has not hung up itself hears of it. */
  private close(line: Line, by?: "client" | "server"): void {
    if (!line.isUp) return;
    line.isUp = false;
    if (by !== "client") line.client.handlePipeClosed(this.nowMs, line.link);
    if (by === "server") return;
    if (line.session === undefined) {
      this.endpoint.handleNamedGone(line.handle);
      return;
    }
    this.endpoint.handlePipeGone(this.nowMs, line.session, line.handle);
  }

  private lineOf(by: "link" | "handle", value: number): Line {
    const line = this.lines.findLast((each) => each[by] === value);
    if (line === undefined) throw new Error(`no line has the ${by} ${value}`);
    return line;
  }

  private cross(by: Crossing["by"], bytes: Uint8Array): void {
    const head = readHead(bytes, bytes.length);
    const body = readBody(bytes, head, head.address?.sessionId ?? NONCE);
    const name = head.address?.sessionId;
    this.crossings.push({ atMs: this.nowMs, by, body, bytes: bytes.length, name });
  }
}

function newLine(handle: number, link: number, client: RequestSide): Line {
  const deaf = { up: false, down: false };
  const arrivesAtMs = { up: 0, down: 0 };
  const session = undefined;
  return { handle, link, client, session, isUp: true, deaf, heldBack: 1, held: [], arrivesAtMs };
}
