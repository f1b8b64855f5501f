/**
 * The open client connections: which there are, which have something under way, and the ways in
 * which they end. A connection carries any number of exchanges (HTTP), or one raw pipe.
 */
import type { Socket } from "node:net";
import type { Place } from "./counts.ts";
import { reset } from "./reset.ts";
import type { Running } from "./running.ts";

/** How a connection ended; "closed": by its client, in good order. */
export type Ending = "rst" | "fin" | "closed";

/** Something under way on a client connection. */
export interface Carried {
  /** The connection is gone: destroy what belongs to it at the target. */
  abort(ending: Ending): void;
  /** Pass nothing on any more. */
  freeze(): void;
}

export class Connection implements Place {
  /** From 1, in the order of arrival. */
  readonly connection: number;
  readonly request = 0;
  readonly socket: Socket;
  readonly carried: Set<Carried> = new Set();
  /** Nothing passes any more: half-open, or a request was lost silently on it. */
  isSilent = false;
  /** It was this proxy that ended it. */
  isEndedByProxy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(number: number, socket: Socket) {
    this.connection = number;
    this.socket = socket;
    // Whatever goes wrong with it is followed by "close".
    socket.on("error", () => {});
    socket.once("close", (hadError: boolean) => {
      clearTimeout(this.#timer);
      this.#abortCarried(hadError ? "rst" : "closed");
    });
  }

  /** Ends it and everything that it carries: by a reset, or as an orderly close would. */
  end(by: "rst" | "fin"): void {
    if (this.socket.destroyed) return;
    this.isEndedByProxy = true;
    this.#abortCarried(by);
    if (by === "rst") reset(this.socket);
    else this.socket.destroy();
  }

  /** From now on nothing passes in either direction; it is reset after `forMs`. */
  silence(forMs: number): void {
    if (this.isSilent || this.socket.destroyed) return;
    this.isSilent = true;
    // What is still written to it waits here and is never sent.
    this.socket.cork();
    for (const carried of this.carried) carried.freeze();
    this.#after(forMs, () => this.end("rst"));
  }

  /** Nothing happens on it from now on: after `closeIdleMs` it is idle, and closed. */
  touch(running: Running): void {
    const { closeIdleMs } = running.faults;
    if (this.isSilent) return;
    this.stir();
    if (closeIdleMs === 0 || this.socket.destroyed) return;
    this.#after(closeIdleMs, () => {
      running.ledger.count("idleCloses", this);
      this.end("fin");
    });
  }

  /** Something happens on it: it is not idle. */
  stir(): void {
    if (!this.isSilent) clearTimeout(this.#timer);
  }

  #after(waitMs: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, waitMs);
  }

  #abortCarried(ending: Ending): void {
    const all = [...this.carried];
    this.carried.clear();
    for (const carried of all) carried.abort(ending);
  }
}

export class Connections {
  readonly #open: Map<Socket, Connection> = new Map();
  #count = 0;

  /** Those that have ended count until the system has let go of them. */
  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): Connection {
    const connection = new Connection(++this.#count, socket);
    this.#open.set(socket, connection);
    socket.once("close", () => this.#open.delete(socket));
    return connection;
  }

  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  all(): Connection[] {
    return [...this.#open.values()].filter(({ socket }) => !socket.destroyed);
  }

  /** One of those that have something under way, or else of all; `which` is from 0 to 1. */
  choose(which: number): Connection | undefined {
    const all = this.all().filter((connection) => !connection.isSilent);
    const busy = all.filter((connection) => connection.carried.size > 0);
    const eligible = busy.length > 0 ? busy : all;
    return eligible[Math.floor(which * eligible.length)];
  }
}
