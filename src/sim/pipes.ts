/**
 * Pipes between one client and one server: connections on which bodies pass one behind the other,
 * both ways or down only, until they break. State is plain data, and a pipe is replaced rather than
 * changed; who decides what happens to it is the caller.
 *
 * Invariant: on each way things arrive in the order in which they left, or not at all; behind the
 * news of its end comes nothing.
 */
import { TICKET_BYTES } from "../core/index.ts";
import type { SideName } from "./applications.ts";

/** Both ways, as a WebSocket; or down only, as a response that does not end. */
export type PipeKind = "duplex" | "stream";

/** The two ways of a pipe. */
export type Way = "up" | "down";

/** Something on its way on a pipe. */
export interface PipeItem {
  /** Its number, from 1, among those of all pipes. */
  readonly id: number;
  /** A body; a request for a stream, which shows its ticket; or the news that a side hung up. */
  readonly kind: "body" | "ask" | "end";
  /** The bytes; none but of a body. */
  readonly body: Uint8Array;
  /** When it arrives, where time is simulated. */
  readonly atMs: number;
}

/** A pipe, as it stands. */
export interface SimulatedPipe {
  /** Its number, from 1: the server's handle. */
  readonly number: number;
  /** The client's handle, which another life of it may use again. */
  readonly link: number;
  /** What it is. */
  readonly kind: PipeKind;
  /** What a stream is asked for with; empty for others. */
  readonly ticket: Uint8Array;
  /** Its client has neither hung up nor heard of its end. */
  readonly isClientOpen: boolean;
  /** The same of the server; `new`: it has not heard of the pipe. */
  readonly server: "new" | "open" | "closed";
  /** Ways on which nothing arrives any more, and nobody is told. */
  readonly isDeaf: Readonly<Record<Way, boolean>>;
  /** What is on its way to the server. */
  readonly up: readonly PipeItem[];
  /** What is on its way to the client. */
  readonly down: readonly PipeItem[];
}

const NOTHING = new Uint8Array(0);

/** All pipes of a client and a server that somebody still knows. */
export class SimulatedPipes {
  /** By number. */
  readonly all: Map<number, SimulatedPipe> = new Map();
  /** How many there have been. */
  count = 0;
  private nextId = 1;

  // --- readers --------------------------------------------------------------------------------

  /** Something is on its way, on any of them. */
  get isMoving(): boolean {
    for (const { up, down } of this.all.values()) if (up.length + down.length > 0) return true;
    return false;
  }

  /** The pipe of a side's handle; undefined: that end of it is closed. */
  find(side: SideName, handle: number): SimulatedPipe | undefined {
    if (side === "server") {
      const pipe = this.all.get(handle);
      return pipe?.server === "closed" ? undefined : pipe;
    }
    for (const pipe of this.all.values()) {
      if (pipe.link === handle && pipe.isClientOpen) return pipe;
    }
    return undefined;
  }

  /** The ticket of the next stream. */
  get nextTicket(): Uint8Array {
    const ticket = new Uint8Array(TICKET_BYTES);
    new DataView(ticket.buffer).setUint32(0, this.count + 1);
    return ticket;
  }

  // --- what the two sides do ------------------------------------------------------------------

  /** A client's core has numbered a new pipe. */
  begin(kind: PipeKind, link: number, ticket: Uint8Array = NOTHING): SimulatedPipe {
    const number = ++this.count;
    const isDeaf = { up: false, down: false };
    const ends = { isClientOpen: true, server: "new" } as const;
    return this.put({ number, link, kind, ticket, ...ends, isDeaf, up: [], down: [] });
  }

  /** The client asks for a stream, whose ticket the server has. Undefined: nobody wants it. */
  ask(link: number): PipeItem | undefined {
    const pipe = this.find("client", link);
    return pipe === undefined ? undefined : this.send(pipe, "up", "ask", NOTHING);
  }

