/**
 * What a contestant is: one library, in one setting, that carries messages between two processes on
 * this machine. Each has a file in `contestants/`, which says why its settings are its fastest.
 */
import type { Server } from "node:net";

/** Text for those whose wire is text: others would have to encode bytes as base64. */
export type Message = string | Uint8Array;

/** One end of a connection, at the client or at the server. */
export interface Connection {
  /** Called with each message that arrives; set by a scenario before it sends. */
  onMessage: (message: Message) => void;
  /** Called after `send` has returned false, when there is room again. */
  onDrain: () => void;
  /**
   * Called when the connection has broken for good, or is closed: what is sent from then on is lost.
   * At a server the application keeps it for the connection that takes its place.
   */
  onClose: () => void;
  /** False: enough waits to be sent, as the library's own measure of back-pressure tells. */
  send(message: Message): boolean;
  /** The other side has acknowledged everything, where the library knows of such a thing. */
  flushed?(): Promise<void>;
  close(): void;
}

/** Of either side. */
export interface ReceiveOptions {
  /**
   * Asked with each bundle of messages that comes: it is taken when that settles, at once where it
   * is undefined, and counts as received no sooner. For libraries that know of such a thing.
   */
  readonly taking?: () => Promise<void> | undefined;
}

export interface ServeOptions extends ReceiveOptions {
  /** A client is there; where a broken connection is replaced by a new one, called again. */
  onConnection(connection: Connection): void;
  /** How long the server keeps a silent request open, where a contestant parks requests. */
  readonly holdTimeMs?: number;
  /** Clients that come, where a contestant takes fewer unless it is told. */
  readonly connectionsMax?: number;
}

export interface Served {
  readonly port: number;
  /** What accepts the connections: bytes on the wire are counted there. */
  readonly server: Server;
}

export interface ConnectOptions extends ReceiveOptions {
  /** What to connect to, which need not be the server itself. */
  readonly port: number;
  /**
   * Goes on after a cut in the way in which the library's documentation says it, or, where it says
   * nothing, by a new connection that takes what is sent from then on. The `Connection` stays the
   * same at the client.
   */
  readonly reconnects?: boolean;
  /** As the server's, where both sides are told. */
  readonly holdTimeMs?: number;
}

export interface Contestant {
  /** As it stands in the tables. */
  readonly name: string;
  /** Of npm, to look up its version; undefined: part of Node. */
  readonly package?: string;
  /** By whose numbers a target is measured. */
  readonly kind: "tcp" | "websocket" | "http" | "holdfast";
  readonly payload: "text" | "bytes";
  /** Where it carries messages of this length only. */
  readonly messageBytes?: number;
  serve(options: ServeOptions): Promise<Served>;
  connect(options: ConnectOptions): Promise<Connection>;
}
