/**
 * What a session needs of whatever carries pipes: connections on which bodies pass one behind the
 * other. Nothing here knows WebSockets or TCP. A pipe's carrier holds no state of the protocol, and
 * never throws: whatever goes wrong closes the connection.
 */
import type { Prove } from "../core/index.ts";

/** The ways of carrying bodies; spec http 1, 5 and 6, and spec tcp. */
export type LinkName = "poll" | "stream" | "tcp" | "websocket";

/** What happens on a connection. */
export interface PipeEvents {
  /** It is up: bodies can be written. `prove` where the secret is not to be said on it. */
  opened(prove?: Prove): void;
  /** A body has come whole; it belongs to the session from now on. */
  body(bytes: Uint8Array): void;
  /** It is over, told once. The reason is short and machine-readable, for `status.reason`. */
  closed(reason: string): void;
}

/** A connection that was begun. */
export interface PipeConnection {
  /** Writes a body, after `opened` and before `close`. */
  write(body: Uint8Array): void;
  /** What was written leaves, and then the connection ends; nothing more is told. */
  close(): void;
  /** Bytes that were written and are still in this process, where the host tells. */
  readonly unsentBytes?: number;
}

/** The client's way to open pipes to one server. */
export interface PipeCarrier {
  /** Which link it is: as `session.link` tells it. */
  readonly name: Exclude<LinkName, "poll">;
  /** Where it leads: what was learned of a link there holds for other sessions too. */
  readonly origin: string;
  /** Whether bodies go up on it too. What only comes down is asked for with a ticket. */
  readonly isDuplex: boolean;
  /** What goes both ways and can show a ticket, so that the server speaks at once [PIPE-14]. */
  readonly isAnnounced?: boolean;
  /** The server names its streams: the first body on each is the name, and there is no ticket. */
  readonly isNamed?: boolean;
  /**
   * Begins a connection. It returns before anything is told of it, and never throws. A connection
   * that does not come up is closed by the session after 10 s.
   *
   * @param ticket - of a stream, which the server knows already, or of a pipe that was announced;
   *   empty for what has none.
   */
  open(events: PipeEvents, ticket: Uint8Array): PipeConnection;
}
