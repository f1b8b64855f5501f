// One request side and a server that says what the test tells it to: what goes in, what comes out.
// The driver is strict: it calls `handleTimeout` when `poll()` asks for it, and never otherwise.

import { deepStrictEqual } from "node:assert/strict";
import type {
  Ack,
  AnswerPrefix,
  Body,
  NumberedFrame,
  Parameters,
  PipeState,
} from "../../src/core/body.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import type { RequestOptions } from "../../src/core/options.ts";
import type { ApplicationOutput, EndedOutput, TimeoutOutput } from "../../src/core/outputs.ts";
import { Ranges } from "../../src/core/ranges.ts";
import { LiteralRequestSide } from "../../src/core/literal-request-side.ts";
import { type FailureKind, RequestSide } from "../../src/core/request-side.ts";

export const NONCE: Uint8Array = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
export const SECRET: Uint8Array = new Uint8Array(16).fill(7);

/** What the scripted server states at opening. */
export const SERVER_PARAMETERS: Parameters = {
  channelsMax: 255,
  channelUnits: 256,
  channelBytes: 16_384,
  messageBytesMax: 134_217_728,
  bodyBytesMax: 524_288,
  silenceLimitMs: 90_000,
  holdTimeMs: 25_000,
  parkedMax: 4,
};

const WINDOW = { seqMax: 262_144, bytesMax: 16_777_216 };
const NOTHING_NUMBERED = { channelWindows: [], channelsBlocked: [], numbered: [] };
/** More ticks at one and the same time are a livelock. */
const TICKS_MAX = 100;

/** A request as it left. */
export interface Sent {
  readonly exchange: number;
  readonly bytes: Uint8Array;
  readonly body: Body;
  readonly incarnation: number;
  readonly atMs: number;
}

/** The content of an answer; the answer's prefix is filled up. */
export type Content = Omit<Partial<Body>, "answer"> & { readonly answer?: Partial<AnswerPrefix> };

export class Dialogue {
  readonly side: RequestSide;
  nowMs: number;
  /** Everything that left, that was aborted, and that the application was told. */
  readonly sent: Sent[] = [];
  readonly aborted: number[] = [];
  readonly told: ApplicationOutput[] = [];
  /** What was said on pipes, in order; without a body where one was hung up. */
  readonly piped: { readonly link: number; readonly body?: Body }[] = [];
  timeout: TimeoutOutput = { kind: "timeout", atMs: Infinity, timer: "none" };
  /** What the server has received of what left. */
  private readonly received = new Ranges();
  private seqNext = 1;

  constructor(options: Partial<RequestOptions> = {}, nowMs = 0, side?: RequestSide) {
    this.nowMs = nowMs;
    const Side = options.literal === undefined ? RequestSide : LiteralRequestSide;
    this.side = side ?? new Side(nowMs, { nonce: NONCE, secret: SECRET }, options);
    this.drain();
  }

  /** Drains `poll()`; to be called after every command. */
  drain(): void {
    for (;;) {
      const out = this.side.poll();
      if (out.kind === "timeout") {
        this.timeout = out;
        return;
      }
      if (out.kind === "abort") this.aborted.push(out.exchange);
      else if (out.kind === "request") this.sent.push(this.read(out.exchange, out.body));
      else if (out.kind === "hang-up") this.piped.push({ link: out.handle });
      else if (out.kind === "transmit") {
        const { body } = this.read(0, out.body);
        this.piped.push({ link: out.handle, body });
      } else this.told.push(out);
    }
  }

  private read(exchange: number, bytes: Uint8Array): Sent {
    const head = readHead(bytes, 1_048_576);
    const body = readBody(bytes, head, NONCE);
    const incarnation = head.address?.incarnation ?? 0;
    return { exchange, bytes, body, incarnation, atMs: this.nowMs };
  }

  /** Ends the tick: whatever is due now. Returns the requests that left. */
  tick(): Sent[] {
    const before = this.sent.length;
    this.drain();
    for (let ticks = 0; this.timeout.atMs <= this.nowMs; ticks++) {
      if (ticks === TICKS_MAX) throw new Error(`livelock by timer ${this.timeout.timer}`);
      this.side.handleTimeout(this.nowMs);
      this.drain();
    }
    return this.sent.slice(before);
  }

  /** Lets time pass, timers included. Returns the requests that left. */
  pass(ms: number): Sent[] {
    const before = this.sent.length;
    const untilMs = this.nowMs + ms;
    this.tick();
    while (this.timeout.atMs <= untilMs) {
      this.nowMs = this.timeout.atMs;
      this.tick();
    }
    this.nowMs = untilMs;
    return this.sent.slice(before);
  }

  /** Lets time pass until a timer of this name is due, and fires it; throws if none comes. */
  until(timer: TimeoutOutput["timer"]): Sent[] {
    this.drain();
    for (let fired = 0; fired < 1_000 && this.timeout.atMs < Infinity; fired++) {
      const isIt = this.timeout.timer === timer;
      this.nowMs = Math.max(this.nowMs, this.timeout.atMs);
      if (isIt) return this.tick();
      this.side.handleTimeout(this.nowMs);
      this.drain();
    }
    throw new Error(`no timer ${timer}`);
  }

  /** The bytes of an answer. */
  encode(exchange: number, content: Content = {}): Uint8Array {
    const { answer: given, ...rest } = content;
    const answer: AnswerPrefix = {
      exchange,
      heldMs: 0,
      parkedWanted: 1,
      answered: [exchange, exchange],
      parked: [],
      ...given,
    };
    const isBare = rest.unknown ?? rest.unreadable ?? rest.superseded ?? rest.refused;
    const prefix = isBare === undefined || given !== undefined ? { answer } : {};
    return this.encodeBare({ ...prefix, ...rest });
  }

