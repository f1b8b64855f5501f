/** Worlds and programs that several tests of this folder use. */
import {
  HARMLESS,
  type NetworkOptions,
  type Noted,
  PERFECT_NETWORK,
  Play,
  seeded,
} from "../../src/sim/index.ts";
import { SessionWorld, type WorldOptions } from "../../src/sim-session/index.ts";

/** A world in which nothing goes wrong but what the test does. */
export function harmlessWorld(options: WorldOptions = {}): SessionWorld {
  return new SessionWorld(new Play(HARMLESS), options);
}

export function seededWorld(seed: number, options: WorldOptions = {}): SessionWorld {
  return new SessionWorld(new Play(seeded(seed)), options);
}

/** A network on which a body takes so long in each direction. */
export function slow(latencyMs: number): NetworkOptions {
  const { up, down } = PERFECT_NETWORK;
  return { ...PERFECT_NETWORK, up: { ...up, latencyMs }, down: { ...down, latencyMs } };
}

/** Sends back the squares of numbers. */
export function serveSquares(world: SessionWorld): ReturnType<SessionWorld["serve"]> {
  return world.serve<number, number>({
    async onSession(session) {
      for await (const number of session) session.send(number * number);
    },
  });
}

/** What was written down about processes themselves. */
export function eventsOf({ notes }: Play): string[] {
  return notes
    .filter(({ kind }: Noted) => kind === "event")
    .map(({ atMs, from, text }) => `${Math.round(atMs)} ${from} ${text}`);
}

/** What a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}
