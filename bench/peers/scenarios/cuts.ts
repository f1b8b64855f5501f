/**
 * A proxy resets every connection, again and again, while both sides send at a steady pace: what is
 * lost, doubled or out of order, and for how long nothing comes.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../contestant.ts";
import { Cutter } from "../cutter.ts";
import { Ring, Tally } from "../messages.ts";
import type { Figures, Line, Scenario } from "../scenario.ts";
import { spread } from "../../statistics.ts";

const MESSAGE_BYTES = 64;

const PER_SECOND = 200;

/** Seconds of messages before the first cut is planned, and while there are cuts. */
const WARM_UP_S = 1;
const CUTS_S = 15;

const SENT = (WARM_UP_S + CUTS_S) * PER_SECOND;

/** What has not come so long after the last cut is lost. */
const LATE_MS = 6_000;

/** After the last one, for what comes twice. */
const SETTLE_MS = 500;

const BEGIN = 1;
const DONE = 2;

/** One side: sends at its pace and counts what comes. */
class Traffic {
  /** By what messages are sent: where the server has several connections, the newest. */
  connection: Connection | undefined = undefined;
  readonly #ring: Ring;
  readonly #tally: Tally;
  #arrivalsMs: number[] = [];

  constructor(payload: "text" | "bytes") {
    this.#ring = new Ring(MESSAGE_BYTES, payload);
    this.#tally = new Tally(this.#ring);
  }

  take(connection: Connection): void {
    this.connection = connection;
    connection.onMessage = (message) => {
      this.#tally.take(message);
      this.#arrivalsMs.push(performance.now());
    };
  }

  /** Sends all, and waits for all of the other side's; `warm` is called when cuts may begin. */
  async run(way: "Up" | "Down", cutEveryMs: number, warm: () => void): Promise<Figures> {
    const startMs = performance.now();
    await this.#pace(startMs, 0, WARM_UP_S * PER_SECOND);
    this.#arrivalsMs = [performance.now()];
    warm();
    await this.#pace(startMs, WARM_UP_S * PER_SECOND, SENT);
    const endMs = performance.now();
    while (this.#tally.received < SENT && performance.now() < endMs + LATE_MS) await wait(20);
    await wait(SETTLE_MS);
    const arrivalsMs = this.#arrivalsMs;
    // Where the last ones are lost, nothing comes until the end.
    if ((arrivalsMs.at(-1) as number) < endMs) arrivalsMs.push(endMs);
    const gapsMs = arrivalsMs.slice(1).map((atMs, at) => atMs - (arrivalsMs[at] as number));
    const largestMs = gapsMs.toSorted((left, right) => right - left);
    const { received, doubled, reordered } = this.#tally;
    return {
      [`sent${way}`]: SENT,
      [`lost${way}`]: SENT - received,
      [`doubled${way}`]: doubled,
      [`reordered${way}`]: reordered,
      [`gapMs${way}`]: largestMs[0] as number,
      // The median of as many of the largest as there were cuts: what one cut costs.
      [`cutGapMs${way}`]: spread(largestMs.slice(0, Math.floor((CUTS_S * 1_000) / cutEveryMs)))
        .median,
    };
  }

  async #pace(startMs: number, from: number, until: number): Promise<void> {
    for (let at = from; at < until; at++) {
      const delayMs = startMs + (at * 1_000) / PER_SECOND - performance.now();
      if (delayMs > 0) await wait(delayMs);
      this.connection?.send(this.#ring.at(at));
    }
  }
}

/** Neither side ends before the other has what it waits for. */
async function part(line: Line): Promise<void> {
  line.tell(DONE);
  await line.hear();
}

export const cuts: Scenario = {
  async serve({ contestant, parameters, line }) {
    const { cutEveryMs = 1_000 } = parameters;
    const traffic = new Traffic(contestant.payload);
    const { port } = await contestant.serve({ onConnection: (each) => traffic.take(each) });
    line.tell(port);
    await line.hear();
    const figures = await traffic.run("Up", cutEveryMs, () => {});
    await part(line);
    return figures;
  },

  async drive({ contestant, parameters, line }) {
    const { cutEveryMs = 1_000, delayMs = 0 } = parameters;
    const traffic = new Traffic(contestant.payload);
    const cutter = await Cutter.start(await line.hear(), delayMs);
    traffic.take(await contestant.connect({ port: cutter.port, reconnects: true }));
    line.tell(BEGIN);
    const end = wait((WARM_UP_S + CUTS_S) * 1_000).then(() => cutter.end());
    const figures = await traffic.run("Down", cutEveryMs, () => cutter.begin(cutEveryMs));
    const { cuts: count, connections } = await end;
    await part(line);
    return { ...figures, cuts: count, connectionsCut: connections };
  },
};
