/**
 * A session's turns at having requests held, where connections are few: it asks for one while it
 * hears by polling, and gives it back when others wait or a pipe is there [SAY-13].
 */
import type { RequestSide } from "../core/index.ts";
import type { Turns } from "./carrier.ts";
import type { Host } from "./host.ts";

export class TurnTaker {
  readonly #host: Host;
  readonly #side: RequestSide;
  readonly #turns: Turns;
  /** The exchanges that are out. */
  readonly #out: ReadonlyMap<number, unknown>;
  /** The tick is to end. */
  readonly #touch: () => void;
  /** What gives back the turn that was asked for, if one was. */
  #giveBack: (() => void) | undefined;
  /** The turn is over, but for the answers to these. */
  #ending: readonly number[] | undefined;

  constructor(
    host: Host,
    side: RequestSide,
    turns: Turns,
    out: ReadonlyMap<number, unknown>,
    touch: () => void,
  ) {
    this.#host = host;
    this.#side = side;
    this.#turns = turns;
    this.#out = out;
    this.#touch = touch;
  }

  /** Asks for a turn where one is of use, and gives it back where none is. */
  consider(isWanted: boolean): void {
    if (this.#giveBack === undefined) {
      if (isWanted) this.#ask();
      return;
    }
    if (!isWanted && this.#ending === undefined) this.#end();
    // Not before they are answered are their connections free for others.
    if (this.#ending?.some((exchange) => this.#out.has(exchange)) === false) this.#release();
  }

  /** Nothing is out any more, or will be. */
  stop(): void {
    if (this.#giveBack === undefined) return;
    if (this.#ending === undefined) this.#end();
    this.#release();
  }

  #ask(): void {
    const begin = (): void => {
      if (this.#ending !== undefined) return;
      this.#side.setTurn(this.#host.nowMs(), true);
      this.#touch();
    };
    const end = (): void => {
      if (this.#ending === undefined) this.#end();
    };
    this.#giveBack = this.#turns.ask(begin, end);
  }

  #end(): void {
    this.#ending = [...this.#out.keys()];
    this.#side.setTurn(this.#host.nowMs(), false);
    this.#touch();
  }

  #release(): void {
    this.#giveBack?.();
    this.#giveBack = undefined;
    this.#ending = undefined;
    this.#touch();
  }
}
