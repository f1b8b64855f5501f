/**
 * Which errors of an application's callbacks are its peer's doing. A peer that ends, abandons,
 * allows nothing or sends what cannot be read costs its session at most: it must not bring down
 * whoever serves it, and all others with him.
 */
import type { SessionState } from "../core/index.ts";
import { UsageError } from "../core/errors.ts";
import {
  ChannelResetError,
  type EndedInfo,
  SessionEndedError,
  UndecodableError,
} from "./errors.ts";

/** What the session whose command has thrown has been through. */
export interface SessionFacts {
  readonly state: SessionState;
  readonly endedInfo: EndedInfo | undefined;
  /** By the application. */
  readonly isClosedHere: boolean;
  /** The peer has abandoned a channel. */
  readonly wasChannelReset: boolean;
}

/** What the application cannot send because of what the peer allows, or does not acknowledge. */
const PEER_LIMITS: ReadonlySet<string> = new Set([
  "buffer_full",
  "channel_limit",
  "message_too_large",
]);

/** The peer takes no more: its session cannot go on. */
export function isPeersLimit(error: unknown): error is UsageError {
  return error instanceof UsageError && PEER_LIMITS.has(error.code);
}

/**
 * What `ended` or the channel's end have told already. `isOwn`: in a callback of that session, and
 * not of another.
 */
export function isPeersDoing(error: unknown, session: SessionFacts, isOwn: boolean): boolean {
  if (error instanceof UsageError) {
    const isOver = session.state === "closing" || session.state === "ended";
    // Who closes a session while another is still passing things on to it hears of that.
    if (error.code === "session_closed") return isOver && (isOwn || !session.isClosedHere);
    return error.code === "channel_closed" && (isOver || session.wasChannelReset);
  }
  if (error instanceof SessionEndedError) return error.ended === session.endedInfo;
  return error instanceof ChannelResetError || error instanceof UndecodableError;
}
