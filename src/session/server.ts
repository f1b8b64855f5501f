/**
 * A server's sessions: what adapters hand requests to, and what makes a `Session` of each that was
 * admitted. Drives one core for all of them; holds no state of the protocol.
 */
import {
  type ApplicationOutput,
  type Claim,
  END_CODES,
  Endpoint,
  type EndpointOptions,
  ENDPOINT_DEFAULTS,
  type ServerSession,
  TICKET_BYTES,
  type Verdict,
} from "../core/index.ts";
import { assert } from "../core/errors.ts";
import { checkNames, unsentBytesMaxOf, within } from "../core/options.ts";
import { checkFunction, type Optional, refuse, withoutUndefined } from "./checks.ts";
import { checkCodec, type CodecFactory } from "./codec.ts";
import { CODE_MAX } from "./errors.ts";
import { type Host, platform, randomWord } from "./host.ts";
import { LARGE_BODY_BYTES, REAUTHENTICATE_MARGIN_MS, SERVER_LOST_AFTER_MS } from "./limits.ts";
import { msgpack } from "./msgpack.ts";
import type { Peer, PipeEvents, Reply, RequestHandler, ServerPipe } from "./peer.ts";
import { type Answer, ask, Reauthentication } from "./reauthentication.ts";
import { Session } from "./session.ts";
import { type Driver, SessionHub } from "./session-hub.ts";
import { Unreachable } from "./unreachable.ts";
import { WakeTimer } from "./wake-timer.ts";

export type { Address, Claim, LiteralOptions } from "../core/index.ts";
export type { Peer, PipeEvents, Refusal, Reply, RequestHandler, ServerPipe } from "./peer.ts";

/**
 * Who may have a session. Returns the principal: the name under which the application knows the
 * client, or "" for nobody in particular; undefined for no. A throw or a rejection is no verdict:
 * `onError` is told, and the client tries again later. Anything else that is returned is a mistake:
 * `onError` is told, and it means no.
 */
export type Authenticate = (peer: Peer) => string | undefined | Promise<string | undefined>;

const DAY_MS = 86_400_000;

/**
 * For how long a client stays away when `authenticate` has failed: about what a restart of what it
 * asks takes, and for each client another time, so that they do not come back all at once.
 */
const VERDICT_PAUSE_MIN_MS = 1_000;
const VERDICT_PAUSE_MAX_MS = 5_000;

/** What is handed on to the core; the rest of its options is this layer's. */
const { consume: _, seed: __, authenticate: ___, ...LIMITS } = ENDPOINT_DEFAULTS;

/** A session at the server, with what is known of its client. */
export class PeerSession<Incoming = unknown, Outgoing = unknown> extends Session<
  Incoming,
  Outgoing
> {
  /** What `authenticate` said. */
  readonly principal: string;
  /** The client's address when it opened the session, as the adapter named it. */
  readonly address: string;

  /** @internal Made by the library. */
  constructor(hub: SessionHub, principal: string, address: string) {
    super(hub);
    this.principal = principal;
    this.address = address;
  }
}

/**
 * Told of each session. If it throws, or returns a promise that rejects, nobody serves the session
 * any more: it is aborted with the detail `service_failed`, and `onError` gets the error, unless
 * that is the peer's doing, of which the session's `ended` tells: the `SessionEndedError` out of a
 * loop for one. If the promise resolves, the session stays, as others may serve it: close it
 * yourself.
 */
export type SessionListener<Incoming, Outgoing> = (
  session: PeerSession<Incoming, Outgoing>,
  peer: Peer,
) => void | Promise<void>;

/** What a server can be told; limits and times are the core's, with its defaults. */
export interface ServerOptions<Incoming, Outgoing> extends Optional<
  Omit<EndpointOptions, "consume" | "authenticate" | "seed">
