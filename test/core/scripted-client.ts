// A client that says exactly what a test tells it to, and reads what an Endpoint answers. It has no
// rules of its own: numbers, acknowledgements and lies come from the script.

import type { Body, NumberedFrame, Parameters, RequestPrefix } from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import { bodyChecksum } from "../../src/core/checksum.ts";
import {
  Endpoint,
  type EndpointOutput,
  type Origin,
  type ServerSession,
  type Verdict,
} from "../../src/core/endpoint.ts";
import { ownerOf } from "../../src/core/half.ts";
import type { EndpointOptions } from "../../src/core/options.ts";
import type { ApplicationOutput, EndedOutput } from "../../src/core/outputs.ts";
import type { ParkSide } from "../../src/core/park-side.ts";

/** Parameters as a client of this library states them. */
export const CLIENT_PARAMETERS: Parameters = {
  channelsMax: 255,
  channelUnits: 256,
  channelBytes: 16_384,
  messageBytesMax: 1_048_576,
  bodyBytesMax: 524_288,
  silenceLimitMs: 60_000,
  holdTimeMs: 25_000,
  parkedMax: 4,
};

/** What a request says beside its number; all of it has a usual value. */
export interface Script extends Partial<Omit<RequestPrefix, "exchange">> {
  /** Carries OPEN. */
  readonly open?: boolean | Parameters;
  /** Everything up to this seq was received and is held. */
  readonly ack?: number;
  readonly window?: Body["window"];
  readonly numbered?: readonly NumberedFrame[];
  readonly ended?: Body["ended"];
  /** The generation of the session as the client knows it. */
  readonly generation?: number;
  /** Not the client's own. */
  readonly incarnation?: number;
  /** Whose place it takes. */
  readonly succeeds?: readonly number[];
  readonly secret?: Uint8Array;
  readonly sessionId?: Uint8Array;
  readonly origin?: Origin;
  /** Without a REQUEST frame. */
  readonly bare?: boolean;
  /** By which link it hears. */
  readonly link?: number;
  readonly offer?: Body["offer"];
  /** LINK, which belongs on a pipe. */
  readonly hearing?: Body["hearing"];
}

/** Something that was said on a pipe; without a body where it was hung up. */
export interface Piped {
  readonly handle: number;
  readonly body?: Body;
  readonly bytes?: Uint8Array;
}

/** One answer, with the handle of the request that it answers. */
export interface Answer {
  readonly handle: number;
  readonly body: Body;
  readonly bytes: Uint8Array;
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Messages of channel 0 whose indexes are their seqs. */
export function messages(seq: number, ...texts: string[]): NumberedFrame {
  return { kind: "messages", channel: 0, seq, index: seq, payloads: texts.map(bytesOf) };
}

/** The texts of the messages in a body. */
export function textsIn(body: Body): string[] {
  const texts: string[] = [];
  for (const frame of body.numbered) {
    if (frame.kind === "messages") texts.push(...frame.payloads.map(textOf));
  }
  return texts;
}

/** Makes the checksum of an addressed body right again, after its bytes were changed. */
export function reseal(bytes: Uint8Array): Uint8Array {
  const head = readHead(bytes, bytes.length);
  if (head.address === undefined || head.checksum === "none") return bytes;
  const { coveredStart, end, address } = head;
  const sum = bodyChecksum(address.sessionId, bytes[0] as number, bytes, coveredStart, end);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(coveredStart - 4, sum, true);
  return bytes;
}

/** A nonce that no other number gives. */
export function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(16);
  new DataView(nonce.buffer).setUint32(0, number);
  return nonce;
}

export class ScriptedClient {
  readonly bench: Bench;
  readonly sessionId: Uint8Array;
  readonly secret: Uint8Array;
  incarnation = 1;
  origin: Origin = { address: "192.0.2.1", principal: "" };

  constructor(bench: Bench, number = 1) {
    this.bench = bench;
    this.sessionId = nonceOf(number);
    this.secret = new Uint8Array(16).fill(number % 251);
  }

