// The client under attack: connects to whatever it is told, and tells what became of it.

import { setImmediate as nextTurn } from "node:timers/promises";
import { connect } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/client-session.ts";
import { answerCalls } from "../calls.ts";
import type { ClientOrder, ClientReport } from "./orders.ts";

let session: ClientSession<unknown, unknown> | undefined;
let reasons: string[] = [];
let heard: unknown[] = [];
let wake = (): void => {};

/** Looks again at each event, as no promise tells of a state. */
async function until(isThere: () => boolean): Promise<void> {
  while (!isThere()) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function report(): Promise<ClientReport> {
  for (let round = 0; round < 3; round++) {
    await nextTurn();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  const { state = "ended", reason = "" } = session?.status ?? {};
  return { heldBytes: heapUsed + external, state, reason, reasons, heard };
}

answerCalls({
  /** Begins a session and sends one message. */
  async begin({ url, options }: ClientOrder) {
    reasons = [];
    heard = [];
    session = connect(url, options);
    session.on("status", ({ reason }) => {
      if (reason !== "" && !reasons.includes(reason)) reasons.push(reason);
      wake();
    });
    session.onBundle((messages) => {
      heard.push(...messages);
      wake();
    });
    session.send("hello");
    return report();
  },
  /** Waits for the end of the session, for a reason in its status, or for a message. */
  async ended() {
    const ended = await session?.ended;
    return { ...(await report()), state: "ended", reason: ended?.reason ?? "" };
  },
  async suffers({ reason }: { readonly reason: string }) {
    await until(() => reasons.includes(reason));
    return report();
  },
  async hears() {
    await until(() => heard.length > 0);
    return report();
  },
  async stop() {
    session?.abort();
    session = undefined;
  },
});
