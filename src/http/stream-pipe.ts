/** Streams by `fetch`: a GET whose answer does not end, read as it comes. */
import { BodySplitter } from "../core/index.ts";
import type { PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";
import { refusalIn } from "./outcomes.ts";
import { streamUrl } from "./stream-ticket.ts";

/** Asks for the answer to a GET; rejects where there is none. */
export type GetStream = (url: string, signal: AbortSignal) => Promise<Response>;

export class StreamPipes implements PipeCarrier {
  readonly name = "stream";
  readonly isDuplex = false;
  readonly origin: string;
  private readonly url: string;
  private readonly bodyBytesMax: number;
  private readonly get: GetStream;

  constructor(url: string, bodyBytesMax: number, get: GetStream) {
    this.origin = new URL(url).origin;
    this.url = url;
    this.bodyBytesMax = bodyBytesMax;
    this.get = get;
  }

  open(events: PipeEvents, ticket: Uint8Array): PipeConnection {
    const controller = new AbortController();
    const { signal } = controller;
    void this.read(events, streamUrl(this.url, ticket), signal).then((reason) => {
      if (!signal.aborted) events.closed(reason);
      controller.abort();
    });
    return { write: () => {}, close: () => controller.abort() };
  }

  /** Returns why it ended. */
  private async read(events: PipeEvents, url: string, signal: AbortSignal): Promise<string> {
    let reason = "network_error";
    try {
      const response = await this.get(url, signal);
      reason = refusalIn(response.status, response.headers.get("content-type")) ?? "stream_ended";
      const reader = response.body?.getReader();
      if (reason !== "stream_ended" || reader === undefined) return reason;
      const splitter = new BodySplitter(this.bodyBytesMax);
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        for (const body of splitter.push(next.value)) if (!signal.aborted) events.body(body);
      }
    } catch {
      // Cut, or no bodies: both are over.
    }
    return reason;
  }
}
