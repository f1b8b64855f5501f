/**
 * Work in turns: whoever has much to do for one session lets requests of others be answered in
 * between, and other sessions have their part of each turn.
 */

/** Long enough to get something done; a request takes some turns to be answered. */
const TURN_MS = 10;

export class Turns {
  #endMs = 0;
  #end: Promise<void> | undefined;

  /** Undefined while there is time in this turn of the event loop; look again when it resolves. */
  get over(): Promise<void> | undefined {
    const nowMs = performance.now();
    if (this.#end === undefined) {
      this.#endMs = nowMs + TURN_MS;
      this.#end = new Promise((resolve) => {
        setImmediate(() => {
          this.#end = undefined;
          resolve();
        });
      });
    }
    return nowMs < this.#endMs ? undefined : this.#end;
  }
}
