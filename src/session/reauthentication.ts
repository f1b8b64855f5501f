/**
 * Sessions that come back after silence: their requests wait while the application is asked again
 * who the client is. One question a session; its other requests wait for the same answer. A no
 * refuses the requests and leaves the session alone: a secret in wrong hands must not end it.
 */
import { ENDPOINT_DEFAULTS, type ServerSession } from "../core/index.ts";
import type { Peer, Refusal } from "./peer.ts";
import type { Authenticate } from "./server.ts";

interface Waiting {
  readonly proceed: () => void;
  readonly refuse: (refusal: Refusal) => void;
}

export interface ReauthenticationOptions {
  /** Silence after which a session is asked for. */
  readonly afterMs: number;
  /** A question without an answer is a no after so long. */
  readonly timeoutMs: number | undefined;
  /** Requests of one session that wait at most. */
  readonly waitingMax: number | undefined;
  /** Questions at once. */
  readonly pendingMax: number | undefined;
}

export class Reauthentication {
  readonly #authenticate: Authenticate;
  readonly #afterMs: number;
  readonly #timeoutMs: number;
  readonly #waitingMax: number;
  readonly #pendingMax: number;
  readonly #questions: Map<ServerSession, Set<Waiting>> = new Map();

  constructor(authenticate: Authenticate, options: ReauthenticationOptions) {
    this.#authenticate = authenticate;
    this.#afterMs = options.afterMs;
    this.#timeoutMs = options.timeoutMs ?? ENDPOINT_DEFAULTS.verdictTimeoutMs;
    this.#waitingMax = options.waitingMax ?? ENDPOINT_DEFAULTS.requestsHeldMax;
    this.#pendingMax = options.pendingMax ?? ENDPOINT_DEFAULTS.pendingMax;
  }

  /** Whether a request of this session has to wait for an answer. */
  isNeeded(nowMs: number, session: ServerSession): boolean {
    if (this.#questions.has(session)) return true;
    // An opening has a verdict of its own.
    return session.verdictAtMs === Infinity && nowMs >= session.side.lastHeardMs + this.#afterMs;
  }

  /** Asks, or waits for what was asked already. Returns what takes the request out. */
  wait(session: ServerSession, peer: Peer, waiting: Waiting): () => void {
    const others = this.#questions.get(session);
    const isFull =
      others === undefined
        ? this.#questions.size >= this.#pendingMax
        : others.size >= this.#waitingMax;
    if (isFull) {
      waiting.refuse("overloaded");
      return () => {};
    }
    const all = others ?? new Set<Waiting>();
    all.add(waiting);
    if (others === undefined) {
      this.#questions.set(session, all);
      void this.#ask(session, peer);
    }
    return () => all.delete(waiting);
  }

  async #ask(session: ServerSession, peer: Peer): Promise<void> {
    const principal = await within(this.#timeoutMs, this.#authenticate, peer);
    const waiting = this.#questions.get(session);
    this.#questions.delete(session);
    for (const { proceed, refuse } of waiting ?? []) {
      if (principal !== undefined && principal === session.origin.principal) proceed();
      else refuse("unauthenticated");
    }
  }
}

/** What the application says; undefined if it fails or takes too long. */
export async function within(
  timeoutMs: number,
  authenticate: Authenticate,
  peer: Peer,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    const principal: unknown = await Promise.race([authenticate(peer), timeout]);
    return typeof principal === "string" ? principal : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
