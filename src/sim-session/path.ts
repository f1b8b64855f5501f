/**
 * The way from one process to another: a network, with the exchanges of the client's sessions on
 * it. Bodies wait for a process that is asleep, and are refused by one that is not there.
 */
import type { ExchangeSignal, Outcome } from "../session/carrier.ts";
import type { Peer, Reply, RequestHandler } from "../session/peer.ts";
import { type Item, SimulatedHttp } from "../sim/http.ts";
import { Network, type NetworkNames, type NetworkOptions } from "../sim/network/network.ts";
import type { Play } from "../sim/play.ts";
import { PipePath } from "./pipe-path.ts";

/** What a path asks of the processes at its ends. */
export interface End {
  /** Nothing reaches it before: it is asleep. */
  readonly awakeAtMs: number;
  /** What its requests go to; undefined: nobody listens. */
  readonly handler: RequestHandler | undefined;
}

/** What the statuses are with which a server refuses; as `holdfast/http` has them. */
const REFUSED = { unauthenticated: 403, overloaded: 503, internal: 500 } as const;
const OK = 200;
const TOO_LARGE = 413;

/** A request that the server has. */
interface Held {
  readonly exchange: number;
  /** To be called when its connection is gone. */
  readonly leave: () => void;
}

export class Path {
  readonly network: Network;
  readonly pipes: PipePath;
  private readonly client: End;
  private readonly server: End;
  /** Exchanges of which the client waits for the outcome. */
  private readonly waiting: Map<number, (outcome: Outcome) => void> = new Map();
  /** Who sent them: a copy may arrive when the client has long got its answer. */
  private readonly peers: Map<number, Peer> = new Map();
  /** By handle. */
  private readonly held: Map<number, Held> = new Map();
  /** Exchanges of which a server has had a request. */
  private readonly arrived: Set<number> = new Set();
  private lastExchange = 0;

  constructor(
    client: End,
    server: End,
    options: NetworkOptions,
    play: Play,
    names: NetworkNames,
    nowMs: number,
  ) {
    this.client = client;
    this.server = server;
    this.network = new Network(new SimulatedHttp(), options, play, names, nowMs);
    this.pipes = new PipePath(this.network, client, server);
  }

  // --- what the two ends do -------------------------------------------------------------------

  exchange(body: Uint8Array, signal: ExchangeSignal, peer: Peer): Promise<Outcome> {
    const { network } = this;
    const exchange = ++this.lastExchange;
    return new Promise((resolve) => {
      this.waiting.set(exchange, resolve);
      this.peers.set(exchange, peer);
      network.handleSent(network.http.sendRequest(exchange, body.slice(), network.nowMs));
      signal.addEventListener("abort", () => this.abort(exchange));
    });
  }

  private abort(exchange: number): void {
    const { network } = this;
    if (!this.waiting.has(exchange)) return;
    this.settle(exchange, { kind: "failure", reason: "aborted", isTooLarge: false });
    network.http.abort(exchange, network.requestSurvives(exchange));
    // A server that has the request sees that its connection is closed.
    this.leave((each) => each === exchange);
  }

  /** A process is gone: what a client has sent arrives all the same, what a server held is lost. */
  handleEnd(gone: End): void {
    const { network } = this;
    this.pipes.handleEnd(gone);
    if (gone === this.client) {
      for (const exchange of this.waiting.keys()) network.http.abort(exchange, true);
      this.waiting.clear();
      this.leave(() => true);
    }
    if (gone === this.server) {
      this.held.clear();
      network.dropHeld();
    }
  }

  /** A server that is asleep does not notice, and answers into nothing when it wakes. */
  private leave(isGone: (exchange: number) => boolean): void {
    const isAwake = this.server.awakeAtMs <= this.network.nowMs;
    for (const [handle, { exchange, leave }] of Array.from(this.held)) {
      if (isGone(exchange) && this.held.delete(handle) && isAwake) leave();
    }
  }

