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
  /**
   * It was asked of a life of a process that is over, of a world that is running, or of a `Play`
   * that has a world already.
   */
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