  /** The bytes of a request. */
  encode(exchange: number, script: Script = {}): Uint8Array {
    const sessionId = script.sessionId ?? this.sessionId;
    const proof = script.secret ?? this.secret;
    const incarnation = script.incarnation ?? this.incarnation;
    const address = { sessionId, proof, incarnation, link: script.link ?? 0 };
    const body = this.bodyOf(exchange, script);
    return encodeBody(body, { direction: 0, checksum: "xxh32", sessionId, address });
  }

  /** The bytes of a further body on a pipe. */
  encodePiped(script: Script = {}): Uint8Array {
    const body = this.bodyOf(0, { ...script, bare: true });
    const { sessionId } = this;
    return encodeBody(body, { direction: 0, checksum: "xxh32", sessionId });
  }

  private bodyOf(exchange: number, script: Script): Body {
    const { overThrough = 0, over = [], lastAnswered = 0, sinceMs = 0, ack, numbered } = script;
    const { open } = script;
    return {
      ...(script.bare === true
        ? {}
        : { request: { exchange, overThrough, over, lastAnswered, sinceMs } }),
      ...(ack === undefined ? {} : { ack: { receivedThrough: ack, heldThrough: ack, ranges: [] } }),
      ...(script.generation === undefined ? {} : { owner: ownerOf(script.generation) }),
      window: script.window ?? { seqMax: 100_000, bytesMax: 16_777_216 },
      ...(open === undefined || open === false
        ? {}
        : { open: open === true ? CLIENT_PARAMETERS : open }),
      ...(script.ended === undefined ? {} : { ended: script.ended }),
      succeeds: script.succeeds,
      offer: script.offer,
      hearing: script.hearing,
      channelWindows: [{ channel: 0, unitsMax: 100_000, bytesMax: 16_777_216 }],
      channelsBlocked: [],
      numbered: numbered ?? [],
    };
  }

  /** Sends a request and ends the tick; returns its handle. */
  request(exchange: number, script: Script = {}): number {
    const origin = script.origin ?? this.origin;
    return this.bench.deliver(this.encode(exchange, script), origin, this.sessionId);
  }

  /** Opens a pipe that goes both ways and ends the tick; returns its handle. */
  pipe(link: number, script: Script = {}): number {
    const bytes = this.encode(0, { ...script, link, bare: true });
    return this.bench.deliverPipe(bytes, script.origin ?? this.origin, this.sessionId);
  }

  /** Says something further on a pipe and ends the tick. */
  onPipe(handle: number, script: Script = {}): void {
    this.bench.deliverOn(handle, this.encodePiped(script));
  }

  /** Asks for a stream and ends the tick; returns its handle, 0 where nobody has offered it. */
  stream(ticket: Uint8Array): number {
    return this.bench.stream(ticket, this.sessionId);
  }

  /** Opens a pipe both ways that shows a ticket, and ends the tick; 0 where it is nobody's. */
  announced(ticket: Uint8Array): number {
    return this.bench.announced(ticket, this.sessionId);
  }

  /** Says whose that is, and ends the tick. */
  onAnnounced(handle: number, link: number, script: Script = {}): void {
    this.bench.deliverOn(handle, this.encode(0, { ...script, link, bare: true }));
  }

  /** The session at the server. */
  get session(): ServerSession {
    const session = this.bench.endpoint.sessions.get(textOf(this.sessionId));
    if (session === undefined) throw new Error("the endpoint has no such session");
    return session;
  }

  get side(): ParkSide {
    return this.session.side;
  }

  /** Opens, hears OPENED, and parks exchange 2. */
  open(): void {
    this.request(1, { open: true });
    this.bench.take();
    this.request(2, { overThrough: 1, lastAnswered: 1 });
  }
}

