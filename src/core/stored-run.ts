/**
 * A run of messages that is about to be written: the lengths of its payloads, and the stretches of
 * memory in which these lie one behind the other. Small payloads that were accepted one after the
 * other are neighbours in a chunk (see `payload-queue.ts`), so that a thousand of them are one
 * stretch and one copy, and no view is made of any.
 */
import type { MessagesFrame } from "./body.ts";
import { viewOf } from "./payload-queue.ts";
import type { Wire } from "./wire.ts";

/** What every run begins with; nothing is put into it. */
const NONE: number[] = [];

/** Messages whose seqs and indexes follow each other. */
export class StoredRun implements MessagesFrame {
  readonly kind = "messages";
  readonly channel: number;
  readonly seq: number;
  readonly index: number;
  declare readonly keys?: number[];
  /** Of each payload, in bytes. */
  lengths: number[] = NONE;
  /** The stretches: where each lies, and where it begins and ends there. */
  private sources: Uint8Array[] = [];
  private starts: number[] = NONE;
  private ends: number[] = NONE;

  constructor(channel: number, seq: number, index: number, keys?: number[]) {
    this.channel = channel;
    this.seq = seq;
    this.index = index;
    if (keys !== undefined) this.keys = keys;
  }

  /** The run that a frame is, wherever its payloads lie. */
  static of(frame: MessagesFrame): StoredRun {
    if (frame instanceof StoredRun) return frame;
    const { channel, seq, index, keys, payloads } = frame;
    const run = new StoredRun(channel, seq, index, keys?.slice());
    for (const payload of payloads) run.add(payload, 0, payload.length);
    return run;
  }

  /** Of all payloads. */
  get payloadBytes(): number {
    let bytes = 0;
    for (let at = 0; at < this.ends.length; at++) {
      bytes += (this.ends[at] as number) - (this.starts[at] as number);
    }
    return bytes;
  }

  /** Appends the payload at a place. */
  add(source: Uint8Array, offset: number, bytes: number): void {
    const last = this.ends.length - 1;
    if (last < 0) {
      // Of exactly this length: an array that grows has room for seventeen, and many runs have one.
      this.lengths = [bytes];
      this.sources = [source];
      this.starts = [offset];
      this.ends = [offset + bytes];
      return;
    }
    this.lengths.push(bytes);
    if (this.ends[last] === offset && this.sources[last] === source) {
      this.ends[last] = offset + bytes;
      return;
    }
    this.sources.push(source);
    this.starts.push(offset);
    this.ends.push(offset + bytes);
  }

  /** Views of the payloads: for who looks at a frame, as the writer does not. */
  get payloads(): Uint8Array[] {
    let stretch = 0;
    let at = this.starts[0] as number;
    return this.lengths.map((length) => {
      while (at + length > (this.ends[stretch] as number)) at = this.starts[++stretch] as number;
      at += length;
      return viewOf(this.sources[stretch] as Uint8Array, at - length, length);
    });
  }

  /** What writes the payloads, from the first one on. */
  get copier(): (writer: Wire, bytes: number) => void {
    let stretch = 0;
    let at = this.starts[0] as number;
    return (writer, bytes) => {
      for (let left = bytes; left > 0;) {
        if (at === this.ends[stretch]) at = this.starts[++stretch] as number;
        const length = Math.min(left, (this.ends[stretch] as number) - at);
        writer.copy(this.sources[stretch] as Uint8Array, at, length);
        at += length;
        left -= length;
      }
    };
  }
}
