/** A carrier without a network, for tests of sessions: bodies go to the server in one tick. */
import type { Carrier, Outcome } from "../../src/session/carrier.ts";
import type { Peer, Reply, RequestHandler } from "../../src/session/peer.ts";

export class MemoryCarrier implements Carrier {
  readonly carriersMax: number | undefined = undefined;
  /** While set, every exchange fails with it. */
  failure: string | undefined;
  exchanges = 0;
  isClosed = false;
  private readonly server: RequestHandler;
  private readonly headers: Readonly<Record<string, string>>;
  private readonly cut: Set<(reason: string) => void> = new Set();
  private wake: (() => void) | undefined;

  constructor(server: RequestHandler, headers: Readonly<Record<string, string>> = {}) {
    this.server = server;
    this.headers = headers;
  }

  exchange(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    this.exchanges++;
    return new Promise((resolve) => {
      let gone = (): void => {};
      const fail = (reason: string): void => {
        this.cut.delete(fail);
        gone();
        resolve({ kind: "failure", reason, isTooLarge: false });
      };
      const reply = (answer: Reply): void => {
        this.cut.delete(fail);
        const bytes = answer.kind === "answer" ? answer.body.slice() : undefined;
        setImmediate(() => {
          if (bytes !== undefined) resolve({ kind: "answer", bytes });
          else if (answer.kind === "refusal") {
            resolve({ kind: "failure", reason: answer.refusal, isTooLarge: false });
          }
        });
      };
      signal.addEventListener("abort", () => fail("aborted"), { once: true });
      this.cut.add(fail);
      const sent = body.slice();
      setImmediate(() => {
        if (this.failure !== undefined) fail(this.failure);
        else if (this.cut.has(fail)) gone = this.server.handleRequest(sent, this.peer, reply);
      });
    });
  }

  /** Cuts every exchange that is out. */
  cutAll(reason = "connection_reset"): void {
    for (const fail of this.cut) fail(reason);
  }

  watch(wake: () => void): () => void {
    this.wake = wake;
    return () => {
      this.wake = undefined;
    };
  }

  /** What a browser does when it is online again. */
  comeBack(): void {
    this.wake?.();
  }

  close(): void {
    this.isClosed = true;
  }

  private get peer(): Peer {
    const { headers } = this;
    return { address: "192.0.2.1", header: (name) => headers[name], request: undefined };
  }
}
