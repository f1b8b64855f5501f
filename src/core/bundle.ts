/**
 * The numbered frames of one body while it is being filled: what fits into the bytes and units
 * that are left, and which seqs it carries. Messages of one channel whose seqs and indexes follow
 * each other share a frame. spec 3.3 and 4.3.
 *
 * `room` counts upper bounds of what frames take, so that what fits here fits the body.
 */
import type { ChannelOpenFrame, NumberedFrame } from "./body.ts";
import { INTEGER_BYTES_MAX } from "./limits.ts";
import { NO_KEY } from "./send-ring.ts";
import { StoredRun } from "./stored-run.ts";

/** Upper bounds of a frame's bytes without payloads: its type and its integers. */
const RUN_OVERHEAD: number = 1 + 4 * INTEGER_BYTES_MAX;
export const PART_OVERHEAD: number = 1 + 7 * INTEGER_BYTES_MAX;
export const SKIP_OVERHEAD: number = 1 + 5 * INTEGER_BYTES_MAX;
export const FACT_OVERHEAD: number = 1 + 4 * INTEGER_BYTES_MAX;
export const MESSAGE_OVERHEAD = 4;
const KEY_OVERHEAD: number = INTEGER_BYTES_MAX;

/** The opening of a channel that the peer may not know yet. */
export type OpeningOf = (channel: number) => ChannelOpenFrame | undefined;

export class Bundle {
  readonly transmission: number;
  readonly frames: NumberedFrame[] = [];
  /** Seqs carried, as flat ranges in the order of carriage. */
  readonly runs: number[] = [];
  /** Bytes left. */
  room: number;
  /** Messages and parts left. */
  units: number;
  /** The last frame, when a further message may join it. */
  private run: StoredRun | undefined = undefined;
  private readonly openingOf: OpeningOf;
  /** Openings that go along with what needs them, and the seqs of all that the body carries. */
  private readonly openings: ChannelOpenFrame[] = [];
  private readonly carried: Set<number> = new Set();
  /** The channel of the last frame: its opening is accounted for. */
  private channel = -1;

  constructor(transmission: number, room: number, units: number, openingOf: OpeningOf) {
    this.transmission = transmission;
    this.room = room;
    this.units = units;
    this.openingOf = openingOf;
  }

  /** The frames of the body: [CHAN-3] openings that go along come first. */
  get all(): NumberedFrame[] {
    return this.openings.length === 0 ? this.frames : [...this.openings, ...this.frames];
  }

  /** Bytes left for a frame of a channel, its opening deducted. */
  roomFor(channel: number): number {
    const opening = this.openingNeededBy(channel);
    return opening === undefined ? this.room : this.room - openingBytes(opening);
  }

  /** Whether a frame of so many bytes may be added; any may be the first. */
  fits(bytes: number, channel: number): boolean {
    return bytes <= this.roomFor(channel) || this.frames.length === 0;
  }

  /** Whether a message with a payload of so many bytes may be added. */
  fitsMessage(payloadBytes: number, channel: number): boolean {
    return this.fits(payloadBytes + RUN_OVERHEAD + MESSAGE_OVERHEAD + KEY_OVERHEAD, channel);
  }

  /** Appends a message, whose payload lies at a place, to the run that is open, or opens one. */
  addMessage(
    seq: number,
    channel: number,
    index: number,
    key: number,
    source: Uint8Array,
    offset: number,
    bytes: number,
  ): void {
    let run = this.run;
    const at = run === undefined ? 0 : run.lengths.length;
    if (
      run === undefined ||
      run.seq + at !== seq ||
      run.channel !== channel ||
      run.index + at !== index
    ) {
      this.takeAlong(channel);
      run = new StoredRun(channel, seq, index, key === NO_KEY ? undefined : []);
      this.run = run;
      this.frames.push(run);
      this.room -= RUN_OVERHEAD;
    }
    run.add(source, offset, bytes);
    run.keys?.push(key);
    this.room -= bytes + MESSAGE_OVERHEAD + (key === NO_KEY ? 0 : KEY_OVERHEAD);
    this.addSeq(seq);
  }

  /** Appends a frame that carries one seq and takes at most `bytes`. */
  addFrame(frame: NumberedFrame, bytes: number): void {
    this.run = undefined;
    if (frame.kind === "channel-open") this.carried.add(frame.seq);
    this.takeAlong(channelOf(frame));
    this.frames.push(frame);
    this.room -= bytes;
    this.addSeq(frame.seq);
  }

  private openingNeededBy(channel: number): ChannelOpenFrame | undefined {
    if (channel === this.channel) return undefined;
    const opening = this.openingOf(channel);
    return opening === undefined || this.carried.has(opening.seq) ? undefined : opening;
  }

  private takeAlong(channel: number): void {
    const opening = this.openingNeededBy(channel);
    this.channel = channel;
    if (opening === undefined) return;
    this.carried.add(opening.seq);
    this.openings.push(opening);
    this.room -= openingBytes(opening);
  }

  private addSeq(seq: number): void {
    const runs = this.runs;
    if (runs[runs.length - 1] === seq - 1) runs[runs.length - 1] = seq;
    else runs.push(seq, seq);
  }
}

/** The channel that a frame is about; the end of a session counts as of channel 0. */
function channelOf(frame: NumberedFrame): number {
  return frame.kind === "finish" ? 0 : frame.channel;
}

/** Upper bound of what an opening takes. */
function openingBytes(opening: ChannelOpenFrame): number {
  return FACT_OVERHEAD + opening.label.length;
}
