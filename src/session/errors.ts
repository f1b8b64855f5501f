/**
 * Errors with which iterations and promises of a session end. Misuse is the core's `UsageError`.
 */
import type { EndedOutput, Fate } from "../core/index.ts";

/** Largest of the application's own codes; spec 10.3. */
export const CODE_MAX = 0xfff;

/** A message that is given back at the end, as the codec encoded it. */
export interface MessageFate extends Fate {
  /** The label of its channel; "" for the session's own messages. */
  readonly label: string;
}

/**
 * How a session ended, and what became of the messages that this side had accepted. A `code` of 1 to
 * 0xfff is the application's, as `abort` was given it, and 1 also where none was given or `onSession`
 * has thrown; the others are in section 10.3 of spec/protocol.md.
 */
export interface EndedInfo extends Omit<EndedOutput, "kind" | "neverSent" | "unknown"> {
  /** More about the reason, for a log; of `silence` the last failure, if any was seen. */
  readonly detail: string;
  /** Messages that certainly were not delivered. */
  readonly neverSent: readonly MessageFate[];
  /** Messages that were delivered or not: nobody can know. */
  readonly unknown: readonly MessageFate[];
}

/** What the core says of an end, for an application, which knows channels by their labels. */
export function endedInfo(
  { kind: _, ...ended }: EndedOutput,
  labelOf: (channel: number) => string,
  lastFailure: string,
): EndedInfo {
  const named = (fate: Fate): MessageFate => ({ ...fate, label: labelOf(fate.channel) });
  return {
    ...ended,
    detail: ended.reason === "silence" ? lastFailure : ended.detail,
    neverSent: ended.neverSent.map(named),
    unknown: ended.unknown.map(named),
  };
}

/** The session is over, and not because both sides had finished. */
export class SessionEndedError extends Error {
  override readonly name = "SessionEndedError";
  /** Stable. */
  readonly code = "session_ended";
  /**
   * Why, and which messages were never sent or have an unknown fate. Not enumerable: what prints
   * errors must not print payloads.
   */
  readonly ended: EndedInfo;

  /** @internal Made by the library. */
  constructor(ended: EndedInfo) {
    super(ended.detail === "" ? ended.reason : `${ended.reason}: ${ended.detail}`);
    this.ended = ended;
    Object.defineProperty(this, "ended", { enumerable: false });
  }
}

/** The channel was abandoned by the peer, or by this side. */
export class ChannelResetError extends Error {
  override readonly name = "ChannelResetError";
  /** Stable. */
  readonly code = "channel_reset";
  /** What the side that abandoned it gave as its reason. */
  readonly resetCode: number;

  /** @internal Made by the library. */
  constructor(resetCode: number) {
    super(`channel_reset: ${resetCode}`);
    this.resetCode = resetCode;
  }
}

/**
 * What the peer sent is nothing that the codec reads, so a message is missing and the session ends
 * with it. Most often both sides use different codecs; `cause` is what this side's has thrown.
 */
export class UndecodableError extends Error {
  override readonly name = "UndecodableError";
  /** Stable. */
  readonly code = "payload_undecodable";

  /** @internal Made by the library. */
  constructor(cause: unknown) {
    super("payload_undecodable", { cause });
  }
}