  /** The bytes of a body that need not name an exchange. */
  encodeBare(content: Partial<Body>): Uint8Array {
    const body = { ...NOTHING_NUMBERED, ...content };
    return encodeBody(body, { direction: 1, checksum: "xxh32", sessionId: NONCE });
  }

  /** Answers an exchange; the tick goes on. */
  answer(exchange: number, content: Content = {}): void {
    this.answerBytes(exchange, this.encode(exchange, content));
  }

  answerBytes(exchange: number, bytes: Uint8Array): void {
    this.side.handleAnswer(this.nowMs, exchange, bytes);
    this.drain();
  }

  /** The server says something on a pipe; the tick goes on. */
  pipe(link: number, content: Partial<Body>): void {
    this.pipeBytes(link, this.encodeBare(content));
  }

  pipeBytes(link: number, bytes: Uint8Array): void {
    this.side.handlePipeBody(this.nowMs, link, bytes);
    this.drain();
  }

  openPipe(): number {
    const link = this.side.openPipe(this.nowMs);
    this.drain();
    return link;
  }

  offerPipe(first = 0): number {
    const ticket = Uint8Array.from({ length: 16 }, (_, at) => first + at);
    const link = this.side.offerPipe(this.nowMs, ticket);
    this.drain();
    return link;
  }

  fail(exchange: number, how: FailureKind = {}): void {
    this.side.handleFailure(this.nowMs, exchange, how);
    this.drain();
  }

  /** Sends small messages of the text given, or the bytes given. */
  send(...payloads: (string | Uint8Array)[]): void {
    for (const payload of payloads) {
      this.side.send(this.nowMs, typeof payload === "string" ? bytesOf(payload) : payload);
    }
    this.drain();
  }

  /** The opening and its answer: afterwards request 2 is parked. */
  open(content: Content = {}): this {
    this.tick();
    this.answer(1, { opened: SERVER_PARAMETERS, window: WINDOW, ack: this.ack(), ...content });
    this.tick();
    return this;
  }

  /** The server's acknowledgement once it has received these requests (all that left if none). */
  ack(...requests: Sent[]): Ack {
    for (const { body } of requests.length > 0 ? requests : this.sent) {
      for (const frame of body.numbered) this.received.add(frame.seq, lastSeq(frame));
    }
    const { flat, through } = this.received;
    const ranges = through === 0 ? flat.slice() : flat.slice(2);
    return { receivedThrough: through, heldThrough: through, ranges };
  }

  /** Messages of the server's on channel 0, numbered on. */
  messages(...texts: string[]): NumberedFrame[] {
    const seq = this.seqNext;
    this.seqNext += texts.length;
    return [{ kind: "messages", channel: 0, seq, index: seq, payloads: texts.map(bytesOf) }];
  }

  /** The server will send nothing more. */
  finish(): NumberedFrame[] {
    return [{ kind: "finish", seq: this.seqNext++, code: 0 }];
  }

  // --- readers --------------------------------------------------------------------------------

  /** The request that left last. */
  get last(): Sent {
    const last = this.sent.at(-1);
    if (last === undefined) throw new Error("nothing was sent");
    return last;
  }

  get oldestOpen(): number {
    for (const number of this.side.exchanges.open.keys()) return number;
    throw new Error("no exchange is open");
  }

  get ended(): EndedOutput | undefined {
    return this.told.find((each) => each.kind === "ended");
  }

  /** Everything delivered on a channel, as text. */
  delivered(channel = 0): string[] {
    const all = this.told.flatMap((each) =>
      each.kind === "deliver" && each.channel === channel ? each.payloads : [],
    );
    return all.map(textOf);
  }
}

/** What a server says of a pipe that it holds. */
export function pipeState(link: number, other: Partial<PipeState> = {}): Pick<Body, "pipe"> {
  const pipe = { link, bodies: 1, ageMs: 0, silenceMs: 15_000, isEnding: false, ...other };
  return { pipe };
}

/** The messages of a request, as text. */
export function textsOf(sent: Sent | undefined): string[] {
  const frames = sent?.body.numbered ?? [];
  return frames.flatMap((frame) => (frame.kind === "messages" ? frame.payloads.map(textOf) : []));
}

/** The numbered kinds that a request carries. */
export function kindsOf(sent: Sent | undefined): string[] {
  return (sent?.body.numbered ?? []).map((frame) => frame.kind);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export function lastSeq(frame: NumberedFrame): number {
  if (frame.kind === "messages") return frame.seq + frame.payloads.length - 1;
  return frame.kind === "skip" ? frame.seq + frame.count - 1 : frame.seq;
}

/** Changes one byte, so that the checksum no longer agrees. */
export function damaged(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 0x55;
  return copy;
}

/** A client that hears by a socket. */
export function joined(options = {}): Dialogue {
  const client = new Dialogue(options).open();
  client.openPipe();
  client.tick();
  client.pipe(1, pipeState(1));
  client.tick();
  client.answer(2);
  client.tick();
  client.pipe(1, pipeState(1, { bodies: 2 }));
  deepStrictEqual([client.side.joined, client.side.exchanges.open.size], [1, 0]);
  return client;
}

/** The last pipe of which the client was told that it is over. */
export function goneOf({ told }: Dialogue): ApplicationOutput | undefined {
  return told.findLast(({ kind }) => kind === "pipe-gone");
}
