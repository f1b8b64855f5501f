/** What befalls the processes of a soak, beside the faults of the network. */
import { pause } from "../waiting.ts";
import type { Cast, ClientPart, ServerPart } from "./cast.ts";
import type { Dice } from "./dice.ts";

export type MishapName =
  /** SIGKILL, and another process with other sessions. */
  | "clientKilled"
  /** Its session is saved; another process goes on with it, after a while. */
  | "clientSaved"
  /** Drained and ended; another process listens at its port after a while, and knows no session. */
  | "serverRestarted"
  /** SIGKILL, and the same. */
  | "serverKilled"
  /** Stopped for a while, as a machine that sleeps. */
  | "clientPaused"
  | "serverPaused"
  | "proxyPaused";

/** One after the other in each list, all lists at once: they befall different processes. */
export const MISHAPS_AT_ONCE: readonly (readonly MishapName[])[] = [
  ["clientKilled", "clientSaved"],
  ["serverRestarted", "serverKilled"],
  ["clientPaused", "serverPaused", "proxyPaused"],
];

export const MISHAPS: readonly MishapName[] = MISHAPS_AT_ONCE.flat();

/** How long nobody is there, or nobody moves: shorter than the limits of silence. */
const AWAY_MS_MAX = 1_000;

/** Most often a process has something in memory that its application has not taken yet. */
const DEAF_PROBABILITY = 0.7;
const DEAF_MS = 400;

export async function happen(name: MishapName, cast: Cast, dice: Dice): Promise<void> {
  const { mortal, south, servers, clients } = cast;
  const away = (): Promise<void> => pause(dice.integer(0, AWAY_MS_MAX));
  const stopFor = async (paused: Stoppable): Promise<void> => {
    paused.signal("SIGSTOP");
    await away();
    paused.signal("SIGCONT");
  };
  const deafen = async (part: ClientPart | ServerPart): Promise<void> => {
    if (!dice.hits(DEAF_PROBABILITY)) return;
    await part.call("deafen");
    await pause(DEAF_MS);
  };
  switch (name) {
    case "clientKilled":
      await mortal.prepare();
      await deafen(mortal);
      await mortal.kill();
      await mortal.begin();
      await mortal.call("go");
      return;
    case "clientSaved": {
      await mortal.prepare();
      await deafen(mortal);
      const file = await mortal.save();
      await away();
      await mortal.begin(file);
      await mortal.call("go");
      return;
    }
    case "serverRestarted":
      await south.prepare();
      await deafen(south);
      await south.callLast("restart");
      await away();
      await south.begin();
      return;
    case "serverKilled":
      await south.prepare();
      await deafen(south);
      await south.kill();
      await away();
      await south.begin();
      return;
    case "clientPaused":
      return stopFor(dice.oneOf(clients).child);
    case "serverPaused":
      return stopFor(dice.oneOf(servers).child);
    case "proxyPaused":
      return stopFor(dice.oneOf(servers).proxy);
  }
}

interface Stoppable {
  signal(name: "SIGSTOP" | "SIGCONT"): void;
}
