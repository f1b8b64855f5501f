/**
 * Small objects in place of bytes: the n-th message of the ring stands for the n-th object, whose
 * fields the receiver compares before it passes that message on. Packed they have 60 bytes, about.
 */
import type { Session } from "../../holdfast.ts";
import type { Connection, Message, ReceiveOptions } from "../contestant.ts";
import { positionOf, Ring } from "../messages.ts";

/** Of the messages that stand for them. */
export const MOVE_MESSAGE_BYTES = 64;

export interface Move {
  readonly t: number;
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly id: number;
}

function moveAt(position: number): Move {
  return {
    t: 1_000_000 + position * 16,
    x: 12.5 + position * 0.37,
    y: -7.25 + position * 0.11,
    vx: 0.731 - position * 0.003,
    vy: 1.19 + position * 0.007,
    id: position,
  };
}

function isEqual(one: Move, other: Move): boolean {
  return (
    one.t === other.t &&
    one.x === other.x &&
    one.y === other.y &&
    one.vx === other.vx &&
    one.vy === other.vy &&
    one.id === other.id
  );
}

export class MovesEnd implements Connection {
  onMessage: Connection["onMessage"] = () => {};
  onDrain: Connection["onDrain"] = () => {};
  onClose: Connection["onClose"] = () => {};
  readonly #session: Session<Move, Move>;
  readonly #ring: Ring = new Ring(MOVE_MESSAGE_BYTES, "bytes");
  readonly #moves: readonly Move[] = this.#ring.messages.map((_, position) => moveAt(position));

  constructor(session: Session<Move, Move>, taking: ReceiveOptions["taking"]) {
    this.#session = session;
    session.onBundle((moves) => {
      for (const move of moves) this.#take(move);
      return taking?.();
    });
    void session.ended.then(() => this.onClose());
  }

  send(message: Message): boolean {
    const hasRoom = this.#session.send(this.#moves[positionOf(message)] as Move);
    if (!hasRoom) void this.#session.ready.then(() => this.onDrain());
    return hasRoom;
  }

  flushed(): Promise<void> {
    return this.#session.flushed();
  }

  close(): void {
    void this.#session.close();
  }

  #take(move: Move): void {
    const sent = this.#moves[move.id];
    if (sent === undefined || !isEqual(move, sent)) {
      throw new Error(`object ${move.id} is not the one that was sent`);
    }
    this.onMessage(this.#ring.at(move.id));
  }
}
