/**
 * What a server's adapter knows of a request, and what it may be told to answer. Nothing here knows
 * HTTP: an adapter translates both ways.
 */

import type { Claim } from "../core/index.ts";

/** Who sent a request, as far as the adapter can tell. */
export interface Peer {
  /** The client's address, for limits; empty when unknown. */
  readonly address: string;
  /** A header of the request, or what the carrier has instead; names in lower case. */
  header(name: string): string | undefined;
  /** The adapter's own request: `IncomingMessage`, `Request`, or whatever it has. */
  readonly request: unknown;
}

/** Why a request gets no body in answer. Stable. */
export type Refusal =
  /** `authenticate` said no to a session that comes back after silence. */
  | "unauthenticated"
  /** More requests at once than the process takes. */
  | "overloaded"
  /** The application failed to say who it is. */
  | "internal";

/** What a request is answered with. */
export type Reply =
  | { readonly kind: "answer"; readonly body: Uint8Array }
  | { readonly kind: "refusal"; readonly refusal: Refusal };

/** A connection on which bodies pass both ways, as an adapter has it. */
export interface ServerPipe {
  /** Writes a body, before `close`; it belongs to the adapter from now on. */
  write(body: Uint8Array): void;
  /** What was written leaves, and then the connection ends. */
  close(): void;
  /** Bytes that were written and are still in this process, where the adapter can tell. */
  readonly unsentBytes?: number;
  /** The connection ends at once: whoever does not read is not waited for. */
  cut?(): void;
}

/** What an adapter tells of it. */
export interface PipeEvents {
  /** A body has come whole; it belongs to the server from now on. */
  body(bytes: Uint8Array): void;
  /** The connection has ended, by whomever. */
  gone(): void;
}

/** The part of a server that an adapter sees. */
export interface RequestHandler {
  /** Largest body that is worth reading. */
  readonly bodyBytesMax: number;
  /**
   * A request's body has come whole; `body` belongs to the server from now on. `reply` is called
   * once, at once or much later, unless the request is gone before.
   *
   * @returns what to call when the request's connection has gone unanswered.
   */
  handleRequest(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void;
  /**
   * A connection has opened on which bodies pass both ways. Nothing is known of it yet; `claim` where
   * its first body has no secret, `ticket` where its client has shown one, which may be nobody's.
   */
  handlePipe?(peer: Peer, pipe: ServerPipe, claim?: Claim, ticket?: Uint8Array): PipeEvents;
  /**
   * Somebody asks for the stream with a ticket; with an empty one, for one that the server names.
   *
   * @returns what to call when the connection has ended; undefined where there is no such stream.
   */
  handleStream?(ticket: Uint8Array, peer: Peer, pipe: ServerPipe): (() => void) | undefined;
}
