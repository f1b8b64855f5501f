/** What the applications of a soak say, and how often. */
import type { Dice } from "./dice.ts";
import { FILLING_BYTES_MAX } from "./messages.ts";

interface Kind {
  readonly mode: "ordered" | "unordered" | "latest";
  readonly expires: boolean;
}

/** The channels of every session beside its own one, opened by the client. */
export const CHANNELS: Readonly<Record<string, Kind>> = {
  orders: { mode: "ordered", expires: false },
  files: { mode: "ordered", expires: false },
  news: { mode: "ordered", expires: true },
  sparks: { mode: "unordered", expires: true },
  states: { mode: "latest", expires: false },
};

/** On channels whose messages expire: some do, most do not. */
export const TIME_TO_LIVE_MS = 150;

/** Of a deed: a channel is opened, used and finished. */
export const SHORT_LIVED = "short-lived";

/** How often each talker is asked what it wants to say. */
export const TICK_MS = 25;

const KEYS = 5;

export interface Deed {
  readonly channel: string;
  readonly bytes: number;
  readonly key?: number;
}

/** What one talker says in one tick: about 60 messages and 150 kB a second. */
export function nextDeeds(dice: Dice): Deed[] {
  const deeds: Deed[] = [];
  const say = (channel: string, times: number, bytesMax: number): void => {
    for (let time = 0; time < times; time++) {
      deeds.push({ channel, bytes: dice.integer(0, bytesMax) });
    }
  };
  if (dice.hits(0.4)) say("", dice.integer(1, 3), 200);
  if (dice.hits(0.3)) say("orders", dice.integer(1, 3), 2_000);
  // A bundle's worth and more, at once.
  if (dice.hits(0.005)) say(dice.hits(0.5) ? "" : "orders", 150, 300);
  if (dice.hits(0.01)) say("files", 1, dice.hits(0.2) ? FILLING_BYTES_MAX : 150_000);
  if (dice.hits(0.1)) say("news", 2, 200);
  if (dice.hits(0.1)) say("sparks", 2, 200);
  if (dice.hits(0.2)) {
    deeds.push({ channel: "states", bytes: dice.integer(0, 100), key: dice.integer(1, KEYS) });
  }
  if (dice.hits(0.01)) deeds.push({ channel: SHORT_LIVED, bytes: 0 });
  return deeds;
}
