/**
 * What a half yields from `poll()`: what the adapter has to do and what the application is told.
 */
import type { DeliveryMode } from "./body.ts";
import type { Fate } from "./fates.ts";

/** Why a session ended; spec 7.6. Each side says what it knows itself. */
export type EndReason =
  /** Both sides finished and hold everything. */
  | "closed"
  /** This side's application aborted. */
  | "aborted"
  /** The peer ended the session; `code` is what it said. */
  | "peer-ended"
  /** No body that could be applied came for `silenceLimitMs`. */
  | "silence"
  /** `requestsUnansweredMax` requests in a row brought no answer. */
  | "unanswered"
  /** The server says, and said again, that it does not know the session. */
  | "lost"
  /** The server refused the opening. */
  | "refused"
  /** Another life of this client has the session: of a saved state, more than one went on. */
  | "superseded"
  /** `unreadableMax` bodies in a row were damaged: something on the way rewrites them. */
  | "unreadable"
  /** The peer broke the protocol; `detail` is the error's code. */
  | "protocol"
  /** The server speaks none of this side's versions. */
  | "version"
  /** A graceful close was not completed within `closeTimeoutMs`. */
  | "close-timeout";

/** The last thing that an application hears of a session. */
export interface EndedOutput {
  /** For telling outputs apart. */
  readonly kind: "ended";
  /** Why, as this side knows it. */
  readonly reason: EndReason;
  /** Who ended it, as far as this side can tell. */
  readonly by: "local" | "peer" | "network";
  /** The code that was told or heard: one of `END_CODES`, or the application's own. */
  readonly code: number;
  /** More about the reason, for a log; may be empty. */
  readonly detail: string;
  /** Messages that certainly were not delivered. */
  readonly neverSent: readonly Fate[];
  /** Messages that were delivered or not: nobody can know. */
  readonly unknown: readonly Fate[];
}

/** For the application, on both halves. */
export type ApplicationOutput =
  /** The other side has answered for the first time: its limits are known. */
  | { readonly kind: "opened" }
  /** Messages of one channel in order. They are views of the body that brought them. */
  | {
      readonly kind: "deliver";
      readonly channel: number;
      readonly index: number;
      readonly payloads: readonly Uint8Array[];
    }
  | {
      readonly kind: "channel-opened";
      readonly channel: number;
      readonly mode: DeliveryMode;
      readonly label: Uint8Array;
    }
  | { readonly kind: "channel-finished"; readonly channel: number }
  | { readonly kind: "channel-reset"; readonly channel: number; readonly code: number }
  /** The peer will send nothing more; the session closes when this side has sent everything. */
  | { readonly kind: "peer-finished"; readonly code: number }
  /**
   * Messages of a channel were given up: `neverSent` were certainly not delivered, `sent` expired,
   * or were on a channel that was reset, and were delivered or not. A message of a `latest` channel
   * that was sent whole and then superseded by a newer one is no news and not counted.
   */
  | {
      readonly kind: "given-up";
      readonly channel: number;
      readonly neverSent: number;
      readonly sent: number;
    }
  /** Without another pipe this client does not go on: open one, or say that there is none. */
  | { readonly kind: "pipe-wanted" }
  /** The server knows the ticket of a stream: it can be asked for. */
  | { readonly kind: "pipe-offered"; readonly link: number }
  /** The client hears by this pipe from now on. */
  | { readonly kind: "pipe-joined"; readonly link: number }
  /** The server wants another pipe in the place of this one. */
  | { readonly kind: "pipe-ending"; readonly link: number }
  /** A pipe is over; what was on its way goes again on another link. */
  | {
      readonly kind: "pipe-gone";
      readonly link: number;
      readonly wasJoined: boolean;
      readonly why: PipeEnd;
    }
  /** After `send` returned false: the buffer is down to half of `highWaterBytes`. */
  | { readonly kind: "writable" }
  | EndedOutput;

/** Why a pipe is over. */
export type PipeEnd =
  /** Its connection ended. */
  | "closed"
  /** Nothing on it was acknowledged for too long. */
  | "stalled"
  /** Nothing came on it for longer than the server lets it be silent. */
  | "silent"
  /** Somebody on the way holds back what comes on it. */
  | "buffered"
  /** The server does not hold it. */
  | "unknown"
  /** Bodies that the server has sent on it do not come. */
  | "swallowed"
  /** What came on it was no body, or was damaged. */
  | "unreadable"
  /** Server: who has begun it by a ticket does not have the secret. */
  | "unproved"
  /** A newer one has taken its place. */
  | "replaced"
  /** The server asks its clients to stay away. */
  | "paused"
  /** The session has ended, or goes on as another life. */
  | "ended";

/** The named timers of both halves. */
export type TimerName =
  /** Something can leave now. */
  | "transmit"
  /** An acknowledgement has waited for company long enough. */
  | "ack-delay"
  /** The oldest bundle without evidence is overdue. */
  | "resend"
  /** A window stays closed: say so again. */
  | "probe"
  /** A message's time-to-live ends. */
  | "expire"
  /** Nothing was heard for too long. */
  | "silence"
  /** A graceful close takes too long. */
  | "close"
  /** A request is overdue: nothing says that it is still parked. */
  | "exchange"
  /**
   * The wait after failed requests, after `save()`, or the one that the server asked for, is over.
   */
  | "retry"
  /** A pipe is dead: nothing comes on it, or nothing on it arrives. */
  | "pipe"
  /** The host said that the network may be back: what is out is not waited for any more. */
  | "wake"
  /** The oldest parked request has been held for long enough. */
  | "hold"
  /** The delay of the literal procedure before a request or an answer. */
  | "delay"
  /** The verdict on an opening takes too long. */
  | "verdict"
  /** A tombstone may be forgotten. */
  | "tombstone"
  /** Nothing will happen by itself. */
  | "none";

/** Last of all outputs: when to call `handleTimeout`, and why. `atMs` may be Infinity. */
export interface TimeoutOutput {
  /** For telling outputs apart. */
  readonly kind: "timeout";
  /** When to call `handleTimeout` at the latest; Infinity: never. */
  readonly atMs: number;
  /** Which timer that is. */
  readonly timer: TimerName;
}

/** What the adapter of a pipe has to do. `handle` is the link at a client, its own at a server. */
export type PipeOutput =
  | { readonly kind: "transmit"; readonly handle: number; readonly body: Uint8Array }
  /** Nothing follows: the connection ends when what was transmitted has left. */
  | { readonly kind: "hang-up"; readonly handle: number };

/** What the adapter of the request side has to do. */
export type RequestOutput =
  | {
      readonly kind: "request";
      readonly exchange: number;
      readonly body: Uint8Array;
      /** It is to go on after the end of the host, as far as the host can make it. */
      readonly isLasting?: true;
    }
  /** The exchange is given up: its connection may be closed. */
  | { readonly kind: "abort"; readonly exchange: number };

/** What the adapter of the park side has to do. `handle` is the adapter's own number. */
export interface RespondOutput {
  /** For telling outputs apart. */
  readonly kind: "respond";
  /** The number that the adapter gave the request. */
  readonly handle: number;
  /** The answer's body. */
  readonly body: Uint8Array;
}
