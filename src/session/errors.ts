/** Errors with which iterations and promises of a session end. Misuse is the core's `UsageError`. */
import type { EndedOutput } from "../core/index.ts";

/** How a session ended, and what became of the messages that this side had accepted. */
export type EndedInfo = Omit<EndedOutput, "kind">;

/** The session is over, and not because both sides had finished. */
export class SessionEndedError extends Error {
  override readonly name = "SessionEndedError";
  readonly code = "session_ended";
  /** Why, and which messages were never sent or have an unknown fate. */
  readonly ended: EndedInfo;

  constructor(ended: EndedInfo) {
    super(ended.detail === "" ? ended.reason : `${ended.reason}: ${ended.detail}`);
    this.ended = ended;
  }
}

/** The channel was abandoned by the peer, or by this side. */
export class ChannelResetError extends Error {
  override readonly name = "ChannelResetError";
  readonly code = "channel_reset";
  /** What the side that abandoned it gave as its reason. */
  readonly resetCode: number;

  constructor(resetCode: number) {
    super(`channel_reset: ${resetCode}`);
    this.resetCode = resetCode;
  }
}

/**
 * Throws an application's error where the host sees it (`uncaughtException`, `window.onerror`): a
 * callback that fails must neither be silent nor break the session that called it.
 */
export function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
