// An honest client beside an attack: it says a number, waits until it comes back, and takes the
// time, over and over. Of that time it leaves out for how long the server was ready to run and
// another program had the processor.

import { readFileSync } from "node:fs";
import { connect } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/client-session.ts";

export class HonestClient {
  readonly session: ClientSession<number, number>;
  readonly #serverPid: number;
  #next = 0;
  #heard: ((number: number) => void) | undefined;
  #isRecording = false;
  #recording: Promise<number[]> | undefined;
  #fail: ((error: Error) => void) | undefined;

  constructor(url: string, serverPid: number, headers: Readonly<Record<string, string>> = {}) {
    this.#serverPid = serverPid;
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
    const waitedBeforeMs = waitedMs(this.#serverPid);
    const sentAtMs = performance.now();
    return new Promise((resolve, reject) => {
      this.#heard = (heard) => {
        if (heard !== number) reject(new Error(`${heard} came back for ${number}`));
        const tookMs = performance.now() - sentAtMs;
        resolve(Math.max(0, tookMs - (waitedMs(this.#serverPid) - waitedBeforeMs)));
      };
      this.#fail = reject;
      this.session.send(number);
    });
  }
}

/**
 * How long the main thread of a process has waited for a processor since it began, as Linux counts
 * (Documentation/scheduler/sched-stats); 0 for ever where the system does not say.
 */
function waitedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[1] ?? 0) / 1e6;
  } catch {
    return 0;
  }
}

export function median(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
