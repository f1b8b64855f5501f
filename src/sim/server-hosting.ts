/**
 * The server's host in a simulation of cores: what it comes to know beside requests and the time.
 *
 * Connections go while the server holds their requests: clients hang up or die, proxies lose
 * patience or restart. A host is told of some of them, a moment later, of others never; and what it
 * has answered in the meantime went into nothing.
 */
import type { ServerSession } from "../core/index.ts";
import type { MortalPair } from "./mortal-pair.ts";
import type { Network } from "./network/network.ts";
import type { Play } from "./play.ts";
import type { ServerHost } from "./simulation-options.ts";

/** What the server's host sees and does that is worth counting. */
export type ServerHostMark = "seen gone" | "seen gone late";

/** A connection that has gone, and what the host is going to be told of. */
interface Gone {
  readonly atMs: number;
  readonly exchange: number;
  /** Requests that it held when the connection went. */
  readonly handles: readonly number[];
}

/** What the server's host is going to see. It moves as the network does. */
export class ServerHosting {
  /** What time it is; set by the world. */
  nowMs = 0;
  private readonly gone: Gone[] = [];
  /** Requests that the session had parked when it was told that they have gone. */
  private readonly seenGone: Map<number, ServerSession> = new Map();
  private isHealed = false;
  private readonly pair: MortalPair;
  private readonly network: Network;
  private readonly options: ServerHost;
  private readonly play: Play;

  /** `play` decides. */
  constructor(pair: MortalPair, network: Network, options: ServerHost, play: Play) {
    this.pair = pair;
    this.network = network;
    this.options = options;
    this.play = play;
    this.listen();
  }

  /** When `handleTimeout` has something to do; Infinity: never, as it stands. */
  get nextAtMs(): number {
    let atMs = Infinity;
    for (const each of this.gone) atMs = Math.min(atMs, each.atMs);
    return atMs;
  }

  /** Whether the session that the client has now was told that this request's connection has gone. */
  hasGone(exchange: number): boolean {
    const { session } = this.pair;
    return session !== undefined && this.seenGone.get(exchange) === session;
  }

  /** The first thing happens that is due. */
  handleTimeout(): void {
    const { nextAtMs } = this;
    const at = this.gone.findIndex(({ atMs }) => atMs === nextAtMs);
    const [gone] = at < 0 ? [] : this.gone.splice(at, 1);
    if (gone !== undefined) this.tellGone(gone);
  }

  /** From now on everything is seen at once, or not at all. */
  heal(): void {
    this.isHealed = true;
  }

  /** The process is gone, with all connections, and what it was going to be told. */
  crash(): void {
    this.network.whenGone = undefined;
    this.network.dropHeld();
    this.listen();
    this.gone.length = 0;
    this.seenGone.clear();
  }

  // --- connections ----------------------------------------------------------------------------

  private listen(): void {
    this.network.whenGone = (exchange): void => this.handleGone(exchange);
  }

  private handleGone(exchange: number): void {
    const { goneToldPermille, goneToldMs } = this.options;
    if (goneToldPermille === 0 || this.isHealed) return;
    const what = `the server sees ${this.network.nameOf("request", exchange)} go`;
    if (this.play.pick(2, what, goneToldPermille) === 0) return;
    const lateMs = goneToldMs === 0 ? 0 : this.play.pick(goneToldMs + 1, `${what} after ms`);
    this.gone.push({ atMs: this.nowMs + lateMs, exchange, handles: this.heldOf(exchange) });
  }

  private tellGone({ exchange, handles }: Gone): void {
    const { pair } = this;
    const held = this.heldOf(exchange);
    // A connection brings its request before the news of its own end.
    const { items } = pair.http;
    const coming = items.find((each) => each.kind === "request" && each.exchange === exchange);
    if (held.length === 0 && coming !== undefined) {
      this.gone.push({ atMs: Math.max(this.nowMs, coming.atMs) + 1, exchange, handles });
      return;
    }
    for (const handle of new Set([...handles, ...held])) {
      const isHeld = pair.http.held.has(handle);
      this.play.mark(isHeld ? "seen gone" : "seen gone late");
      const name = this.network.nameOf("request", exchange);
      this.play.note(this.nowMs, "server", `sees that ${name} has gone`);
      const { session } = pair;
      const isParked = session?.side.parked.some((parked) => parked.handle === handle) === true;
      if (session !== undefined && isParked) this.seenGone.set(exchange, session);
      pair.tellGone(handle);
    }
  }

  private heldOf(exchange: number): number[] {
    const handles: number[] = [];
    for (const [handle, its] of this.pair.http.held) if (its === exchange) handles.push(handle);
    return handles;
  }
}