/** An endpoint with a clock, and everything that came out of it. */
export class Bench {
  nowMs = 1_000;
  readonly endpoint: Endpoint;
  /** Answers that were not taken yet. */
  answers: Answer[] = [];
  /** What applications were told, and not taken yet. */
  heard: ApplicationOutput[] = [];
  /** Sessions for which a verdict is wanted. */
  readonly asked: ServerSession[] = [];
  /** Streams that a session has taken. */
  readonly taken: Extract<EndpointOutput, { kind: "stream-taken" }>[] = [];
  /** Handles given out; each becomes true with its one answer, or by going. */
  readonly settled: Map<number, boolean> = new Map();
  /** What was said on pipes, and not taken yet. */
  piped: Piped[] = [];
  private readonly holders: Map<number, ServerSession> = new Map();
  private readonly sessionIds: Map<number, Uint8Array> = new Map();
  private nextHandle = 1;
  wakeAtMs = Infinity;
  timer = "none";

  constructor(options: Partial<EndpointOptions> = {}) {
    this.endpoint = new Endpoint(this.nowMs, options);
  }

  /** Hands bytes to the endpoint, drains it, and ends the tick. */
  deliver(bytes: Uint8Array, origin: Origin, sessionId: Uint8Array): number {
    const handle = this.hand(bytes, origin, sessionId);
    this.tick();
    return handle;
  }

  /** Hands bytes to the endpoint without ending the tick. */
  hand(bytes: Uint8Array, origin: Origin, sessionId: Uint8Array): number {
    const handle = this.nextHandle++;
    this.sessionIds.set(handle, sessionId);
    this.settled.set(handle, false);
    this.endpoint.handleRequest(this.nowMs, handle, bytes, origin);
    this.perform();
    return handle;
  }

  /** A first body on a pipe; ends the tick. */
  deliverPipe(bytes: Uint8Array, origin: Origin, sessionId: Uint8Array): number {
    const handle = this.nextHandle++;
    this.sessionIds.set(handle, sessionId);
    const session = this.endpoint.handlePipe(this.nowMs, handle, bytes, origin);
    if (session !== undefined) this.holders.set(handle, session);
    this.tick();
    return handle;
  }

  /** A further body on a pipe; ends the tick. */
  deliverOn(handle: number, bytes: Uint8Array): void {
    this.endpoint.handlePipeBody(this.nowMs, this.holderOf(handle), handle, bytes);
    this.tick();
  }

  stream(ticket: Uint8Array, sessionId: Uint8Array): number {
    const handle = this.nextHandle++;
    this.sessionIds.set(handle, sessionId);
    const session = this.endpoint.handleStream(this.nowMs, handle, ticket);
    if (session === undefined) return 0;
    this.holders.set(handle, session);
    this.tick();
    return handle;
  }

  announced(ticket: Uint8Array, sessionId: Uint8Array): number {
    const handle = this.nextHandle++;
    this.sessionIds.set(handle, sessionId);
    const session = this.endpoint.handleAnnounced(this.nowMs, handle, ticket);
    if (session === undefined) return 0;
    this.holders.set(handle, session);
    this.tick();
    return handle;
  }

  pipeGone(handle: number): void {
    this.endpoint.handlePipeGone(this.nowMs, this.holderOf(handle), handle);
    this.tick();
  }

  holderOf(handle: number): ServerSession {
    const session = this.holders.get(handle);
    if (session === undefined) throw new Error("no session has this pipe");
    return session;
  }

  /** The connection of a request has gone. */
  gone(session: ServerSession, handle: number): void {
    this.settled.set(handle, true);
    this.endpoint.handleGone(session, handle);
    this.tick();
  }

  /** Gives a command to a session and ends the tick. */
  command(session: ServerSession, act: (side: ParkSide) => void): void {
    act(session.side);
    this.endpoint.touch(session);
    this.tick();
  }

  /** The server drains from now on. */
  drain(pauseMinMs: number, pauseMaxMs: number): void {
    this.endpoint.drain(this.nowMs, pauseMinMs, pauseMaxMs);
    this.tick();
  }

  verdict(accepted: boolean, code?: number): void {
    const refusal: Verdict = code === undefined ? { accepted: false } : { accepted: false, code };
    this.decide(accepted ? { accepted, principal: "" } : refusal);
  }

