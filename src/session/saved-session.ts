/**
 * A session's state as text, for `sessionStorage` or a file: the core's snapshot, and the messages
 * that the application had not taken yet. It contains the session's secret and its messages.
 *
 * JSON, with bytes in base64 and what JSON lacks (undefined, infinities) spelt out.
 */
import { RequestSide, type RequestUse, type Snapshot, UsageError } from "../core/index.ts";
import type { ChannelFacts } from "./channel.ts";
import { type Host, randomWord } from "./host.ts";
import type { InboxContent } from "./inbox.ts";

export interface SavedInbox extends InboxContent {
  readonly channelId: number;
  /** Undefined for channel 0. */
  readonly facts: ChannelFacts | undefined;
}

interface SavedSession {
  readonly version: 1;
  readonly core: Snapshot;
  readonly inboxes: readonly SavedInbox[];
}

/** The one key of an object that stands for a value that JSON lacks. */
const MARK = "$";

export function encodeSaved(saved: SavedSession): string {
  return JSON.stringify(saved, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return { [MARK]: "bytes", base64: toBase64(value) };
    if (value === undefined) return { [MARK]: "undefined" };
    if (typeof value !== "number" || Number.isFinite(value)) return value;
    return { [MARK]: "number", text: String(value) };
  });
}

/**
 * Goes on from what `encodeSaved` made.
 *
 * @throws UsageError `state_invalid` for what is no saved session of this version.
 */
export function resumeSaved(
  host: Host,
  text: string,
  requests: RequestUse,
): { readonly side: RequestSide; readonly inboxes: readonly SavedInbox[] } {
  try {
    const { version, core, inboxes } = restore(JSON.parse(text)) as SavedSession;
    const side = RequestSide.resume(host.nowMs(), core, randomWord(host), requests);
    if (version === 1 && agrees(side, inboxes)) return { side, inboxes };
  } catch {
    // Falls through: whatever is wrong with it, it is not ours.
  }
  throw new UsageError("state_invalid", "not a saved session of this version");
}

/** What the core handed over and was not told to be consumed is what the inboxes account for. */
function agrees(side: RequestSide, inboxes: readonly SavedInbox[]): boolean {
  const byChannel = new Map(inboxes.map((inbox) => [inbox.channelId, inbox]));
  return [...side.receiver.channels.values()].every(({ id, isReset, unconsumed }) => {
    const inbox = byChannel.get(id);
    // Channel 0 has no facts, every other one has.
    if (inbox === undefined || (inbox.facts === undefined) !== (id === 0)) return false;
    if (!inbox.arrived.every((each) => each instanceof Uint8Array)) {
      return false;
    }
    return isReset || inbox.arrived.length + inbox.handedOut === unconsumed.size;
  });
}

/** The fields of a value that stands for another. */
interface Marked {
  readonly [MARK]?: "bytes" | "undefined" | "number";
  readonly base64: string;
  readonly text: string;
}

function restore(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(restore);
  const marked = value as Marked;
  switch (marked[MARK]) {
    case "bytes":
      return fromBase64(marked.base64);
    case "number":
      return Number(marked.text);
    case "undefined":
      return undefined;
    default:
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item)]));
  }
}

/** Bytes at a time as arguments of one call: engines take at least so many. */
const ARGUMENTS_MAX = 8_192;

function toBase64(bytes: Uint8Array): string {
  let characters = "";
  for (let at = 0; at < bytes.length; at += ARGUMENTS_MAX) {
    characters += String.fromCharCode(...bytes.subarray(at, at + ARGUMENTS_MAX));
  }
  return btoa(characters);
}

function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
