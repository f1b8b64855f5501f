/**
 * How long nothing is heard when a session moves from one link to another, up and down, on a line
 * with a delay, while both sides speak all the time.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startChaos } from "../../src/chaos/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { LIMIT_MS, pause, soon } from "../waiting.ts";
import { Speaker } from "./dialogue.ts";
import { LinkServer } from "./link-server.ts";
import { connectBy } from "./link-under-test.ts";

/** Each way: so a round trip takes twice as long. */
export const DELAY_MS = 25;
export const ROUND_TRIP_MS: number = 2 * DELAY_MS;

const PACE_MS = 10;

/** So long a link is watched while it is steady; and a move, from what brings it about. */
const STEADY_MS = 1_500;

/** A link that was refused is tried again after 1, 2, 4 and 8 s. */
const MOVE_LIMIT_MS = LIMIT_MS + 20_000;

/** One move. */
export interface Move {
  readonly from: LinkName;
  readonly to: LinkName;
  /** What brings it about: the better link is there, or the one in use is cut and forbidden. */
  readonly how: "better" | "cut";
  /** The longest silence around the move, and on the new link once it is steady: of both sides. */
  readonly gapMs: number;
  readonly steadyMs: number;
  /** How long this process, which is all of them, stood still at most meanwhile. */
  readonly stallMs: number;
}

/** When messages were heard, by one side. */
class Hearing {
  readonly #atMs: number[] = [];

  note(atMs: number): void {
    this.#atMs.push(atMs);
  }

  /** The longest time without a word between these times, and what reaches into them. */
  gapMs(fromMs: number, toMs: number): number {
    let longestMs = 0;
    for (let at = 1; at < this.#atMs.length; at++) {
      const [beforeMs = 0, afterMs = 0] = this.#atMs.slice(at - 1, at + 1);
      if (afterMs < fromMs || beforeMs > toMs) continue;
      longestMs = Math.max(longestMs, afterMs - beforeMs);
    }
    return longestMs;
  }
}

/** What was found, and that nothing was lost, doubled or reordered in all of it. */
export interface Moves {
  readonly moves: readonly Move[];
  readonly mistakes: number;
}

/** From polling to a stream to a WebSocket, and the same way back. */
export async function measureMoves(): Promise<Moves> {
  const server = await LinkServer.start();
  server.forbidden.add("stream").add("websocket");
  const line = await startChaos({ target: server.port, tcp: true, delayMs: DELAY_MS });
  const client = connectBy<number, number>({ links: ["websocket", "stream", "poll"] }, line.port);
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  stalls.enable();
  try {
    const hearings = [new Hearing(), new Hearing()] as const;
    const speakers = [
      new Speaker(client, (atMs) => hearings[0].note(atMs)),
      new Speaker(await server.nextSession(), (atMs) => hearings[1].note(atMs)),
    ] as const;
    for (const speaker of speakers) speaker.start(PACE_MS);
    await soon(client.opened, "the opening");
    await pause(STEADY_MS);

    const gapMs = (fromMs: number, toMs: number): number =>
      Math.max(...hearings.map((hearing) => hearing.gapMs(fromMs, toMs)));
    const move = async (to: LinkName, how: Move["how"], begin: () => void): Promise<Move> => {
      const from = client.link;
      stalls.reset();
      const came = new Promise<number>((resolve) => {
        const unlisten = client.on("link", (name) => {
          if (name !== to) return;
          unlisten();
          resolve(performance.now());
        });
      });
      const beganAtMs = performance.now();
      begin();
      const cameAtMs = await soon(came, `a move to ${to}`, MOVE_LIMIT_MS);
      await pause(STEADY_MS);
      // A better link comes when it has proved itself; what is cut is missed from then on.
      const aroundMs = how === "cut" ? beganAtMs : cameAtMs - 2 * ROUND_TRIP_MS;
      const settledAtMs = cameAtMs + 4 * ROUND_TRIP_MS;
      return {
        from,
        to,
        how,
        gapMs: gapMs(aroundMs, settledAtMs),
        steadyMs: gapMs(settledAtMs, performance.now()),
        stallMs: stalls.max / 1e6,
      };
    };

    const moves = [
      await move("stream", "better", () => void server.forbidden.delete("stream")),
      await move("websocket", "better", () => void server.forbidden.delete("websocket")),
      await move("stream", "cut", () => {
        server.forbidden.add("websocket");
        server.cut();
      }),
      await move("poll", "cut", () => {
        server.forbidden.add("stream");
        server.cut();
      }),
    ];
    return { moves, mistakes: await mistakesOf(speakers) };
  } finally {
    stalls.disable();
    client.abort();
    await line.close();
    await server.forget();
  }
}

async function mistakesOf([one, other]: readonly [Speaker, Speaker]): Promise<number> {
  for (const speaker of [one, other]) speaker.stop();
  await one.hears(other.sent);
  await other.hears(one.sent);
  const all = [one.heard.counts(other.sent), other.heard.counts(one.sent)];
  return all.reduce((sum, { lost, doubled, reordered }) => sum + lost + doubled + reordered, 0);
}
