import { defer } from "../../src/session/deferred.ts";
import type { Peer, Reply, RequestHandler } from "../../src/session/peer.ts";

/** One request as the handler got it. */
export interface Call {
  readonly text: string;
  readonly body: Uint8Array;
  readonly peer: Peer;
  readonly reply: (reply: Reply) => void;
  /** Replies with a text. */
  readonly say: (text: string) => void;
  /** Resolves when the adapter says that the connection is gone. */
  readonly gone: Promise<void>;
  isGone: boolean;
}

/** A server that does what the test says, request by request. */
export class ScriptedHandler implements RequestHandler {
  bodyBytesMax = 1_000;
  readonly calls: Call[] = [];
  private readonly onCall: ((call: Call) => void) | undefined;
  private waiting: (() => void)[] = [];

  constructor(onCall?: (call: Call) => void) {
    this.onCall = onCall;
  }

  handleRequest(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void {
    const { promise, resolve } = defer<void>();
    const call: Call = {
      text: new TextDecoder().decode(body),
      body,
      peer,
      reply,
      say: (text) => reply({ kind: "answer", body: new TextEncoder().encode(text) }),
      gone: promise,
      isGone: false,
    };
    this.calls.push(call);
    for (const wake of this.waiting.splice(0)) wake();
    this.onCall?.(call);
    return () => {
      call.isGone = true;
      resolve();
    };
  }

  /** The call with this place, as soon as it has come. */
  async call(place: number): Promise<Call> {
    for (;;) {
      const call = this.calls[place];
      if (call !== undefined) return call;
      const { promise, resolve } = defer<void>();
      this.waiting.push(resolve);
      await promise;
    }
  }
}

/** Answers at once with what it got. */
export function echoHandler(): ScriptedHandler {
  return new ScriptedHandler((call) => call.reply({ kind: "answer", body: call.body }));
}
