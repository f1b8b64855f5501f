// What a run writes down for the thread that watches it: how far it is, and the bodies that it is
// trying now. Shared memory, as a thread that hangs sends no messages.

import type { Report } from "./campaign.ts";
import { type Target, TARGETS } from "./cases.ts";
import type { Sweep } from "./sweep.ts";

/** What the thread is told to do. */
export interface Order {
  readonly seed: number;
  readonly inputs: number;
  /** A bug by name, to see the run find it; empty for none. */
  readonly planted: string;
  /** Whether the changes of all vectors come first. */
  readonly isSwept: boolean;
  readonly shared: SharedArrayBuffer;
}

/** What the thread says. */
export type News =
  | { readonly kind: "swept"; readonly swept: Sweep }
  | { readonly kind: "done"; readonly report: Report }
  | { readonly kind: "over" };

/** Room for the bodies of the largest case; what does not fit is left out. */
const SHARED_BYTES = 4_194_304;
/** Numbers in front of the bodies: the case's count, inputs so far, the target, bodies. */
const HEAD_BYTES = 16;

export class Notes {
  readonly shared: SharedArrayBuffer;
  private readonly head: Int32Array;
  private readonly words: DataView;
  private readonly bytes: Uint8Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(SHARED_BYTES)) {
    this.shared = shared;
    this.head = new Int32Array(shared, 0, HEAD_BYTES / 4);
    this.words = new DataView(shared);
    this.bytes = new Uint8Array(shared);
  }

  /** Says what is tried next. */
  write(target: Target, bodies: readonly Uint8Array[], inputs: number): void {
    let at = HEAD_BYTES;
    let count = 0;
    for (const body of bodies) {
      if (at + 4 + body.length > this.bytes.length) break;
      this.words.setUint32(at, body.length);
      this.bytes.set(body, at + 4);
      at += 4 + body.length;
      count++;
    }
    this.head[1] = inputs;
    this.head[2] = TARGETS.indexOf(target);
    this.head[3] = count;
    Atomics.add(this.head, 0, 1);
  }

  /** Rises with each case. */
  get cases(): number {
    return Atomics.load(this.head, 0);
  }

  get inputs(): number {
    return Atomics.load(this.head, 1);
  }

  /** What is being tried. */
  read(): { readonly target: Target; readonly bodies: readonly Uint8Array[] } {
    const bodies: Uint8Array[] = [];
    let at = HEAD_BYTES;
    for (let left = Atomics.load(this.head, 3); left > 0; left--) {
      const size = this.words.getUint32(at);
      bodies.push(this.bytes.slice(at + 4, at + 4 + size));
      at += 4 + size;
    }
    return { target: TARGETS[Atomics.load(this.head, 2)] ?? "body", bodies };
  }
}
