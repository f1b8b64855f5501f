/**
 * What the processes of a soak note down, one line of JSON each, in files of their own.
 * Applications write a line before they say something to the library, and as the first thing after
 * it has told them something: so that a process that is killed between the two has noted what the
 * other side may have seen, and nothing that it has not.
 *
 * A *half* is one application's end of a session. A client's half has the name of its session; a
 * server's is named after its process, as a session may be opened anew at a server that has
 * forgotten it.
 */
/** A message by its channel and its place there, counted by who sent it, from 0. */
export type MessagePlace = readonly [channel: string, n: number];

/** When a half says that it holds a message: as the library's documentation has it. */
export type Hold = "received" | "delivered" | "consumed";

interface OfHalf {
  readonly half: string;
}

interface OfMessage extends OfHalf {
  /** "" is the session's own. */
  readonly channel: string;
  readonly n: number;
  /** On channels of mode `latest`. */
  readonly key?: number;
  /** Over everything that the message says. */
  readonly digest: number;
  readonly bytes: number;
}

export type Fact =
  /** The first line of a process. */
  | { readonly kind: "start" }
  | (OfHalf & {
      readonly kind: "begin";
      readonly side: "client" | "server";
      readonly session: string;
      readonly hold: Hold;
      /** Messages may ride on the opening. */
      readonly isEarly: boolean;
    })
  /** Goes on from what an earlier process has saved. */
  | (OfHalf & { readonly kind: "resumed" })
  /** This half may send there from now on. */
  | (OfHalf & {
      readonly kind: "channel";
      readonly channel: string;
      readonly mode: "ordered" | "unordered" | "latest";
      /** Its messages expire, or are replaced by newer ones. */
      readonly mayGiveUp: boolean;
    })
  | (OfMessage & { readonly kind: "send" })
  /** The `send` before has thrown. */
  | (OfHalf & { readonly kind: "refused"; readonly channel: string; readonly n: number })
  /** `from` is the half that has sent it, as the message itself says. */
  | (OfMessage & { readonly kind: "receive"; readonly from: string })
  | (OfHalf & { readonly kind: "reset"; readonly channel: string })
  | (OfHalf & {
      readonly kind: "given-up";
      readonly channel: string;
      readonly neverSent: number;
      readonly sent: number;
    })
  | (OfHalf & { readonly kind: "close" })
  | (OfHalf & { readonly kind: "abort" })
  | (OfHalf & {
      readonly kind: "end";
      readonly reason: string;
      readonly detail: string;
      readonly neverSent: readonly MessagePlace[];
      readonly unknown: readonly MessagePlace[];
    })
  /** What no application should meet. */
  | (OfHalf & { readonly kind: "odd"; readonly what: string })
  /** The session goes on in another process; the line before `exit`. */
  | (OfHalf & { readonly kind: "saved" })
  /** The last line of a process that was not killed. */
  | { readonly kind: "exit"; readonly why: "saved" | "restarted" | "finished" }
  /** The conductor's: this process is killed now. */
  | { readonly kind: "kill"; readonly process: string };

/** With the time on the machine's clock, which all its processes share. */
export type Line = Fact & { readonly atMs: number };

/** Endings of the names of the files. */
export const LOG_SUFFIX = ".log";
