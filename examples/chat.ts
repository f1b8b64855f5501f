/**
 * A chat for terminals: `npx tsx examples/chat.ts serve` in one, `npx tsx examples/chat.ts Ada` in
 * others. `PORT` changes the port. Ctrl-C leaves, and so does the end of what is piped in.
 */
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

/** One line, without what would move the cursor in somebody else's terminal. */
const plain = (value: unknown, lengthMax: number): string =>
  typeof value === "string" ? value.slice(0, lengthMax).replaceAll(/\p{Cc}/gu, " ") : "";

function serve(port: number): void {
  const names = new Map<Member, string>();
  const tellAll = (message: FromServer): void => {
    for (const member of names.keys()) {
      if (!member.isWritable) continue; // After a goodbye of either side `send` throws.
      if (member.bufferedBytes < BEHIND_BYTES_MAX) member.send(message);
      else if (names.delete(member)) member.abort(1, "too far behind");
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
          void member.ended.then(() => {
            names.delete(member);
            announce("left", own);
          });
        } else if (kind === "say" && names.has(member)) {
          // To its author, too: so all read the same lines in the same order.
          tellAll({ kind: "said", name: own, text: plain(text, 1_000) });
        } else if (kind === "leave") void member.close();
        else member.abort(1, "not understood");
      }
    },
  });
  const server = createServer(nodeListener(sessions)).listen(port, "127.0.0.1");
  server.on("listening", () => console.log("listening on", server.address()));
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
  session.on("status", ({ reason }) => {
    if (!session.isWritable) input.close();
    else if (reason !== "") console.log(`-- The line is down (${reason}); go on writing`);
  });
  session.on("resumed", ({ downMs }) => console.log(`-- Back after ${downMs} ms, nothing lost`));
  session.onBundle((messages) => messages.forEach(print));
  session.send({ kind: "join", name });
  for await (const text of input) {
    if (!session.isWritable) break;
    if (!session.send({ kind: "say", text })) await session.ready;
  }
  // The server closes: so the last line has come back before, as have all others.
  if (session.isWritable) session.send({ kind: "leave", name });
  const { reason, detail } = await session.ended;
  console.log("-- Ended:", reason, detail);
  if (reason !== "closed") process.exitCode = 1;
}

function print(message: FromServer): void {
  if (message.kind === "said") console.log(`${message.name}: ${message.text}`);
  else console.log(`-- ${message.name} has ${message.kind}; here: ${message.here.join(", ")}`);
}

const [who = "serve"] = process.argv.slice(2);
const port = Number(process.env["PORT"] ?? 8080);
await (who === "serve" ? serve(port) : join(port, who));
