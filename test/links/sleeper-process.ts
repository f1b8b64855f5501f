/**
 * A client in a process of its own, which can be stopped as a laptop's lid stops it. It is told the
 * port and the links, talks until it is told to rest, and then says what it sent and heard.
 */
import { Speaker } from "./dialogue.ts";
import { connectBy, type LinkUnderTest } from "./link-under-test.ts";
import type { SleeperOrder, SleeperWord } from "./sleep-row.ts";

const [port, link] = JSON.parse(process.argv[2] ?? "[]") as [number, LinkUnderTest];
const session = connectBy<number, number>(link, port, { pipeStallMs: 1_000 });
const speaker = new Speaker(session);
const moves: string[] = [];
session.on("link", (name) => void moves.push(name));

function say(word: SleeperWord): void {
  process.send?.(word);
}

process.on("message", (order: SleeperOrder) => {
  if (order.kind === "talk") speaker.start();
  else if (order.kind === "rest") {
    speaker.stop();
    say({ kind: "rested", sent: speaker.sent });
  } else void finish(order.due);
});

async function finish(due: number): Promise<void> {
  await speaker.hears(due);
  speaker.heard.sent = due;
  say({ kind: "finished", counts: speaker.heard.counts(), moves });
  session.close();
  await session.ended;
  process.disconnect();
}

const settled = (): void => {
  if (session.link === link.settled) say({ kind: "settled" });
};
session.on("link", settled);
await session.opened;
settled();
