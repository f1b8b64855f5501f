/**
 * A session, by whatever build of the client, with a server in this process: `fetch` is the
 * server's handler, behind a line that loses every so many requests and answers. Echoes over every
 * kind of channel, a message in parts, a reload in between, and a close.
 */
import type * as Client from "../../src/http/connect-fetch.ts";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { SessionServer } from "../../src/session/server.ts";
import { until } from "../waiting.ts";

type Note = string | number | { readonly text: string };

/** What came back on each kind of channel, and how it ended on both sides. */
export interface Echoes {
  readonly whole: readonly Note[];
  readonly latest: Note | undefined;
  readonly unordered: number;
  readonly ends: readonly string[];
  readonly lost: number;
}

const MESSAGES = 200;
const LARGE = "x".repeat(100_000);

export async function exchangeNotes(client: typeof Client, loseEvery: number): Promise<Echoes> {
  const ends: string[] = [];
  const server = new SessionServer<Note, Note>({
    onSession: async (session) => {
      session.on("channel", (channel) => {
        channel.onBundle((notes) => notes.forEach((note) => void channel.send(note)));
      });
      session.onBundle((notes) => notes.forEach((note) => void session.send(note)));
      ends.push(`server ${(await session.ended).reason}`);
    },
    codec: client.json,
  });
  const handler = fetchHandler(server, { path: "/notes" });
  let carried = 0;
  let lost = 0;
  const loses = (): boolean => ++carried % loseEvery === 0 && ++lost > 0;
  const lossy = async (url: string, init: RequestInit): Promise<Response> => {
    if (loses()) throw new TypeError("lost");
    const response = await handler(new Request(url, init));
    if (loses()) throw new TypeError("lost");
    return response;
  };
  const url = "http://127.0.0.1/notes";
  const options = { codec: client.json, fetch: lossy, reconnectDelayMaxMs: 100 };

  const whole: Note[] = [];
  let session = client.connect<Note, Note>(url, options);
  session.onBundle((notes) => void whole.push(...notes));
  const latest = session.channel<Note, Note>("newest", { mode: "latest" });
  const hasty = session.channel<Note, Note>("any", { mode: "unordered", ttlMs: 60_000 });
  let newest: Note | undefined;
  let unordered = 0;
  latest.onBundle((notes) => void (newest = notes.at(-1)));
  hasty.onBundle((notes) => void (unordered += notes.length));
  for (let number = 0; number < MESSAGES; number++) {
    session.send({ text: `note ${number}` });
    latest.send(number, { key: 0 });
    hasty.send(number);
    if (number % 20 === 19) await session.flushed();
  }
  await until(
    () => whole.length === MESSAGES && unordered === MESSAGES && newest === MESSAGES - 1,
    "the echoes before the reload",
  );
  const left = session;
  session = client.connect<Note, Note>(url, { ...options, resume: left.save() });
  session.onBundle((notes) => void whole.push(...notes));
  session.send(LARGE);
  await until(() => whole.length === MESSAGES + 1, "the echo after the reload");
  const { reason } = await session.close();
  ends.push(`client ${reason}`);
  ends.push(`left ${(await left.ended).reason}`);
  await until(() => ends.length === 3, "the ends of all sessions");
  return { whole, latest: newest, unordered, ends: ends.toSorted(), lost };
}
