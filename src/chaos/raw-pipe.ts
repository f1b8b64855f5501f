/**
 * A client connection passed on raw: TCP mode, and what follows an HTTP upgrade. Its unit is the
 * piece, as it was read from a socket. What the one side closes is closed on the other; what breaks
 * on the one side is reset on the other.
 */
import { connect, type Socket } from "node:net";
import type { TransformCallback } from "node:stream";
import { flipped } from "./body-stages.ts";
import type { Carried, Connection, Ending } from "./connections.ts";
import { DelayLine } from "./delay-line.ts";
import { planDamage, planPiece, type Way } from "./dice.ts";
import { reset } from "./reset.ts";
import type { Running } from "./running.ts";

export interface RawPipeOptions {
  /** What was read from the client already. */
  readonly head: Uint8Array;
  /** The first piece from the target is dropped, and the connection reset. */
  readonly isAnswerLost: boolean;
}

export class RawPipe implements Carried {
  readonly #running: Running;
  readonly #client: Connection;
  readonly #options: RawPipeOptions;
  readonly #upstream: Socket;
  readonly #lines: readonly [toTarget: PieceLine, toClient: PieceLine];
  #isOver = false;

  constructor(running: Running, client: Connection, options: RawPipeOptions) {
    this.#running = running;
    this.#client = client;
    this.#options = options;
    this.#upstream = connect({ ...running.target, allowHalfOpen: true, noDelay: true });
    const loseAnswer = options.isAnswerLost ? (): void => this.#loseAnswer() : undefined;
    this.#lines = [
      new PieceLine(running, client, "toTarget", undefined),
      new PieceLine(running, client, "toClient", loseAnswer),
    ];
  }

  start(): void {
    const { ledger, rawSockets } = this.#running;
    const { socket } = this.#client;
    const upstream = this.#upstream;
    const [toTarget, toClient] = this.#lines;
    this.#client.carried.add(this);
    this.#client.touch(this.#running);
    socket.setTimeout(0);
    rawSockets.add(upstream);
    upstream.once("error", () => {
      if (this.#isOver) return;
      ledger.count("targetErrors", this.#client);
      this.#client.end("rst");
    });
    upstream.once("close", () => rawSockets.delete(upstream));
    if (this.#options.head.length > 0) {
      ledger.countBytes("bytesToTarget", this.#options.head.length);
      upstream.write(this.#options.head);
    }
    socket.pipe(toTarget).pipe(upstream);
    upstream.pipe(toClient).pipe(socket);
  }

  abort(ending: Ending): void {
    this.#isOver = true;
    const upstream = this.#upstream;
    if (ending === "closed") {
      // The client has said all it had to say; some of it may still be on its way to the target.
      if (upstream.writableFinished) upstream.destroy();
      else upstream.once("finish", () => upstream.destroy());
      return;
    }
    for (const line of this.#lines) line.destroy();
    if (ending === "rst") reset(upstream);
    else upstream.destroy();
  }

  freeze(): void {
    for (const socket of [this.#client.socket, this.#upstream]) {
      socket.unpipe();
      socket.pause();
    }
    // What is under way is dropped.
    for (const line of this.#lines) line.destroy();
  }

  #loseAnswer(): void {
    this.#running.ledger.count("responsesLost", this.#client);
    this.#client.end("rst");
  }
}

/** One direction. */
class PieceLine extends DelayLine {
  readonly #running: Running;
  readonly #client: Connection;
  readonly #way: Way;
  readonly #lose: (() => void) | undefined;
  #pieces = 0;

  constructor(running: Running, client: Connection, way: Way, lose: (() => void) | undefined) {
    super(0);
    this.#running = running;
    this.#client = client;
    this.#way = way;
    this.#lose = lose;
  }

  override _transform(piece: Uint8Array, _encoding: BufferEncoding, done: TransformCallback): void {
    const { seed, faults, ledger } = this.#running;
    const client = this.#client;
    const number = ++this.#pieces;
    if (this.#lose !== undefined) {
      this.#lose();
      return;
    }
    const plan = planPiece(seed, client.connection, this.#way, number, faults);
    if (plan.isHalfOpen) {
      ledger.count("connectionsHalfOpened", client);
      client.silence(faults.halfOpenMs);
      return;
    }
    client.touch(this.#running);
    const isToTarget = this.#way === "toTarget";
    ledger.countBytes(isToTarget ? "bytesToTarget" : "bytesToClient", piece.length);
    if (plan.delayMs > 0) ledger.count(isToTarget ? "requestsDelayed" : "responsesDelayed", client);
    this.hold(plan.isDamaged ? this.#damaged(piece, number) : piece, plan.delayMs, done);
  }

  #damaged(piece: Uint8Array, number: number): Uint8Array {
    const { seed, faults, ledger } = this.#running;
    const isToTarget = this.#way === "toTarget";
    ledger.count(isToTarget ? "requestsDamaged" : "responsesDamaged", this.#client);
    const place = 2 * number + (isToTarget ? 0 : 1);
    const { connection } = this.#client;
    const flips = planDamage(seed, connection, place, piece.length, faults.damageBytesMax);
    return flipped(piece, flips, 0);
  }
}
