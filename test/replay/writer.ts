// The writer's process: sends a trace's transactions at the pace that it is told, and keeps books
// of what it sent and of the echoes.

import { connect } from "../../src/http/connect-node.ts";
import { Books } from "./books.ts";
import type { Change } from "./change.ts";
import { End, takeOrders } from "./end.ts";
import type { WriterOrder } from "./orders.ts";
import { readTrace, type Trace } from "./trace.ts";

/** What is due is sent every so often: small bundles, and many of them. */
const TICK_MS = 10;
/** After a standstill at most so much is made up for at once. */
const DUE_MS_MAX = 500;

let end: End | undefined;
let ratePerSecond = 0;

takeOrders((order: WriterOrder) => {
  if (order.kind === "start") start(order);
  else if (order.kind === "pace") ratePerSecond = order.ratePerSecond;
  else void end?.obey(order, true);
});

function start({ tracePath, url }: WriterOrder & { readonly kind: "start" }): void {
  const trace = readTrace(tracePath);
  const books = new Books(trace.startContent, trace.transactions.length);
  const session = connect<Change, Change>(url);
  session.onBundle((echoes) => {
    for (const echo of echoes) books.takeIn(echo);
  });
  end = new End(books);
  end.follow(session);
  void write(trace, session, books);
}

async function write(
  trace: Trace,
  session: ReturnType<typeof connect<Change, Change>>,
  books: Books,
): Promise<void> {
  let due = 0;
  let lastMs = performance.now();
  while (books.sent < trace.transactions.length) {
    // A pace is what is wanted here, not an event.
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    const nowMs = performance.now();
    due += (Math.min(nowMs - lastMs, DUE_MS_MAX) * ratePerSecond) / 1_000;
    lastMs = nowMs;
    for (; due >= 1; due--) {
      const place = books.sent;
      const patches = trace.transactions[place];
      if (patches === undefined || session.status.state === "ended") return;
      const hasRoom = session.send({ place, patches });
      books.noteSent();
      if (!hasRoom) await session.ready;
    }
  }
}
