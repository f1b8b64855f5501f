/** The message of a soak: it says itself who has sent it, where, and which one it is. */
import { crc32 } from "node:zlib";
import { msgpack } from "../../src/session/index.ts";
import { Dice } from "./dice.ts";

export interface SoakMessage {
  /** The half that has sent it. */
  readonly from: string;
  readonly channel: string;
  /** Its place among those of this half on this channel. */
  readonly n: number;
  readonly key?: number;
  readonly filling: Uint8Array;
}

/** The largest one: more than two bodies of the largest size, so that it goes in parts. */
export const FILLING_BYTES_MAX = 1_500_000;

/** Fillings are pieces of it: made once, and no two pieces alike. */
const quarry = new Uint8Array(2 * FILLING_BYTES_MAX);
const dice = new Dice(1);
const words = new Int32Array(quarry.buffer);
for (let at = 0; at < words.length; at++) words[at] = dice.integer(-(2 ** 31), 2 ** 31 - 1);

/** @param fraction 0 to 1: from where */
export function filling(bytes: number, fraction: number): Uint8Array {
  const at = Math.floor(fraction * (quarry.length - bytes));
  return quarry.subarray(at, at + bytes);
}

export function digestOf({ from, channel, n, key, filling: bytes }: SoakMessage): number {
  // The filling first: of no bytes Node's is 0, whatever came before them.
  return crc32(JSON.stringify([from, channel, n, key ?? null]), crc32(bytes));
}

/** What arrives was decoded from bytes, and is looked at before it is believed. */
export function isSoakMessage(value: unknown): value is SoakMessage {
  if (typeof value !== "object" || value === null) return false;
  const { from, channel, n, key, filling: bytes } = value as Partial<SoakMessage>;
  return (
    typeof from === "string" &&
    typeof channel === "string" &&
    Number.isSafeInteger(n) &&
    (key === undefined || Number.isSafeInteger(key)) &&
    bytes instanceof Uint8Array
  );
}

/**
 * What each process keeps for its largest message it shall have from the beginning: msgpackr writes
 * into a buffer that grows and never shrinks, which is no leak.
 */
export function makeRoomForLargest(): void {
  msgpack().encode({ filling: filling(FILLING_BYTES_MAX, 0) });
}
