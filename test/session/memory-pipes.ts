/** Pipes without a network, for tests of the choice of links: bodies pass in one tick. */
import type { PipeCarrier, PipeConnection, PipeEvents } from "../../src/session/pipe-carrier.ts";
import type { Peer, RequestHandler, ServerPipe } from "../../src/session/peer.ts";
import { MemoryCarrier } from "./memory-carrier.ts";

/** What is on the way. */
export type OnTheWay =
  | "nothing"
  /** The connection is refused. */
  | "refusal"
  /** It never comes up, and nobody says so. */
  | "silence"
  /** It comes up, and nothing passes. */
  | "swallowing"
  /** What comes down is held back until there are two bodies. */
  | "buffering";

export class MemoryPipes implements PipeCarrier {
  readonly name: "websocket" | "stream";
  readonly origin: string;
  readonly isDuplex: boolean;
  onTheWay: OnTheWay = "nothing";
  /** From now on nothing passes on those that are open, and their ends are told to nobody. */
  isDead = false;
  /** Pipes that were begun, and those that are open. */
  begun = 0;
  readonly openOnes: Set<(reason: string) => void> = new Set();
  private readonly server: RequestHandler;

  constructor(name: "websocket" | "stream", origin: string, server: RequestHandler) {
    this.name = name;
    this.origin = origin;
    this.isDuplex = name === "websocket";
    this.server = server;
  }

  open(events: PipeEvents, ticket: Uint8Array): PipeConnection {
    this.begun++;
    const { onTheWay, openOnes } = this;
    let hasEnded = false;
    let serverGone: (() => void) | undefined;
    let serverHears: ((bytes: Uint8Array) => void) | undefined;
    const end = (): void => {
      hasEnded = true;
      openOnes.delete(cut);
      const gone = serverGone;
      setImmediate(() => !this.isDead && gone?.());
    };
    const cut = (reason: string): void => {
      if (hasEnded) return;
      end();
      events.closed(reason);
    };
    openOnes.add(cut);
    let kept: Uint8Array[] = [];
    const pipe: ServerPipe = {
      write: (body) => {
        if (onTheWay === "swallowing" || this.isDead) return;
        kept.push(body.slice());
        if (onTheWay === "buffering" && kept.length < 2) return;
        const bodies = kept;
        kept = [];
        setImmediate(() => {
          for (const each of bodies) if (!hasEnded) events.body(each);
        });
      },
      close: () => setImmediate(() => !this.isDead && cut(`${this.name}_closed`)),
    };
    setImmediate(() => {
      if (hasEnded || onTheWay === "silence") return;
      if (onTheWay === "refusal") {
        cut(`${this.name}_refused`);
      } else if (this.isDuplex) {
        const hears = this.server.handlePipe?.(PEER, pipe);
        serverGone = () => hears?.gone();
        serverHears = (bytes) => hears?.body(bytes);
        events.opened();
      } else {
        serverGone = this.server.handleStream?.(ticket, PEER, pipe);
        if (serverGone === undefined) cut("http_404");
      }
    });
    return {
      write: (body) => {
        const sent = body.slice();
        if (onTheWay === "swallowing" || this.isDead) return;
        setImmediate(() => !hasEnded && serverHears?.(sent));
      },
      close: () => {
        if (!hasEnded) end();
      },
    };
  }

  cutAll(reason = `${this.name}_closed`): void {
    // Those that are opened in the place of these are others.
    const all = [...this.openOnes];
    for (const cut of all) cut(reason);
  }
}

const PEER: Peer = { address: "192.0.2.1", header: () => undefined, request: undefined };

export class PipedCarrier extends MemoryCarrier {
  readonly pipes: readonly MemoryPipes[];

  constructor(server: RequestHandler, pipes: readonly MemoryPipes[]) {
    super(server);
    this.pipes = pipes;
  }
}
