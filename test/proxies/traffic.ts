/** Numbered messages both ways at a steady pace, checked as they arrive. */
import { onTestFinished } from "vitest";
import { until } from "../waiting.ts";
import type { Session } from "../../src/session/index.ts";

/** Messages of each side in one tick, and ticks: about 2,000 messages a second each way. */
const BURST = 10;
const TICK_MS = 5;

export class Traffic {
  /** The first message of each side that was not the next one. */
  readonly mistakes: string[] = [];
  readonly #sides: Side[];
  readonly #timer: NodeJS.Timeout;

  constructor(client: Session<number, number>, session: Session<number, number>) {
    this.#sides = [this.#side("client", client), this.#side("server", session)];
    this.#timer = setInterval(() => {
      for (const side of this.#sides) side.burst();
    }, TICK_MS);
    onTestFinished(() => this.stop());
  }

  /** Of the side that has got fewer. */
  get received(): number {
    return Math.min(...this.#sides.map(({ received }) => received));
  }

  /** Another thousand each way. */
  async more(): Promise<void> {
    const goal = this.received + 1_000;
    await until(() => this.received >= goal, `message ${goal}`);
  }

  /** Sends no more; done when everything has arrived. */
  async finish(): Promise<void> {
    this.stop();
    const [client, server] = this.#sides as [Side, Side];
    await until(
      () => client.received >= server.sent && server.received >= client.sent,
      "the last messages",
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #side(name: string, session: Session<number, number>): Side {
    const side: Side = {
      sent: 0,
      received: 0,
      burst() {
        for (let count = 0; count < BURST; count++) session.send(side.sent++);
      },
    };
    session.onBundle((messages) => {
      for (const message of messages) {
        const isNext = message === side.received++;
        if (!isNext) this.mistakes.push(`${name}: ${message} as number ${side.received}`);
      }
    });
    return side;
  }
}

interface Side {
  sent: number;
  received: number;
  burst(): void;
}