> {
  /** A client was admitted. `peer` is its first request, with its headers: do not keep it. */
  readonly onSession: SessionListener<Incoming, Outgoing>;
  /** Default: everybody may, as nobody in particular. */
  readonly authenticate?: Authenticate | undefined;
  /**
   * A session that comes back after so long without a request is authenticated again, and must be
   * the same principal. Default: 5 s more than `holdTimeMs`, so 30 s, as a healthy client's parked
   * request comes back within `holdTimeMs`.
   */
  readonly reauthenticateAfterMs?: number | undefined;
  /** A session with no request parked for so long is told as `lost`. Default 5 s. */
  readonly lostAfterMs?: number | undefined;
  /** Default `msgpack`; must be the clients'. */
  readonly codec?: CodecFactory | undefined;
  /**
   * Told what the application's functions threw: `onSession`, `authenticate`, callbacks and
   * listeners of sessions. Except for `onSession`, the session goes on; abort it if it must not.
   * What is the peer's doing is not told here. Default: `console.error`.
   */
  readonly onError?:
    | ((error: unknown, session?: PeerSession<Incoming, Outgoing>) => void)
    | undefined;
}

/** A request that waits for its answer. */
interface Held {
  readonly reply: (reply: Reply) => void;
  session: ServerSession | undefined;
}

/** What all that it serves share of a server. */
interface Serving<Incoming, Outgoing> {
  readonly host: Host;
  readonly codec: CodecFactory;
  touch(session: ServerSession, hub: SessionHub): void;
  transmit(session: ServerSession): void;
  report(error: unknown, session: PeerSession<Incoming, Outgoing>): void;
}

/**
 * A session that was admitted. A class: functions of each one's own would be a good part of what an
 * idle session takes.
 */
class Served<Incoming, Outgoing> implements Driver {
  readonly hub: SessionHub;
  readonly session: PeerSession<Incoming, Outgoing>;
  readonly #of: ServerSession;
  readonly #by: Serving<Incoming, Outgoing>;

  constructor(of: ServerSession, by: Serving<Incoming, Outgoing>, address: string) {
    this.#of = of;
    this.#by = by;
    this.hub = new SessionHub(of.side, this, by.codec);
    this.session = new PeerSession(this.hub, of.origin.principal ?? "", address);
  }

  get host(): Host {
    return this.#by.host;
  }

  touch(): void {
    this.#by.touch(this.#of, this.hub);
  }

  transmit(): void {
    this.#by.transmit(this.#of);
  }

  report(error: unknown): void {
    this.#by.report(error, this.session);
  }
}

/**
 * The sessions of one server. An adapter hands requests in: `nodeListener` of `holdfast/http/node`,
 * `fetchHandler` of `holdfast/http/fetch`, or one of your own.
 */
export class SessionServer<Incoming = unknown, Outgoing = unknown> implements RequestHandler {
  /** Largest body that is worth reading: the option `bodyBytesMax`. */
  readonly bodyBytesMax: number;
  readonly #host: Host;
  readonly #endpoint: Endpoint;
  readonly #onSession: ServerOptions<Incoming, Outgoing>["onSession"];
  readonly #onError: NonNullable<ServerOptions<Incoming, Outgoing>["onError"]>;
  readonly #authenticate: Authenticate | undefined;
  readonly #serving: Serving<Incoming, Outgoing>;
  readonly #timer: WakeTimer;
  readonly #held: Map<number, Held> = new Map();
  readonly #pipes: Map<number, ServerPipe> = new Map();
  /** Whose the streams are that were named and then taken. */
  readonly #takers: Map<number, ServerSession> = new Map();
  readonly #served: Map<ServerSession, Served<Incoming, Outgoing>> = new Map();
  /** Whose first requests wait for a verdict. */
  readonly #openers: Map<ServerSession, Peer> = new Map();
  /** Sessions that were given commands in this tick. */
  readonly #touched: Map<ServerSession, SessionHub> = new Map();
  /** Sessions of which a request came or went since the endpoint was last drained. */
  readonly #moved: Set<ServerSession> = new Set();
  /** Hubs with something to tell their applications. */
  readonly #unsettled: Set<SessionHub> = new Set();
  readonly #reauthentication: Reauthentication | undefined;
  readonly #unreachable: Unreachable;
  #nextHandle = 1;
  #isTurnPlanned = false;
  readonly #verdictTimeoutMs: number;
  readonly #unsentBytesMax: number;

