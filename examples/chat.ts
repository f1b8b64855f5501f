/**
 * A chat for terminals: `npx tsx examples/chat.ts serve` in one, `npx tsx examples/chat.ts Ada` in
 * others. `PORT` changes the port. Ctrl-C leaves, and so does the end of what is piped in.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { connect } from "holdfast";
import { nodeListener } from "holdfast/http/node";
import { type PeerSession, SessionServer } from "holdfast/server";

type FromClient = { kind: "join" | "leave"; name: string } | { kind: "say"; text: string };
type FromServer =
  | { kind: "joined" | "left"; name: string; here: string[] }
  | { kind: "said"; name: string; text: string };
/** Strangers send anything: with `unknown` the compiler insists that the server looks first. */
type Member = PeerSession<unknown, FromServer>;

/** What one session may make the other side keep: the defaults are made for larger things. */
const LIMITS = { channelsMax: 8, windowBytes: 524_288, messageBytesMax: 16_384 };
/** Waiting for the slowest reader would make everybody slow: who is so far behind must go. */
const BEHIND_BYTES_MAX = 131_072;
const LINE_EVERY_MS = 50; // Nobody types faster, and no flood of one gets the readers that far.

/** One line, without what would move the cursor or turn letters in somebody else's terminal. */
const plain = (value: unknown, lengthMax = 1_000): string =>
  typeof value === "string"
    ? value.slice(0, lengthMax).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
    : "";

async function serve(port: number): Promise<void> {
  const names = new Map<Member, string>();
  const tellAll = (message: FromServer): void => {
    for (const member of [...names.keys()].filter(({ isWritable }) => isWritable)) {
      if (member.bufferedBytes < BEHIND_BYTES_MAX) member.send(message);
      else member.abort(2, "too far behind");
    }
  };
  const announce = (kind: "joined" | "left", name: string): void =>
    tellAll({ kind, name, here: [...names.values()] });
  const sessions = new SessionServer<unknown, FromServer>({
    ...LIMITS,
    sessionsMax: 100,
    async onSession(member) {
      for await (const message of member) {
        const { kind, name, text } = Object(message) as Record<string, unknown>;
        const own = names.get(member) ?? plain(name, 32);
        if (kind === "join" && !names.has(member)) {
          names.set(member, own);
          announce("joined", own);
          void member.ended.then(() => names.delete(member) && announce("left", own));
        } else if (kind === "say" && names.has(member)) {
          // To its author, too: so all read the same lines in the same order.
          tellAll({ kind: "said", name: own, text: plain(text) });
          await new Promise((resolve) => void setTimeout(resolve, LINE_EVERY_MS));
        } else if (kind === "leave") void member.close();
        else member.abort(3, "not understood");
      }
    },
  });
  const server = createServer(nodeListener(sessions)).listen(port, "127.0.0.1");
  await once(server, "listening");
  console.log("listening on", server.address());
  process.once("SIGINT", async () => {
    // What waits arrives first; a second Ctrl-C ends the wait for who cannot be reached.
    await Promise.all(sessions.sessions.map((member) => member.close()));
    server.close();
  });
}

async function join(port: number, name: string): Promise<void> {
  const session = connect<FromServer, FromClient>(`http://127.0.0.1:${port}/holdfast`, LIMITS);
  const input = createInterface({ input: process.stdin });
  process.once("SIGINT", () => input.close());
  session.on("ended", () => input.close());
  session.on("lost", ({ reason }) => console.log(`-- The line is down (${reason}); go on writing`));
  session.on("resumed", ({ downMs }) => console.log(`-- Back after ${downMs} ms, nothing lost`));
  session.onBundle((messages) => {
    for (const message of messages)
      if (message.kind === "said") console.log(`${message.name}: ${message.text}`);
      else console.log(`-- ${message.name} has ${message.kind}; here: ${message.here.join(", ")}`);
  });
  session.send({ kind: "join", name: plain(name, 32) });
  for await (const text of input) {
    if (!session.isWritable) break;
    if (!session.send({ kind: "say", text: plain(text) })) await session.ready;
  }
  if (session.isWritable) session.send({ kind: "leave", name }); // It closes: all came back before.
  const { reason, detail } = await session.ended;
  console.log("-- Ended:", reason, detail);
  if (reason !== "closed") process.exitCode = 1;
}

const [who = "serve"] = process.argv.slice(2);
const port = Number(process.env["PORT"] ?? 8080);
await (who === "serve" ? serve(port) : join(port, who)).catch(({ message }: Error) => {
  console.error(message);
  process.exitCode = 1;
});
