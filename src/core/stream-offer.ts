/**
 * A stream that the client asks the server for: the ticket in its requests, until an answer says that
 * one of them has come. One at a time; the last one counts. spec 11 [PIPE-2].
 */
import type { Body } from "./body.ts";
import type { Exchange } from "./exchanges.ts";

export class StreamOffer {
  /** The stream that is waited for. */
  private wanted: Body["offer"] = undefined;
  /** A request has said it. */
  private isSaid = true;
  /** The first exchange that says it, while none of them is known to have come. */
  private saidFrom = Infinity;

  begin(link: number, ticket: Uint8Array): void {
    this.wanted = { link, ticket };
    this.isSaid = false;
  }

  /** What a request that leaves now says. */
  get due(): Body["offer"] {
    return !this.isSaid || this.saidFrom !== Infinity ? this.wanted : undefined;
  }

  /** A request has left. */
  noteSent(exchange: number): void {
    if (!this.isSaid) this.saidFrom = exchange;
    this.isSaid = true;
  }

  /** Whether the server answers an exchange at once for what it says of streams, if it has come. */
  isOn(exchange: number): boolean {
    return exchange >= this.saidFrom;
  }

  /** Whether a request is to leave that says it: the first, or none that says it is out any more. */
  isUnsaid(open: Iterable<Exchange>): boolean {
    if (!this.isSaid) return true;
    if (this.saidFrom === Infinity) return false;
    for (const { number, isOverdue } of open) {
      if (this.isOn(number) && !isOverdue) return false;
    }
    return true;
  }

  /** An exchange has come. Returns the link of the stream that may be asked for from now on. */
  noteArrived(exchange: number): number | undefined {
    if (!this.isOn(exchange)) return undefined;
    this.saidFrom = Infinity;
    return this.wanted?.link;
  }

  /** The stream has come, or is not waited for any more. */
  end(link: number): void {
    if (this.wanted?.link !== link) return;
    this.wanted = undefined;
    this.isSaid = true;
    this.saidFrom = Infinity;
  }
}
