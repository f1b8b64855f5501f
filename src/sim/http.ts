/**
 * HTTP between one client and one server, with everything that may happen to it on the way. Each
 * exchange has a connection of its own, so requests and answers overtake each other freely. State
 * is plain data; who decides what happens is the caller.
 *
 * Invariant: an answer is on its way only while its client waits for it.
 */

import { type PipeItem, SimulatedPipes, type Way } from "./pipes.ts";

/** A body on its way, or news of a failure on its way to the client. */
export interface Item {
  /** Its number, from 1. */
  readonly id: number;
  /** Which way it goes, and what it is. */
  readonly kind: "request" | "answer" | "failure";
  /** The connection that it belongs to. */
  readonly exchange: number;
  /** The bytes; none for a failure. */
  readonly body: Uint8Array;
  /** When it arrives, where time is simulated. */
  readonly atMs: number;
  /** An answer's status: 200, or what the middle says; 0 for all else. */
  readonly status: number;
  /** A failure that tells: nothing of the request has left the client's host. */
  readonly notSent: boolean;
}

/** How items travel; without one they wait until a step takes them. */
export interface Router {
  /** A body has just left; the router may lose, delay, double or damage it. */
  handleSent(item: Item): void;
  /** The client gives an exchange up: whether its request arrives all the same. */
  requestSurvives(exchange: number): boolean;
  /** Something has just left on a pipe; the router may delay it, or break the pipe. */
  handlePipeSent(number: number, way: Way, item: PipeItem): void;
}

/**
 * Each life of a client numbers its exchanges from 1; its connections are numbered on from here.
 */
export const CONNECTIONS_OF_ONE_LIFE = 1_000_000;

/** What a proxy of the middle says instead of the server. */
export const ERROR_PAGE: Uint8Array = asciiBytes(
  "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
);
const NOTHING = new Uint8Array(0);
const OK = 200;

type Added = Pick<Item, "kind" | "exchange" | "body" | "atMs"> & Partial<Item>;

/** The middle between one client and one server. It decides nothing: its caller does. */
export class SimulatedHttp {
  /** What is on its way. */
  readonly items: Item[] = [];
  /** Exchanges whose answer the client waits for. */
  readonly waiting: Set<number> = new Set();
  /** Requests that the server has and has not answered: handle to exchange. */
  readonly held: Map<number, number> = new Map();
  /** Connections that carry bodies one behind the other. */
  readonly pipes: SimulatedPipes = new SimulatedPipes();
  private nextId = 1;
  private nextHandle = 1;

  // --- what the two sides do ------------------------------------------------------------------

  /** The client sends a request. */
  sendRequest(exchange: number, body: Uint8Array, atMs = 0): Item {
    this.waiting.add(exchange);
    return this.add({ kind: "request", exchange, body, atMs });
  }

  /** Undefined when nobody waits for the answer any more. */
  sendAnswer(handle: number, body: Uint8Array, atMs = 0): Item | undefined {
    const exchange = this.held.get(handle);
    if (exchange === undefined) throw new Error(`answer to a handle that is not held: ${handle}`);
    this.held.delete(handle);
    if (!this.waiting.has(exchange)) return undefined;
    return this.add({ kind: "answer", exchange, body, atMs, status: OK });
  }

  /** The client closes the connection. A request may be beyond recall already. */
  abort(exchange: number, requestArrives = false): void {
    this.forget(exchange);
    if (!requestArrives) this.drop((item) => item.exchange === exchange);
  }

  // --- arrivals -------------------------------------------------------------------------------

  /** A request arrives: the server's handle for its answer. */
  takeRequest(item: Item): number {
    this.remove(item);
    const handle = this.nextHandle++;
    this.held.set(handle, item.exchange);
    return handle;
  }

  /** The middle answers in the server's place. */
  answerWith(exchange: number, body: Uint8Array, atMs = 0, status: number = OK): Item {
    return this.add({ kind: "answer", exchange, body, atMs, status });
  }

  /** An answer, or the news of a failure, arrives: the exchange is over for the client. */
  takeAnswer(item: Item): void {
    this.remove(item);
    this.forget(item.exchange);
  }

  // --- faults ---------------------------------------------------------------------------------

  /** Nobody hears of it: the client goes on waiting. */
  lose(item: Item): void {
    this.remove(item);
  }

  /** A second copy: of a request, as proxies make it that try again; of an answer, on its way. */
  duplicate(item: Item, atMs = 0): Item {
    return this.add({ ...item, atMs });
  }

  /** Another body in the place of what was sent. */
  replaceBody(item: Item, body: Uint8Array): Item {
    const at = this.items.findIndex((each) => each.id === item.id);
    const replaced = { ...item, body };
    this.items[at] = replaced;
    return replaced;
  }

  /** It arrives at that time. */
  schedule(item: Item, atMs: number): Item {
    const at = this.items.findIndex((each) => each.id === item.id);
    const scheduled = { ...item, atMs };
    this.items[at] = scheduled;
    return scheduled;
  }

  /** The client is going to see an error instead of an answer. */
  fail(exchange: number, atMs = 0, notSent = false): Item {
    this.drop((item) => item.exchange === exchange && item.kind !== "request");
    return this.add({ kind: "failure", exchange, body: NOTHING, atMs, notSent });
  }

  /** The server's host sees that the connection of a request has gone: nothing answers it. */
  close(handle: number): void {
    this.held.delete(handle);
  }

  /** The server is gone, and with it the connections of all requests that it had not answered. */
  dropHeld(): number[] {
    const exchanges = Array.from(this.held.values());
    this.held.clear();
    return exchanges;
  }

  // --- details --------------------------------------------------------------------------------

  private add(given: Added): Item {
    const { kind, exchange, body, atMs, status = 0, notSent = false } = given;
    const item: Item = { id: this.nextId++, kind, exchange, body, atMs, status, notSent };
    this.items.push(item);
    return item;
  }

  private remove(item: Item): void {
    const at = this.items.findIndex((each) => each.id === item.id);
    if (at < 0) throw new Error(`item is not on its way: ${item.id}`);
    this.items.splice(at, 1);
  }

  private forget(exchange: number): void {
    this.waiting.delete(exchange);
    this.drop((item) => item.exchange === exchange && item.kind !== "request");
  }

  private drop(isDropped: (item: Item) => boolean): void {
    for (let at = this.items.length - 1; at >= 0; at--) {
      if (isDropped(this.items[at] as Item)) this.items.splice(at, 1);
    }
  }
}

/** A copy with some bits the other way round; they are numbered from the first byte's highest. */
export function flipped(body: Uint8Array, bits: Iterable<number>): Uint8Array {
  const copy = body.slice();
  for (const bit of bits) {
    const at = Math.floor(bit / 8);
    copy[at] = (copy[at] as number) ^ (0x80 >> (bit % 8));
  }
  return copy;
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
