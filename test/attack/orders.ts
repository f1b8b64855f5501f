// What the processes of an attack tell each other.

import type { ConnectOptions } from "../../src/http/connect-node.ts";
import type { ServerSettings } from "../../src/http/configure-server.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import type { ServerOptions } from "../../src/session/server.ts";

/** How the victim is set up; numbers and truth values only, as it crosses processes as text. */
export interface VictimOptions {
  readonly server?: Omit<ServerOptions<unknown, unknown>, "onSession" | "authenticate" | "codec">;
  readonly listener?: ListenerOptions;
  readonly settings?: ServerSettings;
  /** How often Node looks for heads and requests that are late; 30 s by default. */
  readonly connectionsCheckingIntervalMs?: number;
  /** "bearer": the principal stands behind that word. "honest": nobody else gets an answer. */
  readonly authenticates?: "bearer" | "honest";
}

/** Where the victim is. */
export interface Place {
  readonly port: number;
  readonly pid: number;
}

/** What the victim says of itself. */
export interface Books {
  /** The heap and what hangs on it, after a collection: what is really needed. */
  readonly heldBytes: number;
  readonly rssBytes: number;
  readonly sessions: number;
  readonly connections: number;
  /** What the adapter reported as a mistake of this side: always empty. */
  readonly errors: readonly string[];
  /** How far an application got that sends for ever, and what stopped it. */
  readonly flood: {
    readonly accepted: number;
    readonly refused: string;
    readonly wasTold: boolean;
  };
  /**
   * Connections whose answers the system took no more of, so that they waited in the process, and
   * the most requests that were read from one of them all the same.
   */
  readonly clogged: { readonly connections: number; readonly requestsMax: number };
  /** Sessions that ended, by how. */
  readonly ended: Readonly<Record<string, number>>;
}

/** Outcomes by how often they came. */
export type Tally = Record<string, number>;

/** Where the client is to connect. */
export interface ClientOrder {
  readonly url: string;
  readonly options: ConnectOptions;
}

/** What the client says of itself. */
export interface ClientReport {
  readonly heldBytes: number;
  readonly state: string;
  readonly reason: string;
  /** All reasons that its status ever had. */
  readonly reasons: readonly string[];
  readonly heard: readonly unknown[];
}
