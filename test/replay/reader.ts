// The reader's process: a server that takes in the changes, and echoes every one.

import { createServer } from "node:http";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";
import { Books } from "./books.ts";
import type { Change } from "./change.ts";
import { type ChangeSession, End, takeOrders, tell } from "./end.ts";
import type { ReaderOrder } from "./orders.ts";
import { planted } from "./planted.ts";

let end: End | undefined;

takeOrders((order: ReaderOrder) => {
  if (order.kind === "start") start(order);
  else void end?.obey(order, false);
});

function start({ startContent, total, plant }: ReaderOrder & { readonly kind: "start" }): void {
  const books = new Books(startContent, total);
  const follower = new End(books);
  end = follower;
  const server = new SessionServer<Change, Change>({
    onSession: (session) => {
      follower.follow(session);
      const takeIn = planted(plant, Math.floor(total / 2));
      session.onBundle((changes) => echo(session, books, takeIn(changes)));
    },
  });
  const http = createServer(nodeListener(server));
  configureServer(http);
  void listenLocally(http).then((port) => tell({ kind: "listening", port }));
}

/** The next bundle comes when this one's echoes have found room. */
async function echo(
  session: ChangeSession,
  books: Books,
  changes: readonly Change[],
): Promise<void> {
  for (const value of changes) {
    const change = books.takeIn(value);
    if (change === undefined || session.status.state === "ended") continue;
    const hasRoom = session.send(change);
    books.noteSent();
    if (!hasRoom) await session.ready;
  }
}