  /** Requests that the server holds and the client waits for, while nothing is on its way. */
  get parkedCount(): number {
    if (this.network.http.items.length > 0) return 0;
    const held = Array.from(this.held.values());
    return held.filter(({ exchange }) => this.waiting.has(exchange)).length;
  }

  // --- time -----------------------------------------------------------------------------------

  /** When something is to happen. */
  get nextAtMs(): number {
    let atMs = Math.min(this.network.nextAtMs, this.pipes.nextAtMs);
    for (const item of this.network.http.items) atMs = Math.min(atMs, this.dueAtMs(item));
    return atMs;
  }

  /** Time has come to `network.nowMs`: one thing happens. */
  handleTimeout(): void {
    const { network } = this;
    if (network.nextAtMs <= network.nowMs) {
      network.handleTimeout();
      return;
    }
    let next: Item | undefined;
    for (const item of network.http.items) {
      if (next === undefined || this.dueAtMs(item) < this.dueAtMs(next)) next = item;
    }
    if (this.pipes.nextAtMs < (next === undefined ? Infinity : this.dueAtMs(next))) {
      if (this.pipes.nextAtMs <= network.nowMs) this.pipes.handleTimeout();
      return;
    }
    if (next === undefined || this.dueAtMs(next) > network.nowMs) return;
    network.handleArrived(next);
    if (next.kind === "request") this.takeRequest(next);
    else this.takeAnswer(next);
  }

  private dueAtMs({ kind, atMs }: Item): number {
    return Math.max(atMs, kind === "request" ? this.server.awakeAtMs : this.client.awakeAtMs);
  }

  // --- arrivals -------------------------------------------------------------------------------

  private takeRequest(item: Item): void {
    const { http, nowMs, options } = this.network;
    const { exchange } = item;
    const { handler } = this.server;
    const peer = this.peers.get(exchange) as Peer;
    if (handler === undefined) {
      http.lose(item);
      // "Nothing was sent" is evidence: only who is refused with the one copy there is may say so.
      const isCopied = http.items.some((each) => each.exchange === exchange);
      const isNotSent = !isCopied && !this.arrived.has(exchange);
      if (!http.waiting.has(exchange)) return;
      http.fail(exchange, nowMs + options.down.latencyMs, isNotSent);
      return;
    }
    this.arrived.add(exchange);
    const handle = http.takeRequest(item);
    let isAnswered = false;
    const leave = handler.handleRequest(item.body.slice(), peer, (reply) => {
      isAnswered = true;
      this.held.delete(handle);
      // The process that held it may be gone.
      if (http.held.has(handle)) this.answer(handle, exchange, reply);
    });
    if (!isAnswered) this.held.set(handle, { exchange, leave });
  }

  private answer(handle: number, exchange: number, reply: Reply): void {
    const { http, nowMs, options } = this.network;
    const body = reply.kind === "answer" ? reply.body.slice() : new Uint8Array(0);
    const item = http.sendAnswer(handle, body, nowMs);
    if (item === undefined) return;
    if (reply.kind === "answer") {
      this.network.handleSent(item);
      return;
    }
    http.lose(item);
    http.answerWith(exchange, body, nowMs + options.down.latencyMs, REFUSED[reply.refusal]);
  }

  private takeAnswer(item: Item): void {
    const { kind, exchange, body, status, notSent } = item;
    this.network.http.takeAnswer(item);
    if (kind === "answer" && status === OK) {
      this.settle(exchange, { kind: "answer", bytes: body.slice() });
      return;
    }
    const failed = notSent ? "connection_refused" : "connection_reset";
    const reason = kind === "failure" ? failed : `http_${status}`;
    const isTooLarge = status === TOO_LARGE;
    this.settle(exchange, { kind: "failure", reason, isTooLarge, isNotSent: notSent });
  }

  private settle(exchange: number, outcome: Outcome): void {
    this.waiting.get(exchange)?.(outcome);
    this.waiting.delete(exchange);
  }
}
