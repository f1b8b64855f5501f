/** What a process or a page has learned of origins, for its sessions to share; in memory alone. */
import type { Host } from "./host.ts";

/** So many are remembered, the oldest forgotten: a process or a page talks to few. */
const REMEMBERED_MAX = 256;

/** One thing that is learned, by host and by name. Simulated hosts have nothing in common. */
export class ByOrigin<Learned extends object> {
  readonly #make: () => Learned;
  readonly #hosts: WeakMap<Host, Map<string, Learned>> = new WeakMap();

  /** `make` makes what is known of whom nobody knows. */
  constructor(make: () => Learned) {
    this.#make = make;
  }

  of(host: Host, name: string): Learned {
    let known = this.#hosts.get(host);
    if (known === undefined) this.#hosts.set(host, (known = new Map()));
    let learned = known.get(name);
    if (learned !== undefined) return learned;
    for (const oldest of known.keys()) {
      if (known.size < REMEMBERED_MAX) break;
      known.delete(oldest);
    }
    known.set(name, (learned = this.#make()));
    return learned;
  }
}