  /** @throws UsageError `option_invalid`, `option_unknown`. */
  constructor(options: ServerOptions<Incoming, Outgoing>);
  /** @internal In another host than the platform. */
  constructor(options: ServerOptions<Incoming, Outgoing>, host: Host);
  constructor(options: ServerOptions<Incoming, Outgoing>, host: Host = platform) {
    // Without types nothing keeps anybody from leaving them out.
    if (Object(options) !== options) refuse("options", options, "an object with onSession");
    const given = withoutUndefined(options);
    const { onSession, authenticate, codec = msgpack, onError = printError, ...others } = given;
    const holdTimeMs = others.holdTimeMs ?? ENDPOINT_DEFAULTS.holdTimeMs;
    const {
      reauthenticateAfterMs = holdTimeMs + REAUTHENTICATE_MARGIN_MS,
      lostAfterMs = SERVER_LOST_AFTER_MS,
      ...limits
    } = others;
    checkFunction(onSession, "onSession");
    checkFunction(onError, "onError");
    checkCodec(codec);
    // What is the session layer's own business.
    checkNames(limits, LIMITS);
    if (authenticate !== undefined) checkFunction(authenticate, "authenticate");
    // A time that is no number would compare as false, and nobody would be asked again.
    within(reauthenticateAfterMs, 0, DAY_MS, "reauthenticateAfterMs");
    within(lostAfterMs, 0, DAY_MS, "lostAfterMs");
    this.#host = host;
    this.#timer = new WakeTimer(host, () => this.#touch(), true);
    this.#onSession = onSession;
    this.#onError = onError;
    this.#authenticate = authenticate;
    this.#serving = {
      host,
      codec,
      touch: (session, hub) => {
        // After the end nothing moves any more.
        if (this.#served.has(session)) this.#touched.set(session, hub);
        this.#touch();
      },
      transmit: (session) => this.#transmit(session),
      report: (error, session) => this.#report(error, session),
    };
    this.#verdictTimeoutMs = limits.verdictTimeoutMs ?? ENDPOINT_DEFAULTS.verdictTimeoutMs;
    this.bodyBytesMax = limits.bodyBytesMax ?? ENDPOINT_DEFAULTS.bodyBytesMax;
    const pipeBytesMax = limits.pipeBytesMax ?? ENDPOINT_DEFAULTS.pipeBytesMax;
    this.#unsentBytesMax = unsentBytesMaxOf({ pipeBytesMax, bodyBytesMax: this.bodyBytesMax });
    this.#endpoint = new Endpoint(host.nowMs(), {
      ...limits,
      consume: "explicit",
      authenticate: authenticate !== undefined,
      // 0 is no seed.
      seed: 1 + (randomWord(host) >>> 1),
    });
    this.#unreachable = new Unreachable(lostAfterMs);
    if (authenticate === undefined) return;
    this.#reauthentication = new Reauthentication(host, authenticate, {
      onError: (error, session) => this.#report(error, this.#served.get(session)?.session),
      afterMs: reauthenticateAfterMs,
      timeoutMs: this.#verdictTimeoutMs,
      waitingMax: limits.requestsHeldMax ?? ENDPOINT_DEFAULTS.requestsHeldMax,
      pendingMax: limits.pendingMax ?? ENDPOINT_DEFAULTS.pendingMax,
    });
  }

  // --- for adapters ---------------------------------------------------------------------------

  handleRequest(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void {
    const session = this.#endpoint.recognise(body);
    const reauthentication = this.#reauthentication;
    if (session === undefined || reauthentication?.isNeeded(this.#host.nowMs(), session) !== true) {
      return this.#hand(body, peer, reply);
    }
    let gone = (): void => {};
    const leave = reauthentication.wait(session, peer, {
      proceed: () => (gone = this.#hand(body, peer, reply)),
      refuse: (refusal) => reply({ kind: "refusal", refusal }),
    });
    return () => {
      leave();
      gone();
    };
  }

  #hand(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void {
    const handle = this.#nextHandle++;
    const held: Held = { reply, session: undefined };
    this.#held.set(handle, held);
    // Who sent it was looked at when the session opened: from then on its secret speaks.
    const origin = { address: peer.address, principal: undefined };
    const session = this.#endpoint.handleRequest(this.#host.nowMs(), handle, body, origin);
    held.session = session;
    if (session !== undefined) {
      if (!this.#served.has(session) && !this.#openers.has(session)) {
        this.#openers.set(session, peer);
      }
      this.#moved.add(session);
    }
    this.#settle();
    this.#endTick(body);
    return () => {
      if (!this.#held.delete(handle) || session === undefined) return;
      this.#endpoint.handleGone(session, handle);
      this.#noteMoved(session);
    };
  }

  handlePipe(opener: Peer, pipe: ServerPipe, claim?: Claim, ticket?: Uint8Array): PipeEvents {
    const handle = this.#nextHandle++;
    this.#pipes.set(handle, pipe);
    let session = ticket === undefined ? undefined : this.#joinAnnounced(handle, ticket);
    let leave: (() => void) | undefined;
    // Until it is known whose the pipe is, which may last for long: its request is large.
    let peer: Peer | undefined = session === undefined ? opener : undefined;
    const begin = (body: Uint8Array, from: Peer): void => {
      leave = undefined;
      session = this.#joinPipe(handle, body, from, claim);
      if (session !== undefined) peer = undefined;
    };
    return {
      body: (bytes) => {
        if (!this.#pipes.has(handle)) return;
        if (session !== undefined) {
          this.#endpoint.handlePipeBody(this.#host.nowMs(), session, handle, bytes);
          this.#moved.add(session);
          this.#settle();
          this.#endTick(bytes);
        } else if (leave === undefined && peer !== undefined) {
          const known = this.#endpoint.recognise(bytes, claim);
          const reauthentication = this.#reauthentication;
          const from = peer;
          if (
            known === undefined ||
            reauthentication?.isNeeded(this.#host.nowMs(), known) !== true
          ) {
            begin(bytes, from);
            return;
          }
          leave = reauthentication.wait(known, from, {
            proceed: () => begin(bytes, from),
            refuse: () => this.#hangUp(handle),
          });
        } else {
          // Whoever says more before it is known who it is has not waited to be greeted.
          leave?.();
          this.#hangUp(handle);
        }
      },
      gone: () => {
        leave?.();
        if (!this.#pipes.delete(handle) || session === undefined) return;
        this.#endpoint.handlePipeGone(this.#host.nowMs(), session, handle);
        this.#noteMoved(session);
      },
    };
  }

  handleStream(ticket: Uint8Array, _peer: Peer, pipe: ServerPipe): (() => void) | undefined {
    if (ticket.length === 0) return this.#nameStream(pipe);
    if (this.#mustAskAgain(ticket)) return undefined;
    const handle = this.#nextHandle++;
    this.#pipes.set(handle, pipe);
    const session = this.#endpoint.handleStream(this.#host.nowMs(), handle, ticket);
    if (session === undefined) {
      this.#pipes.delete(handle);
      return undefined;
    }
    this.#noteMoved(session);
    return () => {
      if (!this.#pipes.delete(handle)) return;
      this.#endpoint.handlePipeGone(this.#host.nowMs(), session, handle);
      this.#noteMoved(session);
    };
  }

  /**
   * Whether a ticket is as good as unknown, as it is time to ask who its client is: a ticket does not
   * say that, but the body that follows does, and offers another one [HTTP-11] [PIPE-14].
   */
  #mustAskAgain(ticket: Uint8Array): boolean {
    const known = this.#endpoint.recogniseTicket(ticket);
    if (known === undefined) return false;
    return this.#reauthentication?.isNeeded(this.#host.nowMs(), known) === true;
  }

  /** A connection has shown a ticket before its first body has come. */
  #joinAnnounced(handle: number, ticket: Uint8Array): ServerSession | undefined {
    if (this.#mustAskAgain(ticket)) return undefined;
    const session = this.#endpoint.handleAnnounced(this.#host.nowMs(), handle, ticket);
    if (session !== undefined) this.#noteMoved(session);
    return session;
  }

  /** A stream whose session, if any, will name it by a request. */
  #nameStream(pipe: ServerPipe): (() => void) | undefined {
    const handle = this.#nextHandle++;
    this.#pipes.set(handle, pipe);
    const name = this.#host.randomBytes(TICKET_BYTES);
    if (!this.#endpoint.nameStream(this.#host.nowMs(), handle, name)) {
      this.#pipes.delete(handle);
      return undefined;
    }
    this.#settle();
    this.#touch();
    return () => {
      if (!this.#pipes.delete(handle)) return;
      const session = this.#takers.get(handle);
      this.#takers.delete(handle);
      if (session === undefined) {
        this.#endpoint.handleNamedGone(handle);
        return;
      }
      this.#endpoint.handlePipeGone(this.#host.nowMs(), session, handle);
      this.#noteMoved(session);
    };
  }

  /** The first body of a pipe says whose it is. */
  #joinPipe(
    handle: number,
    body: Uint8Array,
    peer: Peer,
    claim: Claim | undefined,
  ): ServerSession | undefined {
    const origin = { address: peer.address, principal: undefined };
    const session = this.#endpoint.handlePipe(this.#host.nowMs(), handle, body, origin, claim);
    if (session !== undefined) {
      if (!this.#served.has(session) && !this.#openers.has(session)) {
        this.#openers.set(session, peer);
      }
      this.#moved.add(session);
    }
    this.#settle();
    this.#touch();
    return session;
  }

  #noteMoved(session: ServerSession): void {
    this.#moved.add(session);
    this.#settle();
    this.#touch();
  }

  #hangUp(handle: number): void {
    const pipe = this.#pipes.get(handle);
    this.#pipes.delete(handle);
    this.#takers.delete(handle);
    // Last: an adapter that tells of the end at once tells it of nothing that is known.
    pipe?.close();
  }

  // --- for the application --------------------------------------------------------------------

  /** The sessions that live, of which some may be closing and take no more messages. */
  get sessions(): PeerSession<Incoming, Outgoing>[] {
    const all = [...this.#served.values()].map(({ session }) => session);
    return all.filter(({ status }) => status.state !== "ended");
  }

  /**
   * Before the process goes down: every client gets what waits for it and is asked to stay away for
   * a time between the two bounds, each for another one, so that they do not come back all at once.
   * New sessions are asked to come later. Messages can still be sent; they wait.
   *
   * Defaults: 1 s and 5 s, about what a restart takes.
   *
   * @throws UsageError `option_invalid` for a pause of less than 1 ms or more than an hour.
   */
  drain(pauseMinMs = 1_000, pauseMaxMs = 5_000): void {
    this.#endpoint.drain(this.#host.nowMs(), pauseMinMs, pauseMaxMs);
    this.#touch();
  }

  /**
   * Ends every session at once: clients are told `peer-ended` with `code` (1 to 0xfff; default 1)
   * and `reason`. Those that had no request parked hear it when they ask, as long as requests are
   * handed in. No session opens any more. Keeps no process alive.
   *
   * @throws UsageError `option_invalid` for another code.
   */
  abort(code: number = END_CODES.application, reason = ""): void {
    within(code, END_CODES.application, CODE_MAX, "code");
    this.drain();
    this.#endpoint.abortAll(this.#host.nowMs(), code, reason);
  }

  // --- driving --------------------------------------------------------------------------------

  #touch(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    this.#host.atEndOfTick(() => this.#turn());
  }

  /** A large body ends its tick; what came with a small one may be answered together with others. */
  #endTick({ length }: Uint8Array): void {
    if (length >= LARGE_BODY_BYTES) this.#turn();
    else this.#touch();
  }

  /** The end of the tick: now the core speaks. */
  #turn(): void {
    this.#isTurnPlanned = false;
    const nowMs = this.#host.nowMs();
    for (const [session, hub] of this.#touched) {
      hub.beforeTransmit(nowMs);
      this.#endpoint.touch(session);
      this.#unsettled.add(hub);
    }
    this.#touched.clear();
    for (const hub of this.#unreachable.takeLost(nowMs)) this.#unsettled.add(hub);
    this.#drain();
    this.#endpoint.handleTimeout(nowMs);
    this.#settle();
    const { atMs } = this.#endpoint.nextTimeout();
    this.#timer.set(Math.min(atMs, this.#unreachable.nextAtMs), nowMs);
  }

  /** The same for one session, whose turn comes nevertheless; the applications hear of it then. */
  #transmit(session: ServerSession): void {
    if (!this.#served.has(session)) return;
    // Not by the endpoint, which would look at all that had their turn in this tick.
    session.side.handleTimeout(this.#host.nowMs());
    this.#endpoint.touch(session);
    this.#drain();
  }

  /** Does what the core asks for, and then tells the applications. A turn follows. */
  #settle(): void {
    this.#drain();
    const nowMs = this.#moved.size > 0 ? this.#host.nowMs() : 0;
    for (const session of this.#moved) {
      const hub = this.#served.get(session)?.hub;
      if (hub === undefined) continue;
      this.#unreachable.note(nowMs, hub, session.side.isReachable);
      this.#unsettled.add(hub);
    }
    this.#moved.clear();
    for (const hub of this.#unsettled) {
      this.#unsettled.delete(hub);
      hub.settle();
    }
  }

  /** Does what the core asks for. */
  #drain(): void {
    for (;;) {
      const output = this.#endpoint.pollOutput();
      if (output === undefined) return;
      switch (output.kind) {
        case "respond":
          this.#respond(output.handle, output.body);
          break;
        case "transmit":
          this.#write(output.handle, output.body);
          break;
        case "hang-up":
          this.#hangUp(output.handle);
          break;
        case "stream-taken":
          this.#takers.set(output.handle, output.session);
          break;
        case "authenticate":
          void this.#admit(output.session);
          break;
        case "session":
          this.#handleOutput(output.session, output.output);
      }
    }
  }

  #write(handle: number, body: Uint8Array): void {
    const pipe = this.#pipes.get(handle);
    if (pipe === undefined) return;
    pipe.write(body);
    // Its end, which the adapter tells, has the rest go by another link.
    if ((pipe.unsentBytes ?? 0) > this.#unsentBytesMax) pipe.cut?.();
  }

  #respond(handle: number, body: Uint8Array): void {
    const held = this.#held.get(handle);
    // Its connection has gone.
    if (held === undefined) return;
    this.#held.delete(handle);
    if (held.session !== undefined) this.#moved.add(held.session);
    held.reply({ kind: "answer", body });
  }

  async #admit(session: ServerSession): Promise<void> {
    const peer = this.#openers.get(session);
    const authenticate = this.#authenticate;
    assert(peer !== undefined && authenticate !== undefined, "nobody_to_ask_about");
    const onError = (error: unknown): void => this.#report(error);
    const answer = await ask(this.#host, authenticate, peer, this.#verdictTimeoutMs, onError);
    this.#endpoint.handleVerdict(this.#host.nowMs(), session, verdictOf(answer, this.#host));
    this.#settle();
    this.#touch();
  }

  #handleOutput(session: ServerSession, output: ApplicationOutput): void {
    if (output.kind === "opened") this.#open(session);
    // A pipe that a timer gave up: nothing came or went.
    if (output.kind === "pipe-gone") this.#moved.add(session);
    const hub = this.#served.get(session)?.hub;
    if (output.kind === "ended") {
      this.#openers.delete(session);
      this.#served.delete(session);
      this.#touched.delete(session);
    }
    // A session that was refused never had one.
    if (hub === undefined) return;
    hub.handleOutput(output);
    this.#unsettled.add(hub);
    if (output.kind === "ended") this.#unreachable.forget(hub);
  }

  /** The session is the application's from now on. */
  #open(serverSession: ServerSession): void {
    const peer = this.#openers.get(serverSession);
    assert(peer !== undefined, "opened_by_nobody");
    this.#openers.delete(serverSession);
    const served = new Served(serverSession, this.#serving, peer.address);
    this.#served.set(serverSession, served);
    this.#serve(served, peer);
  }

  /** By itself: what lives as long as the session must not keep the request that opened it. */
  #serve({ hub, session }: Served<Incoming, Outgoing>, peer: Peer): void {
    // A throw is a rejection of a service that never began.
    hub.tell(() => {
      const serve = async (): Promise<void> => this.#onSession(session, peer);
      serve().catch((error: unknown) => hub.failService(error));
    });
  }

  /** Never throws. */
  #report(error: unknown, session?: PeerSession<Incoming, Outgoing>): void {
    try {
      this.#onError(error, session);
    } catch (second) {
      console.error(error, second);
    }
  }
}

function verdictOf(answer: Answer, host: Host): Verdict {
  if (answer.kind === "yes") return { accepted: true, principal: answer.principal };
  if (answer.kind === "failed") {
    const spanMs = VERDICT_PAUSE_MAX_MS - VERDICT_PAUSE_MIN_MS;
    const pauseMs = VERDICT_PAUSE_MIN_MS + (randomWord(host) % (spanMs + 1));
    return { accepted: "later", pauseMs };
  }
  return { accepted: false, reason: "unauthenticated" };
}

function printError(error: unknown): void {
  console.error(error);
}
