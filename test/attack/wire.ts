// The attacker's end of a connection: writes whatever it is told, and says in a few words what came
// back.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Body } from "../../src/core/body.ts";
import { readBody, readHead, readVersions } from "../../src/core/body-reader.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import type { Tally } from "./orders.ts";

/** Where attacks come from; the honest client's is 127.0.0.1. */
export const ATTACKER_ADDRESS = "127.0.0.2";

/** Nothing that is waited for takes so long even on a loaded machine; then it is "late". */
const PATIENCE_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const open = new Set<Connection>();

/** Lets go of all connections. */
export async function relent(): Promise<void> {
  for (const connection of open) connection.destroy();
  await Promise.all([...open].map(({ closed }) => closed));
}

export class Connection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  /** Set before the answer: it has no content, whatever its length. */
  isHead = false;
  /** An answer did not come in time. */
  isLate = false;
  #received: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, isReading = true) {
    this.socket = socket;
    open.add(this);
    if (isReading) {
      socket.on("data", (piece: Buffer) => {
        this.#received =
          this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece]);
        this.#wake();
      });
    }
    // Resets are what an attacker expects; `close` follows.
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        open.delete(this);
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** `isReading` false: whatever the server says is left in the system's buffers. */
  static async open(port: number, isReading = true): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: ATTACKER_ADDRESS });
    const connection = new Connection(socket, isReading);
    await once(socket, "connect");
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  write(bytes: string | Uint8Array): void {
    if (typeof bytes === "string") this.socket.write(bytes, "latin1");
    else this.socket.write(bytes);
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The next answer; undefined when the connection closed first, or nothing came. */
  async answer(): Promise<Answer | undefined> {
    const lateAtMs = performance.now() + PATIENCE_MS;
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      if (this.#isClosed) return undefined;
      if (performance.now() >= lateAtMs) {
        this.isLate = true;
        this.destroy();
        await this.closed;
        return undefined;
      }
      await this.#more(lateAtMs);
    }
  }

  /** `describe` of the next answer; "closed" if the server closed first, "late" if neither came. */
  async said(request?: Uint8Array): Promise<string> {
    const words = describe(await this.answer(), request);
    return this.isLate ? "late" : words;
  }

  /** Until something has come that was not taken as an answer, or the connection has closed. */
  async heard(): Promise<void> {
    const lateAtMs = performance.now() + PATIENCE_MS;
    while (this.#received.length === 0 && !this.#isClosed && performance.now() < lateAtMs) {
      await this.#more(lateAtMs);
    }
  }

  /** All further answers until the connection closes. */
  async rest(): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let answer = await this.answer(); answer; answer = await this.answer()) {
      answers.push(answer);
    }
    return answers;
  }

  #take(): Answer | undefined {
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd === -1) return undefined;
    const [first = "", ...lines] = this.#received.toString("latin1", 0, headEnd).split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    // Node's own answers without a body are chunked.
    const isChunked = headers["transfer-encoding"] !== undefined;
    const bodyBytes = Number(headers["content-length"] ?? (isChunked ? "0\r\n\r\n".length : 0));
    const end = headEnd + 4 + (this.isHead ? 0 : bodyBytes);
    if (this.#received.length < end) return undefined;
    const body = this.#received.subarray(headEnd + 4, end);
    this.#received = this.#received.subarray(end);
    return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]), headers, body };
  }

  #more(lateAtMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lateAtMs - performance.now());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A request that carries a body, with the headers of an honest one. */
export function requestOf(body: Uint8Array, headers = ""): Buffer {
  const head =
    `POST /holdfast HTTP/1.1\r\nhost: victim\r\ncontent-type: application/octet-stream\r\n` +
    `${headers}content-length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}

/** Status and reason, or what the body in answer to `request` says. */
export function describe(answer: Answer | undefined, request?: Uint8Array): string {
  if (answer === undefined) return "closed";
  const { status, body } = answer;
  if (status === 100) return "100";
  if (status === 200) return `200 ${sayingOf(body, request)}`;
  try {
    const { error } = JSON.parse(body.toString()) as { error: unknown };
    if (typeof error === "string") return `${status} ${error}`;
    return `${status} without a reason`;
  } catch {
    return `${status} without a reason`;
  }
}

/** What a body says: it must be a whole one of the park side, in the name that was claimed. */
function sayingOf(bytes: Uint8Array, request: Uint8Array | undefined): string {
  if (bytes.length === 0) return "nothing";
  if (bytes[0] === 0) return `versions ${readVersions(bytes).join()}`;
  const head = readHead(bytes, bytes.length);
  if (head.direction !== 1 || head.checksum === "none") return "not an answer";
  const claimed = request === undefined ? undefined : sessionIdOf(request);
  if (claimed === undefined) return "a body for nobody";
  return meaningOf(readBody(bytes, head, claimed));
}

function meaningOf(body: Body): string {
  if (body.unreadable === true) return "unreadable";
  if (body.unknown !== undefined) return "unknown";
  if (body.superseded !== undefined) return `superseded ${body.superseded}`;
  const last = body.ended ?? body.refused;
  if (last === undefined) return "answer";
  const kind = body.ended === undefined ? "refused" : "ended";
  return `${kind} ${last.code} ${Buffer.from(last.reason).toString()}`.trim();
}

function sessionIdOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return readHead(bytes, Math.max(1, bytes.length)).address?.sessionId;
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

export function count(tally: Tally, what: string, times = 1): void {
  tally[what] = (tally[what] ?? 0) + times;
}

/** Does everything in `work`, so many at a time. */
export async function each<Item>(
  work: Iterable<Item>,
  atOnce: number,
  act: (item: Item, worker: number) => Promise<void>,
): Promise<void> {
  const items = work[Symbol.iterator]();
  const labour = async (worker: number): Promise<void> => {
    for (let next = items.next(); next.done !== true; next = items.next()) {
      await act(next.value, worker);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => labour(worker)));
}

/** Sends bodies over kept connections, so many at a time, and counts what the answers say. */
export async function exchangeAll(
  port: number,
  bodies: Iterable<Uint8Array>,
  atOnce: number,
  headers = "",
): Promise<Tally> {
  const tally: Tally = {};
  const connections: (Connection | undefined)[] = [];
  await each(bodies, atOnce, async (body, worker) => {
    let connection = connections[worker];
    if (connection === undefined || connection.isClosed) {
      connection = await Connection.open(port);
      connections[worker] = connection;
    }
    connection.write(requestOf(body, headers));
    count(tally, await connection.said(body));
  });
  for (const connection of connections) connection?.destroy();
  return tally;
}
