/** A client's streams: a GET whose answer does not end, read as it comes. */
import { BodySplitter } from "../core/index.ts";
import { refuse } from "../session/checks.ts";
import type { PipeCarrier, PipeConnection, PipeEvents } from "../session/pipe-carrier.ts";
import type { CarrierOptions } from "./carrier-options.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import { refusalIn } from "./outcomes.ts";
import { EVENT_STREAM } from "./stream-headers.ts";
import { streamUrl } from "./stream-ticket.ts";

/** The answer to a GET, from its head on. */
export interface StreamAnswer {
  readonly status: number;
  readonly mediaType: string | null | undefined;
  /** Hands on the pieces of its content as they come; rejects where it is cut, or `take` throws. */
  read(take: (piece: Uint8Array) => void): Promise<void>;
}

/** Asks for the answer to a GET, of the media type; rejects where there is none. */
export type GetStream = (url: string, accept: string, signal: AbortSignal) => Promise<StreamAnswer>;

export class StreamPipes implements PipeCarrier {
  readonly name = "stream";
  readonly isDuplex = false;
  readonly origin: string;
  readonly isNamed: boolean;
  private readonly url: string;
  private readonly bodyBytesMax: number;
  private readonly get: GetStream;
  private readonly accept: string;

  /** @throws UsageError `option_invalid` for the label, and for who names. */
  constructor(
    url: string,
    bodyBytesMax: number,
    { streamLabel, streamNames = "client" }: CarrierOptions,
    get: GetStream,
  ) {
    this.origin = new URL(url).origin;
    this.url = url;
    this.bodyBytesMax = bodyBytesMax;
    this.get = get;
    this.accept = mediaTypeOf(streamLabel);
    const isKnown = streamNames === "client" || streamNames === "server";
    if (!isKnown) refuse("streamNames", streamNames, "client or server");
    this.isNamed = streamNames === "server";
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
      const answer = await this.get(url, this.accept, signal);
      const { status, mediaType } = answer;
      const isEvents = mediaType?.toLowerCase().startsWith(EVENT_STREAM) === true;
      const refusal = refusalIn(status, isEvents ? MEDIA_TYPE : mediaType);
      if (refusal !== undefined) return refusal;
      reason = "stream_ended";
      const splitter = new BodySplitter(this.bodyBytesMax);
      await answer.read((piece) => {
        reason = "stream_malformed";
        const bodies = splitter.push(piece);
        reason = "stream_ended";
        for (const body of bodies) if (!signal.aborted) events.body(body);
      });
    } catch {
      // Cut, or no bodies: both are over.
    }
    return reason;
  }
}

function mediaTypeOf(label: CarrierOptions["streamLabel"] = "binary"): string {
  if (label === "binary") return MEDIA_TYPE;
  if (label === "event-stream") return EVENT_STREAM;
  refuse("streamLabel", label, "binary or event-stream");
}
