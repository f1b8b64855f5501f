/**
 * Says that nobody waits for an exchange any more. It is the part of an `AbortSignal` that exchanges
 * need: Node takes longer to make one of those than to put a body together.
 */
import type { ExchangeSignal } from "./carrier.ts";

export class GivingUp implements ExchangeSignal {
  #aborted = false;
  #listeners: readonly (() => void)[] = [];

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  abort(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    for (const listener of this.#listeners) listener();
  }
}
