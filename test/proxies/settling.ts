/** Which link a client ends on that may use all of them, and after how long. */
import { expect } from "vitest";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import { LINKS_DEFAULT } from "../../src/session/link-options.ts";
import { Speaker } from "../links/dialogue.ts";
import { pause, take } from "../waiting.ts";
import type { Site } from "./site.ts";

/** Longer than an impatient program bears a pipe on which nothing passes. */
const WATCHED_MS = 3_000;

export type Links = readonly LinkName[];

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
export async function settle(site: Site, links: Links = LINKS_DEFAULT): Promise<Settled> {
  const beganAtMs = performance.now();
  const sinceMs = (): number => Math.round(performance.now() - beganAtMs);
  const client = site.connectThrough<number, number>(site.proxy.port, { links });
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

/** What became of a session in which nobody speaks for a while. */
export interface Quiet {
  readonly link: LinkName;
  /** Each link that it was on, from the second on. */
  readonly moves: readonly LinkName[];
  /** How often its path was told to be down. */
  readonly outages: number;
  /** From a word of the server's after the silence to its being heard. */
  readonly heardAfterMs: number;
}

/** Lets a session be silent for longer than an impatient program bears. */
export async function hush(site: Site, silenceMs: number): Promise<Quiet> {
  const client = site.connectThrough<number, number>(site.proxy.port, { links: LINKS_DEFAULT });
  let outages = 0;
  client.on("lost", () => outages++);
  const moves: LinkName[] = [];
  client.on("link", (name) => void moves.push(name));
  const session = await site.nextSession<number, number>();
  client.send(0);
  session.send(0);
  await take(client, 1);
  await pause(silenceMs);
  const { link } = client;
  const saidAtMs = performance.now();
  session.send(1);
  await take(client, 1);
  const heardAfterMs = Math.round(performance.now() - saidAtMs);
  client.send(1);
  expect(await take(session, 2)).toEqual([0, 1]);
  return { link, moves: [...moves], outages, heardAfterMs };
}
