/**
 * The states of a session and what moves it from one to the next, as a table. Both halves have
 * the same states; what differs is which events each half meets. The table in spec/protocol.md
 * section 7.1 is printed from this one.
 *
 * Theory of operation. A session is *opening* until the other side has answered (request side) or
 * the verdict has been given (park side). It is *open* while messages may be accepted. It is
 * *closing* from the moment that either application said that it will send nothing more, until
 * both sides hold everything and know it. *Ended* is final: the application was told why, and
 * what became of its messages. Nothing leads out of it.
 */
import { assert } from "./errors.ts";

/** Where a session stands; spec 7.1. */
export type SessionState = "opening" | "open" | "closing" | "ended";

export type SessionEvent =
  /** The first answer came, or the verdict was favourable. */
  | "open"
  /** Either application finished. */
  | "close"
  /** Any of the reasons in `EndReason`. */
  | "end";

/** Undefined: the event cannot happen in that state. */
export const TRANSITIONS: {
  readonly [State in SessionState]: { readonly [Event in SessionEvent]: SessionState | undefined };
} = {
  opening: { open: "open", close: "closing", end: "ended" },
  open: { open: undefined, close: "closing", end: "ended" },
  // A close before the opening was answered: the answer changes no state any more.
  closing: { open: "closing", close: undefined, end: "ended" },
  ended: { open: undefined, close: undefined, end: undefined },
};

export function nextState(state: SessionState, event: SessionEvent): SessionState {
  const next = TRANSITIONS[state][event];
  assert(next !== undefined, "transition_undefined");
  return next;
}
