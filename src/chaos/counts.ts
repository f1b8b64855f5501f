/** What the proxy did: each thing counted once, at the moment at which it really happened. */

/** Snapshots of these are plain objects of numbers. */
export interface ChaosCounts {
  // Traffic.
  /** Client connections accepted. */
  readonly connections: number;
  /** Requests whose head was read; those that follow an upgrade are not seen. */
  readonly requests: number;
  /** Answers handed whole to the client's connection, the target's as well as our own 502. */
  readonly responses: number;
  /** Connections passed on raw after an HTTP upgrade or CONNECT. */
  readonly upgrades: number;
  /** Bytes of bodies sent on to the target; on raw connections, all bytes. */
  readonly bytesToTarget: number;
  /** The same the other way. */
  readonly bytesToClient: number;

  // Faults.
  /** Connections cut by `cutEveryMs`: the sum of the two that follow. */
  readonly cuts: number;
  /** By a reset. */
  readonly cutsByRst: number;
  /** By an orderly close. */
  readonly cutsByFin: number;
  /** By `loseRequest`: read, and never sent on. */
  readonly requestsLost: number;
  /** Of these: those after which the connection stayed silent. */
  readonly requestsLostSilently: number;
  /** Requests that came on a connection which had fallen silent before. */
  readonly requestsIgnored: number;
  /** By `loseResponse`: answered by the target, and dropped whole or in part. */
  readonly responsesLost: number;
  /** By `delayMs`. */
  readonly requestsDelayed: number;
  /** By `delayMs`. */
  readonly responsesDelayed: number;
  /** Second copies sent to the target. */
  readonly requestsDoubled: number;
  /** Answers to second copies and replays that were thrown away. */
  readonly answersDiscarded: number;
  /** By `damageRequest`; on raw connections pieces towards the target. */
  readonly requestsDamaged: number;
  /** By `damageResponse`; on raw connections pieces towards the client. */
  readonly responsesDamaged: number;
  /** Answered 502 by the proxy itself, by `badGateway`. */
  readonly badGateways: number;
  /** Of these: those whose request had been answered by the target. */
  readonly badGatewaysAnswered: number;
  /** By `replay`: sent to the target once more, later. */
  readonly requestsReplayed: number;
  /** Copies and replays left out, as a request was too large or too many were kept. */
  readonly recordingsRefused: number;
  /** By `halfOpen`. */
  readonly connectionsHalfOpened: number;
  /** By `bufferResponses`. */
  readonly responsesBuffered: number;
  /** By `closeIdleMs`. */
  readonly idleCloses: number;
  /** Blackouts begun. */
  readonly blackouts: number;
  /** Connections reset because a blackout began. */
  readonly blackoutCuts: number;
  /** Connections reset or closed as soon as they were accepted: blackout, or too many. */
  readonly connectionsRefused: number;

  // Not our doing.
  /** Requests whose client went away before the answer was complete. */
  readonly requestsAbandoned: number;
  /** What clients sent that is not HTTP. */
  readonly badRequests: number;
  /** The target refused a connection, broke one, or answered what is not HTTP. */
  readonly targetErrors: number;
}

/** The names of the counts. */
export type CountName = keyof ChaosCounts;

/** Names for people, in the order in which a table shows them. */
export const COUNT_LABELS: Readonly<Record<CountName, string>> = {
  connections: "connections",
  requests: "requests",
  responses: "responses",
  upgrades: "upgrades",
  bytesToTarget: "bytes to the target",
  bytesToClient: "bytes to the client",
  cuts: "connections cut",
  cutsByRst: "  by RST",
  cutsByFin: "  by FIN",
  requestsLost: "requests lost",
  requestsLostSilently: "  of these, silently",
  requestsIgnored: "requests on silent connections",
  responsesLost: "responses lost",
  requestsDelayed: "requests delayed",
  responsesDelayed: "responses delayed",
  requestsDoubled: "requests doubled",
  answersDiscarded: "second answers discarded",
  requestsDamaged: "requests damaged",
  responsesDamaged: "responses damaged",
  badGateways: "answered 502",
  badGatewaysAnswered: "  of these, after the target's answer",
  requestsReplayed: "requests replayed",
  recordingsRefused: "copies left out for lack of room",
  connectionsHalfOpened: "connections half-opened",
  responsesBuffered: "responses buffered",
  idleCloses: "idle connections closed",
  blackouts: "blackouts",
  blackoutCuts: "  connections reset by them",
  connectionsRefused: "connections refused",
  requestsAbandoned: "requests abandoned by clients",
  badRequests: "bad requests",
  targetErrors: "errors of the target",
};

const NAMES = Object.keys(COUNT_LABELS) as CountName[];

/** Something that the proxy counted. */
export interface ChaosEvent {
  /** Which count rose by one. */
  readonly name: CountName;
  /** The number of the client connection, from 1; 0 when there is none. */
  readonly connection: number;
  /** The number of the request, from 1; 0 when there is none. */
  readonly request: number;
}

/** Where something happened, as far as it has a place. */
export interface Place {
  readonly connection: number;
  readonly request: number;
}

export const NOWHERE: Place = { connection: 0, request: 0 };

/** Counts, and tells those who listen. Bytes are counted without telling. */
export class Ledger {
  readonly #counts: Record<CountName, number>;
  readonly #tell: (event: ChaosEvent) => void;

  constructor(tell: (event: ChaosEvent) => void) {
    this.#counts = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<CountName, number>;
    this.#tell = tell;
  }

  count(name: CountName, place: Place): void {
    this.#counts[name]++;
    this.#tell({ name, connection: place.connection, request: place.request });
  }

  countBytes(name: "bytesToTarget" | "bytesToClient", bytes: number): void {
    this.#counts[name] += bytes;
  }

  snapshot(): ChaosCounts {
    return { ...this.#counts };
  }
}
