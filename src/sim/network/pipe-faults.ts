/** What goes wrong with connections that last, on which bodies pass one behind the other. */
import { amount, PERMILLE, PICKED_MS, POSITIVE, type Rules } from "../option-checks.ts";

/** How often, of a thousand pipes or of what is sent on them, and how. All may be 0 or Infinity. */
export interface PipeFaults {
  /** Attempts to open one of which nothing comes, and nobody is told. */
  readonly neverOpensPermille: number;
  /** How much longer than a round trip it may take until one is open. */
  readonly opensWithinMs: number;
  /** Pipes that open and carry nothing: up, down, or both ways. */
  readonly mutePermille: number;
  /** Of a thousand bodies, how many break the pipe that they are on, with all that is on it. */
  readonly breaksPermille: number;
  /** Of a thousand that break, or are hung up: of how many a side is not told, or neither. */
  readonly halfOpenPermille: number;
  /** How late a side may be told. */
  readonly toldWithinMs: number;
  /** Of a thousand streams, how many the middle holds back until enough has come, or they end. */
  readonly heldBackPermille: number;
  /** How much is enough, in bytes; Infinity: only the end is. */
  readonly heldBackBytes: number;
  /** A pipe that is silent for so long is broken by the middle. Infinity: never. */
  readonly idleMs: number;
  /** Of a thousand bodies, how many are damaged. */
  readonly damagedPermille: number;
}

/** Pipes that open at once and never break. */
export const NO_PIPE_FAULTS: PipeFaults = {
  neverOpensPermille: 0,
  opensWithinMs: 0,
  mutePermille: 0,
  breaksPermille: 0,
  halfOpenPermille: 0,
  toldWithinMs: 0,
  heldBackPermille: 0,
  heldBackBytes: Infinity,
  idleMs: Infinity,
  damagedPermille: 0,
};

/** @internal */
export const PIPE_FAULT_RULES: Rules<PipeFaults> = {
  neverOpensPermille: PERMILLE,
  opensWithinMs: PICKED_MS,
  mutePermille: PERMILLE,
  breaksPermille: PERMILLE,
  halfOpenPermille: PERMILLE,
  toldWithinMs: PICKED_MS,
  heldBackPermille: PERMILLE,
  heldBackBytes: amount(1, Infinity),
  idleMs: POSITIVE,
  damagedPermille: PERMILLE,
};

/** What happens to pipes that is worth counting. */
export type PipeFaultMark =
  | "pipe never opens"
  | "pipe mute"
  | "pipe breaks"
  | "pipe breaks with bodies on it"
  | "pipe half-open"
  | "pipe held back"
  | "pipe idle"
  | "pipe damaged";
