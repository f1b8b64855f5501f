/** Which link a client ends on that may use all of them, and after how long. */
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { LINKS_DEFAULT } from "../../src/http/link-options.ts";
import { Speaker } from "../links/dialogue.ts";
import { pause } from "../waiting.ts";
import type { Site } from "./site.ts";

/** Longer than two pipes of an impatient program live. */
const WATCHED_MS = 5_000;

export interface Settled {
  readonly link: LinkName;
  /** From the call of `connect` to the last change of link. */
  readonly afterMs: number;
  /** From the call of `connect` to the first message from the server. */
  readonly firstMs: number;
  /** Each link that it was on, from the second on. */
  readonly moves: readonly LinkName[];
  /** Why the last other one came to nothing. */
  readonly reason: string;
  readonly lost: number;
}

/** Watches a session that speaks all the time, both ways. */
export async function settle(site: Site): Promise<Settled> {
  const beganAtMs = performance.now();
  const sinceMs = (): number => Math.round(performance.now() - beganAtMs);
  const client = site.connectThrough<number, number>(site.proxy.port, { links: LINKS_DEFAULT });
  const moves: LinkName[] = [];
  let afterMs = 0;
  client.on("link", (link) => {
    moves.push(link);
    afterMs = sinceMs();
  });
  const speaker = new Speaker(client);
  speaker.start();
  const answering = new Speaker(await site.nextSession<number, number>());
  answering.start();
  await speaker.hears(1);
  const firstMs = sinceMs();
  await pause(WATCHED_MS);
  const { link, linkReason: reason } = client;
  for (const each of [speaker, answering]) each.stop();
  await speaker.hears(answering.sent);
  await answering.hears(speaker.sent);
  const lost =
    speaker.heard.counts(answering.sent).lost + answering.heard.counts(speaker.sent).lost;
  return { link, afterMs, firstMs, moves: [...moves], reason, lost };
}
