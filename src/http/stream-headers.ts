import { MEDIA_TYPE } from "./media-type.ts";

/** What an intermediary needs to be told of a stream; nginx holds it back without the last. */
export const STREAM_HEADERS: Readonly<Record<string, string>> = {
  "content-type": MEDIA_TYPE,
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};
