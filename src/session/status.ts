/** What a session tells about itself: its status, its events and their types. */
import type { Channel } from "./channel.ts";
import type { EndedInfo } from "./errors.ts";
import type { LinkName } from "./pipe-carrier.ts";

/** Where a session stands. */
export type SessionPhase =
  /** The other side has not answered yet; messages may be sent. */
  | "opening"
  /** The other side has answered, and the path works as far as this side can tell. */
  | "open"
  /** The path is down as far as this side can tell, for `lostAfterMs` at least; messages wait. */
  | "interrupted"
  /** One side has finished; what was accepted is still being delivered. */
  | "closing"
  /** It is over; `ended` says why. */
  | "ended";

/** How a session is: `session.status`, and what the event `status` tells. */
export interface Status {
  /** Where it stands. */
  readonly state: SessionPhase;
  /**
   * Machine-readable: the last failure while opening or while the path is lost; the reason of the
   * end. Otherwise empty.
   */
  readonly reason: string;
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** What the event `lost` tells. */
export interface LostInfo {
  /**
   * Machine-readable. At the client, why the last exchange failed: `connection_refused`,
   * `http_502`; a browser tells less than Node. At the server `nothing_parked`: the client has no
   * request there.
   */
  readonly reason: string;
}

/** What the event `resumed` tells. */
export interface ResumedInfo {
  /** Messages, and parts of large ones, that were sent again since the first failure. */
  readonly replayed: number;
  /** How long the path was down, from the first failure on. */
  readonly downMs: number;
}

/**
 * Messages of one channel that were replaced by later ones before they left (mode `latest`), whose
 * time-to-live was over, or that were on a channel that was abandoned. One event may stand for
 * many.
 */
export interface GivenUpInfo {
  /** The label of the channel. */
  readonly label: string;
  /** Messages that certainly were not delivered. */
  readonly neverSent: number;
  /** Messages that were sent, and delivered or not. */
  readonly sent: number;
}

export const EVENTS: readonly (keyof SessionEvents)[] = [
  "status",
  "lost",
  "resumed",
  "givenUp",
  "channel",
  "link",
  "ended",
];

/** Events by name, with what their listeners get. */
export interface SessionEvents {
  /** The status is another one than before. */
  status: (status: Status) => void;
  /**
   * The path has been down for `lostAfterMs`, or the server was never reached for so long. The
   * session goes on, and messages wait.
   */
  lost: (info: LostInfo) => void;
  /** The path is back, and nothing was lost. */
  resumed: (info: ResumedInfo) => void;
  /** Messages of a channel were given up. */
  givenUp: (info: GivenUpInfo) => void;
  /** The peer opened a channel: `channel.as<In, Out>()` types it. */
  channel: (channel: Channel) => void;
  /** At a client: the server is heard by another link than before. */
  link: (name: LinkName) => void;
  /** The last event. */
  ended: (info: EndedInfo) => void;
}
