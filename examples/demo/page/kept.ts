/**
 * What this page leaves to the one after it in the same tab: its session, its copy of the text and
 * its line. So a reload loses nothing, not even what was typed while the cable was pulled.
 *
 * It is there from the moment at which a page goes until the next one takes it: a tab duplicated in
 * between has it twice, and the server then tells one of the two that it is superseded. One
 * duplicated later begins a session of its own, as it should.
 */
import type { SavedDocument } from "./shared-document.ts";

export interface Kept {
  readonly lineId: string;
  /** As `session.save()` gave it. */
  readonly session: string;
  readonly document: SavedDocument;
  /** The server tells only when it changes. */
  readonly people: number;
}

const KEY = "kept";

export function keep(kept: Kept): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // No room, or not allowed: the next page begins anew.
  }
}

/** What was kept, once. */
export function takeKept(): Kept | undefined {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text === null ? undefined : (JSON.parse(text) as Kept);
  } catch {
    return undefined;
  }
}