  /** A side sends a body. Undefined: it goes nowhere, as to an end that is closed. */
  transmit(side: SideName, handle: number, body: Uint8Array): PipeItem | undefined {
    const pipe = this.find(side, handle);
    return pipe === undefined ? undefined : this.send(pipe, wayFrom(side), "body", body);
  }

  /** A side is done with a pipe: the other hears so behind what has left. */
  hangUp(side: SideName, handle: number): PipeItem | undefined {
    const pipe = this.find(side, handle);
    if (pipe === undefined) return undefined;
    const item = this.send(pipe, wayFrom(side), "end", NOTHING);
    this.close(pipe.number, side);
    return item;
  }

  // --- arrivals -------------------------------------------------------------------------------

  /** What arrives next on a way. @throws Error when nothing does. */
  take(number: number, way: Way): PipeItem {
    const pipe = this.get(number);
    const [item, ...rest] = pipe[way];
    if (item === undefined) throw new Error(`nothing is on its way ${way} on pipe ${number}`);
    const server = way === "up" && pipe.server === "new" ? "open" : pipe.server;
    this.put({ ...pipe, server, [way]: rest });
    return item;
  }

  /** An end of it is closed: nothing arrives there any more. */
  close(number: number, side: SideName): void {
    const pipe = this.all.get(number);
    if (pipe === undefined) return;
    if (side === "client") this.put({ ...pipe, isClientOpen: false, down: [] });
    else this.put({ ...pipe, server: "closed", up: [] });
    this.forget(number);
  }

  // --- what happens on the way ----------------------------------------------------------------

  /** What is on a way does not arrive, nor does what follows; nobody is told. */
  deafen(number: number, way: Way): void {
    const pipe = this.all.get(number);
    if (pipe === undefined) return;
    this.put({ ...pipe, isDeaf: { ...pipe.isDeaf, [way]: true }, [way]: [] });
    this.forget(number);
  }

  /** The connection is gone; what is on it is lost, and no side has been told. */
  break(number: number): void {
    this.deafen(number, "up");
    this.deafen(number, "down");
  }

  /** Of one that is broken a side is told at that time. */
  endFor(number: number, way: Way, atMs: number): void {
    const pipe = this.all.get(number);
    if (pipe === undefined) return;
    const item: PipeItem = { id: this.nextId++, kind: "end", body: NOTHING, atMs };
    this.put({ ...pipe, [way]: [...pipe[way], item] });
  }

  /** It arrives at that time; or other bytes in its place. */
  replace(number: number, way: Way, item: PipeItem): void {
    const pipe = this.get(number);
    const items = pipe[way].map((each) => (each.id === item.id ? item : each));
    this.put({ ...pipe, [way]: items });
  }

  /** When both ends are closed nobody knows it any more. */
  forget(number: number): void {
    const pipe = this.all.get(number);
    if (pipe === undefined || pipe.isClientOpen || pipe.up.length + pipe.down.length > 0) return;
    if (pipe.server !== "open") this.all.delete(number);
  }

  // --- details --------------------------------------------------------------------------------

  private get(number: number): SimulatedPipe {
    const pipe = this.all.get(number);
    if (pipe === undefined) throw new Error(`nobody knows pipe ${number}`);
    return pipe;
  }

  private send(
    pipe: SimulatedPipe,
    way: Way,
    kind: PipeItem["kind"],
    body: Uint8Array,
  ): PipeItem | undefined {
    const isHeard = way === "up" ? pipe.server !== "closed" : pipe.isClientOpen;
    if (pipe.isDeaf[way] || !isHeard) return undefined;
    const item: PipeItem = { id: this.nextId++, kind, body, atMs: 0 };
    this.put({ ...pipe, [way]: [...pipe[way], item] });
    return item;
  }

  private put(pipe: SimulatedPipe): SimulatedPipe {
    this.all.set(pipe.number, pipe);
    return pipe;
  }
}

/** Which way a side speaks. */
export function wayFrom(side: SideName): Way {
  return side === "client" ? "up" : "down";
}

/** Who hears what goes that way. */
export function sideAt(way: Way): SideName {
  return way === "up" ? "server" : "client";
}
