/**
 * The life of a page: it is hidden and shown, put aside and taken up again, and left. On a page all
 * these events reach `globalThis`, those of the document that do not bubble on their way down.
 * spec decision 0021.
 */
import type { Leaving } from "../session/carrier.ts";

/** Gets an event. */
export type PageListener = (event: { readonly type: string }) => void;

/**
 * What a page tells of itself: the parts of `globalThis` that a worker or a server may not have.
 */
export interface PageEvents {
  /**
   * Begins to listen. These are asked for: `online`, `visibilitychange`, `pageshow`, `pagehide`,
   * `freeze` and `resume`.
   */
  addEventListener?(type: string, listener: PageListener, isCapture?: boolean): void;
  /** Ends that. */
  removeEventListener?(type: string, listener: PageListener, isCapture?: boolean): void;
  /** Whether the page can be seen. */
  readonly document?: { readonly visibilityState: string } | undefined;
}

/** What each event of a page means; that of `visibilitychange` is for its state to say. */
const EVENTS: ReadonlyMap<string, Leaving | "back"> = new Map([
  ["online", "back"],
  ["visibilitychange", "hidden"],
  ["pageshow", "back"],
  ["resume", "back"],
  ["pagehide", "frozen"],
  ["freeze", "frozen"],
]);

/** Watches a page; returns what ends that. */
export function watchPage(
  events: PageEvents,
  wake: () => void,
  leave: (how: Leaving) => void,
): () => void {
  const listener: PageListener = ({ type }) => {
    const isShown = type === "visibilitychange" && events.document?.visibilityState === "visible";
    const means = isShown ? "back" : EVENTS.get(type);
    if (means === "back") wake();
    // A worker has no document, and is not left like one.
    else if (means !== undefined && events.document !== undefined) leave(means);
  };
  for (const type of EVENTS.keys()) events.addEventListener?.(type, listener, true);
  return () => {
    for (const type of EVENTS.keys()) events.removeEventListener?.(type, listener, true);
  };
}
