/** A page without a browser: its address, its events, and the globals that pages do not have. */
import { vi } from "vitest";

type Listener = (event: Event) => void;

export class FakePage {
  readonly document: { visibilityState: "visible" | "hidden" } = { visibilityState: "visible" };
  readonly #listeners: Map<Listener, Set<string>> = new Map();

  /** Puts it where bundles for browsers look for their page. */
  install(href: string): void {
    vi.stubGlobal("document", this.document);
    vi.stubGlobal("location", { href });
    vi.stubGlobal("addEventListener", (type: string, listener: Listener) => {
      const types = this.#listeners.get(listener) ?? new Set();
      this.#listeners.set(listener, types.add(type));
    });
    // As in a page: what was never added is no error.
    vi.stubGlobal("removeEventListener", (type: string, listener: Listener) => {
      this.#listeners.get(listener)?.delete(type);
    });
  }

  /** The events that somebody listens to. */
  get heard(): readonly string[] {
    return [...this.#listeners.values()].flatMap((types) => [...types]).toSorted();
  }

  /** Something happens to the page. */
  tell(type: "online" | "pageshow" | "visibilitychange"): void {
    for (const [listener, types] of this.#listeners) {
      if (types.has(type)) listener(new Event(type));
    }
  }
}
