/**
 * What a session needs of whatever carries its bodies: a write request and a read request, that is,
 * an exchange. Nothing here knows HTTP. A carrier holds no state of the protocol, never throws and
 * never rejects: whatever goes wrong is an outcome.
 */

import type { RequestUse } from "../core/index.ts";
import type { PipeCarrier } from "./pipe-carrier.ts";

/** How an exchange ended. */
export type Outcome =
  /** A body came whole. It may be anybody's; the core looks at it. */
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | {
      readonly kind: "failure";
      /** Short and machine-readable, for `status.reason`: `connection_refused`, `http_502`. */
      readonly reason: string;
      /** Somebody on the way refused the size of the request (HTTP 413). */
      readonly isTooLarge: boolean;
      /** Certainly nothing of the request has left this host. Left out: nobody can know. */
      readonly isNotSent?: boolean | undefined;
    };

/**
 * Says that nobody waits for an exchange any more: what exchanges need of an `AbortSignal`, which
 * would do, and is not what a session gives. What asks for a real one (`fetch`) gets one of its own.
 */
export interface ExchangeSignal {
  /** Whether it has been given up. */
  readonly aborted: boolean;
  /** Calls back once, where it has not aborted yet. */
  addEventListener(type: "abort", listener: () => void): void;
  /** For what is over. */
  removeEventListener(type: "abort", listener: () => void): void;
}

/** How a host is left, of which nobody says whether it comes back. */
export type Leaving =
  /** It may end at any time without another word, as a page does that nobody sees. */
  | "hidden"
  /** It ends now, or nothing runs in it until it wakes, and no connection is kept. */
  | "frozen";

/** Turns at having requests held, for all that share the connections to a server. */
export interface Turns {
  /**
   * Asks for a turn: `begin` says, later, that it has come, and `end` that others have waited long
   * enough. Returns what gives it back; to be called once, also before it came.
   */
  ask(begin: () => void, end: () => void): () => void;
}

/** The client's way to a server by exchanges. */
export interface Carrier {
  /**
   * Carries one body to the server and brings the answer's body. Exchanges overlap, and each may
   * take as long as the server holds it: no timeout of its own. Resolves soon after `signal`
   * aborts, which is of this exchange alone; then the outcome does not matter any more.
   *
   * @param isLasting - it is to go on when the host ends, if that can be: only for bodies for which
   *   `lastingBytes` has room.
   */
  readonly exchange: (
    body: Uint8Array,
    signal: ExchangeSignal,
    isLasting?: boolean,
  ) => Promise<Outcome>;
  /**
   * Bytes that further exchanges may have which go on when the host ends, all together; undefined:
   * none does.
   */
  readonly lastingBytes?: number | undefined;
  /**
   * Where exchanges lead: for how long requests may be held on the way there, other sessions learn
   * too; undefined: each learns it for itself.
   */
  readonly origin?: string | undefined;
  /** Ways to open pipes beside the exchanges, the best first; undefined: none. */
  readonly pipes?: readonly PipeCarrier[] | undefined;
  /** What exchanges are for; undefined: "parked". Another use needs `pipes`. */
  readonly requests?: RequestUse | undefined;
  /** For "turns" as the use of exchanges, and only for that. */
  readonly turns?: Turns | undefined;
  /** Requests that carry messages and may be out at once; undefined: as many as the core likes. */
  readonly carriersMax: number | undefined;
  /**
   * Calls `wake` whenever the host has reason to think that the path is back or has changed (online
   * again, page shown again); and `leave` whenever the host may end or stand still from now on.
   * Returns what ends both.
   */
  watch(wake: () => void, leave?: (how: Leaving) => void): () => void;
  /** The session has ended: idle connections may go. */
  close(): void;
}
