/**
 * The server's host in a simulation of cores: what it comes to know beside requests and the time.
 *
 * Connections go while the server holds their requests: clients hang up or die, proxies lose
 * patience or restart. A host is told of some of them, a moment later, of others never; and what it
 * has answered in the meantime went into nothing.
 */
import { ENDPOINT_DEFAULTS, type ServerSession, type Verdict } from "../core/index.ts";
import { WELCOME } from "./cores.ts";
import type { MortalPair } from "./mortal-pair.ts";
import type { Network } from "./network/network.ts";
import type { Play } from "./play.ts";
import type { ServerHost } from "./simulation-options.ts";

/** What the server's host sees and does that is worth counting. */
export type ServerHostMark =
  | "seen gone"
  | "seen gone late"
  | "judged late"
  | "put off"
  | "turned away"
  | "drain"
  | "replaced";

/** A connection that has gone, and what the host is going to be told of. */
interface Gone {
  readonly atMs: number;
  readonly exchange: number;
  /** Requests that it held when the connection went. */
  readonly handles: readonly number[];
}

/** An opening that waits for its verdict. */
interface Judged {
  readonly atMs: number;
  readonly session: ServerSession;
  readonly verdict: Verdict;
}

/** The shortest pause of a server that drains, at most. */
const DRAIN_PAUSE_MIN_MS = 1_000;

/** A code of an application: it does not let this client in. */
const TURNED_AWAY = 7;

/** What the server's host is going to see. It moves as the network does. */
export class ServerHosting {
  /** What time it is; set by the world. */
  nowMs = 0;
  private readonly gone: Gone[] = [];
  /** Requests that the session had parked when it was told that they have gone. */
  private readonly seenGone: Map<number, ServerSession> = new Map();
  private judged: Judged[] = [];
  private openings = 0;
  private readonly turnedAway: Set<ServerSession> = new Set();
  /** Openings that wait: since when, by the server's clock. */
  private readonly askedAtMs: Map<ServerSession, number> = new Map();
  /** When a server that drains is replaced; Infinity: it does not drain. */
  private replacedAtMs = Infinity;
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
    pair.judging = (session): Verdict | undefined => this.judge(session);
  }

  /** When `handleTimeout` has something to do; Infinity: never, as it stands. */
  get nextAtMs(): number {
    let atMs = this.replacedAtMs;
    for (const each of this.gone) atMs = Math.min(atMs, each.atMs);
    for (const each of this.judged) atMs = Math.min(atMs, each.atMs);
    return atMs;
  }

  /** Whether the client's present session was told that this request's connection has gone. */
  hasGone(exchange: number): boolean {
    const { session } = this.pair;
    return session !== undefined && this.seenGone.get(exchange) === session;
  }

  /** The first thing happens that is due. */
  handleTimeout(): void {
    const { nextAtMs } = this;
    const at = this.gone.findIndex(({ atMs }) => atMs === nextAtMs);
    const [gone] = at < 0 ? [] : this.gone.splice(at, 1);
    if (gone !== undefined) {
      this.tellGone(gone);
      return;
    }
    if (this.replacedAtMs === nextAtMs) {
      this.play.mark("replaced");
      this.play.note(this.nowMs, "server", "is replaced");
      this.crash();
      return;
    }
    const first = this.judged.findIndex(({ atMs }) => atMs === nextAtMs);
    const [judged] = first < 0 ? [] : this.judged.splice(first, 1);
    if (judged !== undefined) this.tellVerdict(judged);
  }

  /** The server drains, and its process is going to be replaced. */
  get isDraining(): boolean {
    return this.replacedAtMs !== Infinity;
  }

  /** It drains, or owes a verdict: however still all else is, something is going to happen. */
  get isBusy(): boolean {
    return this.isDraining || this.judged.length > 0;
  }

  /** Action `name` begins to replace the server's process. */
  drain(name: string): void {
    const { play } = this;
    const { drainMs, drainPauseMs } = this.options;
    const leastMs = 1 + play.pick(DRAIN_PAUSE_MIN_MS, `${name}: clients pause for ms at least`);
    const mostMs = leastMs + play.pick(drainPauseMs + 1, `${name}: and for ms more at most`);
    this.replacedAtMs =
      this.nowMs + 1 + play.pick(drainMs + 1, `${name}: the server drains for ms`);
    play.note(this.nowMs, "server", `drains for ${this.replacedAtMs - this.nowMs} ms`);
    this.pair.beginDraining(leastMs, mostMs);
  }

  /** Whether the host has turned this opening away, or has not judged it in time. */
  hasRefused(session: ServerSession): boolean {
    const { verdictTimeoutMs = ENDPOINT_DEFAULTS.verdictTimeoutMs } =
      this.pair.options.server ?? {};
    const askedAtMs = this.askedAtMs.get(session) ?? Infinity;
    return this.turnedAway.has(session) || this.pair.clocks.server >= askedAtMs + verdictTimeoutMs;
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
    this.judged = [];
    this.replacedAtMs = Infinity;
    this.turnedAway.clear();
    this.askedAtMs.clear();
    this.pair.crashServer();
  }

  // --- openings -------------------------------------------------------------------------------

  private judge(session: ServerSession): Verdict | undefined {
    if (this.isHealed) return WELCOME;
    const { play } = this;
    const what = `opening ${++this.openings}`;
    const { verdictMs } = this.options;
    const verdict = this.pickVerdict(what);
    const isLate = verdictMs > 0 && play.happens("judged late", `${what} is judged late`, 500);
    if (verdict === WELCOME && !isLate) return verdict;
    const lateMs = isLate ? 1 + play.pick(verdictMs, `${what} is judged after ms`) : 0;
    this.judged.push({ atMs: this.nowMs + lateMs, session, verdict });
    this.askedAtMs.set(session, this.pair.clocks.server);
    return undefined;
  }

  private pickVerdict(what: string): Verdict {
    const { play } = this;
    const { putOffPermille, putOffMs, turnAwayPermille } = this.options;
    if (
      turnAwayPermille > 0 &&
      play.happens("turned away", `${what} is refused`, turnAwayPermille)
    ) {
      return { accepted: false, code: TURNED_AWAY };
    }
    if (putOffPermille > 0 && play.happens("put off", `${what} is put off`, putOffPermille)) {
      const pauseMs = 1 + play.pick(Math.max(1, putOffMs), `${what} is put off by ms`);
      return { accepted: "later", pauseMs };
    }
    return WELCOME;
  }

  private tellVerdict({ session, verdict }: Judged): void {
    if (verdict.accepted === false) this.turnedAway.add(session);
    this.play.note(this.nowMs, "server", `judges an opening: ${String(verdict.accepted)}`);
    this.pair.decide(session, verdict);
    // It was judged in time.
    if (session.side.state !== "ended") this.askedAtMs.delete(session);
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
