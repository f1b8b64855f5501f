/** Why a run of a world cannot go on, and what it cannot be asked for. */

/** Stable. */
export type WorldErrorCode =
  /** What the run waits for has not come within `runMsMax` or `eventsMax`. */
  | "run_endless"
  /** What the run waits for cannot come any more: nobody has anything left to do. */
  | "run_stalled"
  /** A process of that name has been started already. */
  | "name_taken"
  /** There is no process of that name. */
  | "name_unknown"
  /** An option is out of its bounds. */
  | "option_invalid"
  /** It was asked of a life of a process that is over, or of a world that is running or failed. */
  | "state_invalid";

/** The world was asked for something that cannot be, or what a run waits for does not come. */
export class WorldError extends Error {
  override readonly name = "WorldError";
  /** What is wrong. Stable; `message` has the details. */
  readonly code: WorldErrorCode;

  /** @internal Made by the library. */
  constructor(code: WorldErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}

/** @throws WorldError `option_invalid` unless it is more than 0. */
export function positive(value: number, name: string): number {
  if (value > 0) return value;
  throw new WorldError("option_invalid", `${name} is ${value} and must be more than 0`);
}

/** @throws WorldError `option_invalid` for what is no time that can pass. */
export function checkMs(value: number, name: string): void {
  if (value >= 0 && value < Infinity) return;
  throw new WorldError("option_invalid", `${name} is ${value} and must be 0 or more`);
}
