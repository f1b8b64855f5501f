/**
 * Sessions that come back after silence (spec http 3 [HTTP-9]): their requests wait while the
 * application is asked again who the client is. One question a session; its other requests wait for
 * the same answer. A no refuses the requests and leaves the session alone: a secret in wrong hands
 * must not end it.
 */
import type { ServerSession } from "../core/index.ts";
import type { Host } from "./host.ts";
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
  readonly timeoutMs: number;
  /** Requests of one session that wait at most. */
  readonly waitingMax: number;
  /** Questions at once. */
  readonly pendingMax: number;
  /** The application failed to answer. */
  readonly onError: (error: unknown, session: ServerSession) => void;
}

export class Reauthentication {
  readonly #host: Host;
  readonly #authenticate: Authenticate;
  readonly #options: ReauthenticationOptions;
  readonly #questions: Map<ServerSession, Set<Waiting>> = new Map();

  constructor(host: Host, authenticate: Authenticate, options: ReauthenticationOptions) {
    this.#host = host;
    this.#authenticate = authenticate;
    this.#options = options;
  }

  /** Whether a request of this session has to wait for an answer. */
  isNeeded(nowMs: number, session: ServerSession): boolean {
    if (this.#questions.has(session)) return true;
    // An opening has a verdict of its own.
    return (
      session.verdictAtMs === Infinity && nowMs >= session.side.lastHeardMs + this.#options.afterMs
    );
  }

  /** Asks, or waits for what was asked already. Returns what takes the request out. */
  wait(session: ServerSession, peer: Peer, waiting: Waiting): () => void {
    const others = this.#questions.get(session);
    const isFull =
      others === undefined
        ? this.#questions.size >= this.#options.pendingMax
        : others.size >= this.#options.waitingMax;
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
    const { timeoutMs, onError } = this.#options;
    const answer = await ask(this.#host, this.#authenticate, peer, timeoutMs, (error) => {
      onError(error, session);
    });
    const waiting = this.#questions.get(session) as Set<Waiting>;
    this.#questions.delete(session);
    for (const { proceed, refuse } of waiting) {
      if (answer.kind === "failed") refuse("internal");
      else if (answer.kind === "yes" && answer.principal === session.origin.principal) proceed();
      else refuse("unauthenticated");
    }
  }
}

export type Answer =
  | { readonly kind: "yes"; readonly principal: string }
  /** Also when it takes too long, or says what is neither a principal nor a no. */
  | { readonly kind: "no" }
  /** It threw: that is no verdict. */
  | { readonly kind: "failed" };

/** What the application says. `onError` is told of its mistakes. */
export async function ask(
  host: Host,
  authenticate: Authenticate,
  peer: Peer,
  timeoutMs: number,
  onError: (error: unknown) => void,
): Promise<Answer> {
  let timer: unknown;
  const timeout = new Promise<undefined>((resolve) => {
    timer = host.setTimer(() => resolve(undefined), timeoutMs, true);
  });
  // The core is being drained: no code of the application runs before that is done.
  const answer = Promise.resolve().then(() => authenticate(peer));
  try {
    const principal: unknown = await Promise.race([answer, timeout]);
    if (typeof principal === "string") return { kind: "yes", principal };
    if (principal !== undefined) onError(mistake(principal));
    return { kind: "no" };
  } catch (error) {
    onError(error);
    return { kind: "failed" };
  } finally {
    host.clearTimer(timer);
  }
}

/** A `true` is none of the application's names, and must not become one. */
function mistake(returned: unknown): TypeError {
  const what = typeof returned === "object" ? "an object" : String(returned);
  return new TypeError(`authenticate gave ${what}: a principal is a string, and no is undefined`);
}
