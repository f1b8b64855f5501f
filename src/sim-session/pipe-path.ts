/**
 * Pipes from one process to another: what a client's session opens beside its requests, and what a
 * server's adapter has of it. The network says when a connection is up and what becomes of it.
 */
import type { Peer, PipeEvents as ServerEvents, ServerPipe } from "../session/peer.ts";
import type { PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";
import type { Network } from "../sim/network/network.ts";
import { type PipeItem, sideAt, type Way } from "../sim/pipes.ts";
import type { End } from "./path.ts";

/** A connection that was begun, and is not up yet. */
interface Attempt {
  readonly upAtMs: number;
  readonly begin: () => void;
}

/** Who is told of a pipe, while its end is open. */
interface Ends {
  client: PipeEvents | undefined;
  server: ServerEvents | undefined;
}

/** Something that is to happen. */
interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

const WAYS: readonly Way[] = ["up", "down"];

/** Of a process that is gone. */
const NO_CONNECTION: PipeConnection = { write: () => {}, close: () => {} };

export class PipePath {
  private readonly network: Network;
  private readonly client: End;
  private readonly server: End;
  private readonly attempts: Set<Attempt> = new Set();
  /** By the pipe's number. */
  private readonly ends: Map<number, Ends> = new Map();
  /** Who has asked for a stream, until that has arrived. */
  private readonly askers: Map<number, Peer> = new Map();

  constructor(network: Network, client: End, server: End) {
    this.network = network;
    this.client = client;
    this.server = server;
  }

  /** How a session of a client opens sockets; `isOver` once its process is gone. */
  socket(origin: string, peer: Peer, isOver: () => boolean): PipeCarrier {
    return {
      name: "websocket",
      origin,
      isDuplex: true,
      isAnnounced: true,
      open: (events, ticket) => (isOver() ? NO_CONNECTION : this.open(events, peer, ticket)),
    };
  }

  /** The same of streams; `isNamed`: the server is to name them. */
  stream(origin: string, peer: Peer, isOver: () => boolean, isNamed: boolean): PipeCarrier {
    return {
      name: "stream",
      origin,
      isDuplex: false,
      isNamed,
      open: (events, ticket) => (isOver() ? NO_CONNECTION : this.ask(events, peer, ticket)),
    };
  }

  /** Pipes that are open at both ends, and work. */
  get workingCount(): number {
    let count = 0;
    for (const { isClientOpen, server, isDeaf } of this.network.http.pipes.all.values()) {
      if (isClientOpen && server === "open" && !isDeaf.up && !isDeaf.down) count++;
    }
    return count;
  }

  // --- what the two ends do -------------------------------------------------------------------

  private open(events: PipeEvents, peer: Peer, ticket: Uint8Array): PipeConnection {
    let number: number | undefined;
    const attempt: Attempt = {
      upAtMs: this.network.pipeOpensAtMs(),
      begin: () => {
        const { handler } = this.server;
        if (handler?.handlePipe === undefined) {
          events.closed("websocket_refused");
          return;
        }
        const { pipes } = this.network.http;
        const opened = pipes.begin("duplex", pipes.count + 1).number;
        number = opened;
        const server = handler.handlePipe(peer, this.serverPipe(opened), undefined, ticket);
        this.ends.set(opened, { client: events, server });
        events.opened();
      },
    };
    this.attempts.add(attempt);
    return {
      write: (body) => this.write("up", number, body),
      close: () => {
        this.attempts.delete(attempt);
        if (number !== undefined) this.hangUp("up", number);
      },
    };
  }

  private ask(events: PipeEvents, peer: Peer, ticket: Uint8Array): PipeConnection {
    const { pipes } = this.network.http;
    const { number, link } = pipes.begin("stream", pipes.count + 1, ticket.slice());
    this.ends.set(number, { client: events, server: undefined });
    this.askers.set(number, peer);
    this.route(number, "up", pipes.ask(link));
    return { write: () => {}, close: () => this.hangUp("up", number) };
  }

  private serverPipe(number: number): ServerPipe {
    return {
      write: (body) => this.write("down", number, body),
      close: () => this.hangUp("down", number),
    };
  }

  private write(way: Way, number: number | undefined, body: Uint8Array): void {
    if (number === undefined) return;
    const from = way === "up" ? "client" : "server";
    this.route(number, way, this.network.http.pipes.transmit(from, number, body.slice()));
  }

  /** An end is closed; nothing is told there any more. */
  private hangUp(way: Way, number: number): void {
    const from = way === "up" ? "client" : "server";
    const ends = this.ends.get(number);
    if (ends !== undefined) ends[from] = undefined;
    this.route(number, way, this.network.http.pipes.hangUp(from, number));
    // Nothing arrives any more where both ends hang up at the same time.
    this.forgetIfGone(number);
  }

  private forgetIfGone(number: number): void {
    if (!this.network.http.pipes.all.has(number)) this.ends.delete(number);
  }

  private route(number: number, way: Way, item: PipeItem | undefined): void {
    if (item !== undefined) this.network.handlePipeSent(number, way, item);
  }

  /** A process is gone, and its ends of all pipes with it. */
  handleEnd(gone: End): void {
    const way = gone === this.client ? "up" : "down";
    if (gone === this.client) this.attempts.clear();
    if (gone !== this.client && gone !== this.server) return;
    for (const [number, ends] of this.ends) {
      if (ends[way === "up" ? "client" : "server"] !== undefined) this.hangUp(way, number);
    }
  }

  // --- time -----------------------------------------------------------------------------------

  /** When something is to happen. */
  get nextAtMs(): number {
    return this.next?.atMs ?? Infinity;
  }

  /** The first thing happens. */
  handleTimeout(): void {
    this.next?.act();
  }

  private get next(): Due | undefined {
    let next: Due | undefined;
    const consider = (atMs: number, act: () => void): void => {
      if (atMs < (next?.atMs ?? Infinity)) next = { atMs, act };
    };
    const { client, server } = this;
    for (const attempt of this.attempts) {
      // The server's host takes part in it.
      const upAtMs = Math.max(attempt.upAtMs, client.awakeAtMs, server.awakeAtMs);
      consider(upAtMs, () => {
        this.attempts.delete(attempt);
        attempt.begin();
      });
    }
    for (const pipe of this.network.http.pipes.all.values()) {
      for (const way of WAYS) {
        const [first] = pipe[way];
        if (first === undefined) continue;
        const awakeAtMs = this[sideAt(way)].awakeAtMs;
        consider(Math.max(first.atMs, awakeAtMs), () => this.take(pipe.number, way, first));
      }
    }
    return next;
  }

  // --- arrivals -------------------------------------------------------------------------------

  private take(number: number, way: Way, item: PipeItem): void {
    const { pipes } = this.network.http;
    const pipe = pipes.all.get(number);
    this.network.handlePipeArrived(number, way, item);
    pipes.take(number, way);
    const ends = this.ends.get(number);
    if (item.kind === "ask") {
      this.handStream(number, pipe?.ticket ?? new Uint8Array(0), ends);
    } else if (item.kind === "end") {
      pipes.close(number, sideAt(way));
      this.tellEnd(way, ends);
    } else if (way === "up") {
      ends?.server?.body(item.body.slice());
    } else {
      ends?.client?.body(item.body.slice());
    }
    pipes.forget(number);
    this.forgetIfGone(number);
  }

  private tellEnd(way: Way, ends: Ends | undefined): void {
    if (ends === undefined) return;
    const { client, server } = ends;
    if (way === "up") {
      ends.server = undefined;
      server?.gone();
    } else {
      ends.client = undefined;
      client?.closed("connection_closed");
    }
  }

  /** Who is no server, or has no such stream, closes the connection. */
  private handStream(number: number, ticket: Uint8Array, ends: Ends | undefined): void {
    const peer = this.askers.get(number);
    this.askers.delete(number);
    const { handler } = this.server;
    const gone =
      peer === undefined
        ? undefined
        : handler?.handleStream?.(ticket, peer, this.serverPipe(number));
    if (gone === undefined) this.hangUp("down", number);
    else if (ends !== undefined) ends.server = { body: () => {}, gone };
  }
}
