/** How a stream is labelled; what it carries is the same [HTTP-12]. */
import { MEDIA_TYPE } from "./media-type.ts";

/** Some intermediaries hand on nothing at once but this. */
export const EVENT_STREAM = "text/event-stream";

/** What an intermediary needs to be told of a stream; nginx holds it back without the last. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

/** @param accept - what the client takes: the label is its choice. */
export function streamHeaders(accept: string | undefined): Readonly<Record<string, string>> {
  const isAsked = accept?.split(/[,;]/).some((part) => part.trim().toLowerCase() === EVENT_STREAM);
  return { "content-type": isAsked === true ? EVENT_STREAM : MEDIA_TYPE, ...HEADERS };
}
