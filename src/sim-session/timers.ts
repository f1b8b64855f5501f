/**
 * Timers of one life of a process, in the order in which they fire: by time, then as they were set.
 */

export interface Timer {
  readonly atMs: number;
  /** Set by the program, not by a session: while there is one, the program has something to do. */
  readonly isProgram: boolean;
  readonly callback: () => void;
}

export class Timers {
  private readonly sorted: Timer[] = [];

  get next(): Timer | undefined {
    return this.sorted[0];
  }

  /** Timers that the program has set. */
  get programCount(): number {
    return this.sorted.filter(({ isProgram }) => isProgram).length;
  }

  set(timer: Timer): void {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sorted[middle] as Timer).atMs <= timer.atMs) low = middle + 1;
      else high = middle;
    }
    this.sorted.splice(low, 0, timer);
  }

  takeNext(): Timer | undefined {
    return this.sorted.shift();
  }

  clear(timer: Timer): void {
    const at = this.sorted.indexOf(timer);
    if (at >= 0) this.sorted.splice(at, 1);
  }

  clearAll(): void {
    this.sorted.length = 0;
  }
}
