// A server's process of a soak: a talker for whoever connects.
// Arguments: as JSON, `ServerStart`.

import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { configureServer } from "../../src/http/configure-server.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { answerCalls } from "../calls.ts";
import { listenLocally } from "../listening.ts";
import { pause } from "../waiting.ts";
import { Dice } from "./dice.ts";
import { SERVER_OPTIONS, SESSION_HEADER } from "./limits.ts";
import type { Fact } from "./lines.ts";
import { Log } from "./log.ts";
import { makeRoomForLargest } from "./messages.ts";
import type { ServerStart } from "./orders.ts";
import { readSourceMap, STATE_CALLS } from "./process-state.ts";
import { Talker } from "./talker.ts";
import { TICK_MS } from "./traffic.ts";

/** How long a server that is about to go still answers, after it has asked its clients to wait. */
const DRAIN_MS = 250;

/** In each tick, of each session: most of them are ended by their clients. */
const CLOSE_PROBABILITY = 0.000_5;
const ABORT_PROBABILITY = 0.000_3;

const { name, folder, seed, hold } = JSON.parse(process.argv[2] ?? "{}") as ServerStart;
const log = new Log(folder, name);
log.write({ kind: "start" });
makeRoomForLargest();
readSourceMap();
const dice = new Dice(seed);
const talkers = new Set<Talker>();
let sessionsOpened = 0;
let isResting = false;

const sessions = new SessionServer({
  ...SERVER_OPTIONS,
  hold,
  onSession(session, peer) {
    serve(session, peer.header(SESSION_HEADER) ?? "");
  },
  onError: (error) => log.write({ kind: "odd", half: name, what: String(error) }),
});

function serve(session: PeerSession, client: string): void {
  const half = `${name}/${++sessionsOpened}`;
  log.write({ kind: "begin", half, side: "server", session: client, hold, isEarly: true });
  const ownDice = new Dice(dice.seed());
  const talker = new Talker({ half, session, log, dice: ownDice, opens: "nothing" });
  talker.rest(isResting);
  talkers.add(talker);
  void talker.ended.then(() => talkers.delete(talker));
}

setInterval(() => {
  for (const talker of talkers) {
    talker.tick();
    if (isResting || !talker.session.isWritable) continue;
    if (dice.hits(CLOSE_PROBABILITY)) talker.close();
    else if (dice.hits(ABORT_PROBABILITY)) talker.abort();
  }
}, TICK_MS);

const server = createServer(nodeListener(sessions));
configureServer(server);

/** Everything that has arrived is taken, and then nothing more is noted. */
async function leave(why: Extract<Fact, { kind: "exit" }>["why"]): Promise<void> {
  for (const talker of talkers) talker.hurry();
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  log.write({ kind: "exit", why });
}

answerCalls({
  async ready() {},
  /** 0: at any port. */
  async listen(port: number) {
    if (port === 0) return listenLocally(server);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return port;
  },
  async rest(isRest: boolean) {
    isResting = isRest;
    for (const talker of talkers) talker.rest(isRest);
  },
  async deafen() {
    for (const talker of talkers) talker.deafen();
  },
  /** Until every session has ended. */
  async untilEmpty() {
    while (talkers.size > 0) await Promise.all([...talkers].map(({ ended }) => ended));
  },
  ...STATE_CALLS,
  async restart() {
    sessions.drain(200, 600);
    await pause(DRAIN_MS);
    server.close();
    server.closeAllConnections();
    await leave("restarted");
    process.exit();
  },
  async finish() {
    await leave("finished");
    process.exit();
  },
});
