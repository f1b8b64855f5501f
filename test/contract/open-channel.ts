/** Channels as both sides have them. */
import type { Channel, ChannelOptions, Session } from "../../src/session/index.ts";
import { told } from "../waiting.ts";

type Numbers = Channel<number, number>;

/** Opens a channel here, and waits for it there. */
export async function open(
  here: Session,
  there: Session,
  label: string,
  options: ChannelOptions,
): Promise<readonly [Numbers, Numbers]> {
  const opened = told(there, "channel");
  const own = here.channel<number, number>(label, options);
  return [own, (await opened) as Numbers];
}
