// An honest client beside an attack: it says a number, waits until it comes back, and takes the
// time, over and over.

import { connect } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/client-session.ts";

export class HonestClient {
  readonly session: ClientSession<number, number>;
  #next = 0;
  #heard: ((number: number) => void) | undefined;
  #isRecording = false;
  #recording: Promise<number[]> | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.session = connect<number, number>(url, { headers });
    this.session.onBundle((numbers) => {
      for (const number of numbers) this.#heard?.(number);
    });
    void this.session.ended.then(({ reason }) => this.#fail?.(new Error(`it ended: ${reason}`)));
  }

  /** Round trips of the next `count` numbers, in ms. */
  async pings(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let at = 0; at < count; at++) times.push(await this.#ping());
    return times;
  }

  /** Goes on until told to stop. */
  beginRecording(): void {
    this.#isRecording = true;
    const record = async (): Promise<number[]> => {
      const times: number[] = [];
      while (this.#isRecording) times.push(await this.#ping());
      return times;
    };
    this.#recording = record();
  }

  /** The round trips since then, the one under way among them. */
  async endRecording(): Promise<number[]> {
    this.#isRecording = false;
    return (await this.#recording) ?? [];
  }

  #ping(): Promise<number> {
    const number = this.#next++;
    const sentAtMs = performance.now();
    return new Promise((resolve, reject) => {
      this.#heard = (heard) => {
        if (heard !== number) reject(new Error(`${heard} came back for ${number}`));
        resolve(performance.now() - sentAtMs);
      };
      this.#fail = reject;
      this.session.send(number);
    });
  }
}

export function median(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
