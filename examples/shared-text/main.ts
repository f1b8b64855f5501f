/**
 * A text that three write at the same time and that ends the same for all, on whatever line:
 * `npx tsx examples/shared-text/main.ts --edits 200 --loss 5% --cuts 2/s`. `--forget 9` keeps the
 * ninth change from the others: one message less, and the texts differ for good.
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ChangeSet, Text } from "@codemirror/state";
import { connect, json } from "holdfast";
import { parseInterval, parseProbability, startChaos } from "holdfast/chaos";
import { nodeListener } from "holdfast/http/node";
import { type PeerSession, SessionServer } from "holdfast/server";
import { Copy, type Edit } from "./copy.ts";

type FromWriter = { kind: "edit"; edit: Edit } | { kind: "done" };
type FromServer = { kind: "text"; text: string } | { kind: "edit"; edit: Edit } | { kind: "end" };

const flag = { type: "string" } as const;
const { values } = parseArgs({ options: { edits: flag, loss: flag, cuts: flag, forget: flag } });
const { edits = "100", loss = "0", cuts, forget } = values;
if (!/^\d+$/.test(edits + (forget ?? ""))) throw new RangeError("edits and forget are numbers");
const port = Number(process.env["PORT"] ?? 8080);
const codec = json; // A change may cut a surrogate pair, and msgpack does not carry halves of one.

// The server has an end for each writer, and hands what comes out of one to all others.
const ends = new Map<PeerSession<FromWriter, FromServer>, Copy>();
let [text, typing, changeCount] = [Text.of(["Once upon a time", ""]), 3, 0];
const sessions = new SessionServer<FromWriter, FromServer>({
  codec,
  async onSession(session) {
    const own = new Copy(false);
    ends.set(session, own);
    void session.ended.then(() => ends.delete(session));
    session.send({ kind: "text", text: text.toString() });
    for await (const message of session) {
      if (message.kind === "done") {
        if (--typing === 0) for (const other of ends.keys()) other.send({ kind: "end" });
        continue;
      }
      // What is no edit of this text throws, which ends this session and no other.
      const changes = own.receive(message.edit);
      if (changes === undefined) continue;
      text = changes.apply(text);
      session.send({ kind: "edit", edit: own.receipt() });
      if (++changeCount === Number(forget)) continue;
      for (const [other, end] of ends) {
        if (end === own || !other.isWritable) continue;
        if (end.unseen > 1_000) other.abort(2, "too far behind");
        else other.send({ kind: "edit", edit: end.change(changes) });
      }
    }
  },
});
const server = createServer(nodeListener(sessions)).listen(port, "127.0.0.1");

/** Makes changes while those of others come in. Returns how the text ends here. */
async function write(url: string): Promise<string> {
  const session = connect<FromServer, FromWriter>(url, { codec });
  const copy = new Copy(true);
  let own = Text.empty;
  const type = async (): Promise<void> => {
    const upTo = (most: number): number => Math.floor(Math.random() * (most + 1));
    for (let made = 0; made < Number(edits); made++) {
      const from = upTo(own.length);
      const to = upTo(3) === 0 ? Math.min(own.length, from + 9) : from;
      const changes = ChangeSet.of({ from, to, insert: "any 😀\n".slice(upTo(6)) }, own.length);
      own = changes.apply(own);
      session.send({ kind: "edit", edit: copy.change(changes) });
      await sleep(upTo(20));
    }
    session.send({ kind: "done" });
  };
  for await (const message of session) {
    if (message.kind === "end") break;
    if (message.kind === "text") {
      own = Text.of(message.text.split("\n"));
      type().catch(() => session.abort());
    } else {
      own = copy.receive(message.edit)?.apply(own) ?? own;
      session.send({ kind: "edit", edit: copy.receipt() }); // The server forgets what was seen.
    }
  }
  await session.close();
  return own.toString();
}

const cutEveryMs = cuts === undefined ? 0 : parseInterval(cuts);
const line = await startChaos({ target: port, loss: parseProbability(loss), cutEveryMs });
const writers = [1, 2, 3].map(() => write(`http://${line.address}/holdfast`));
const texts = await Promise.all(writers).catch((error: unknown) => [String(error)]);
sessions.abort(); // If one has failed, the others have not ended.
await Promise.allSettled(writers);
server.close();
await line.close();
const areEqual = texts.every((one) => one === text.toString());
console.log(`${line.counts.cuts} cuts, ${line.counts.requestsLost} requests lost`);
console.log(`${changeCount} changes; the texts`, areEqual ? "are equal" : ["differ", ...texts]);
process.exitCode = areEqual ? 0 : 1;