  decide(verdict: Verdict): void {
    const session = this.asked.shift();
    if (session === undefined) throw new Error("nobody asks for a verdict");
    this.endpoint.handleVerdict(this.nowMs, session, verdict);
    this.tick();
  }

  /** Lets time pass, waking the endpoint whenever it wants to be woken. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let turns = 0; this.wakeAtMs <= untilMs; turns++) {
      if (turns > 10_000) throw new Error("the endpoint wants to be woken without end");
      this.nowMs = Math.max(this.nowMs, this.wakeAtMs);
      this.tick();
    }
    this.nowMs = untilMs;
    this.tick();
  }

  /** The end of a tick: timers fire until nothing wants to happen now. */
  tick(): void {
    for (let turns = 0; ; turns++) {
      this.perform();
      if (this.wakeAtMs > this.nowMs) return;
      if (turns > 100) throw new Error("the endpoint wants to be woken now, again and again");
      this.endpoint.handleTimeout(this.nowMs);
      this.perform();
    }
  }

  private perform(): void {
    for (;;) {
      const output: EndpointOutput = this.endpoint.poll();
      if (output.kind === "timeout") {
        this.wakeAtMs = output.atMs;
        this.timer = output.timer;
        return;
      }
      if (output.kind === "session") this.heard.push(output.output);
      else if (output.kind === "authenticate") this.asked.push(output.session);
      else if (output.kind === "respond") this.settle(output.handle, output.body);
      else if (output.kind === "hang-up") this.piped.push({ handle: output.handle });
      else if (output.kind === "stream-taken") this.taken.push(output);
      else this.notePiped(output.handle, output.body);
    }
  }

  private settle(handle: number, bytes: Uint8Array): void {
    if (this.settled.get(handle) !== false) throw new Error("a second answer to one request");
    this.settled.set(handle, true);
    this.answers.push({ handle, body: this.bodyOf(handle, bytes), bytes });
  }

  private notePiped(handle: number, bytes: Uint8Array): void {
    this.piped.push({ handle, body: this.bodyOf(handle, bytes), bytes });
  }

  private bodyOf(handle: number, bytes: Uint8Array): Body {
    const readable = bytes.length > 0 && bytes[0] !== 0;
    if (!readable) return { channelWindows: [], channelsBlocked: [], numbered: [] };
    const head = readHead(bytes, 1_048_576);
    const named = head.address?.sessionId;
    return readBody(bytes, head, named ?? (this.sessionIds.get(handle) as Uint8Array));
  }

  /** What was said on pipes since the last call. */
  takePiped(): Piped[] {
    const { piped } = this;
    this.piped = [];
    return piped;
  }

  /** The answers since the last call. */
  take(): Answer[] {
    const { answers } = this;
    this.answers = [];
    return answers;
  }

  /** What was delivered since the last call, as texts. */
  delivered(): string[] {
    const texts: string[] = [];
    for (const each of this.heard) {
      if (each.kind === "deliver") texts.push(...each.payloads.map(textOf));
    }
    this.heard = this.heard.filter((each) => each.kind !== "deliver");
    return texts;
  }

  /** How the last session that ended ended. */
  get ended(): EndedOutput | undefined {
    return this.heard.findLast((each) => each.kind === "ended");
  }
}

/** A session that is open, with one request parked. */
export function opened(options = {}): { bench: Bench; client: ScriptedClient } {
  const bench = new Bench(options);
  const client = new ScriptedClient(bench);
  client.open();
  bench.take();
  return { bench, client };
}

/** The same with a client that hears by a pipe. */
export function joined(options = {}): { bench: Bench; client: ScriptedClient; handle: number } {
  const { bench, client } = opened(options);
  const handle = client.pipe(1);
  client.onPipe(handle, { hearing: { link: 1, fromExchange: 3 } });
  bench.take();
  bench.takePiped();
  return { bench, client, handle };
}

/** What was said on pipes, without their ends. */
export function bodiesOf(piped: readonly Piped[]): Body[] {
  return piped.flatMap(({ body }) => body ?? []);
}
