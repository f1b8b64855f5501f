// A client's process of a soak: one session after the other, which are closed, aborted, saved for
// another process, or end in ways that this side does not choose.
// Arguments: as JSON, `ClientStart`.

import { readFileSync, writeFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { connect as connectFetch } from "../../src/http/connect-fetch.ts";
import { connect as connectNode } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/index.ts";
import { answerCalls } from "../calls.ts";
import { Dice } from "./dice.ts";
import type { Hold } from "./lines.ts";
import { CLIENT_OPTIONS, SESSION_HEADER } from "./limits.ts";
import { Log } from "./log.ts";
import { makeRoomForLargest } from "./messages.ts";
import { type ClientStart, HOLD_POLICIES, type RestReport } from "./orders.ts";
import { readSourceMap, STATE_CALLS } from "./process-state.ts";
import { Talker, type TalkerState } from "./talker.ts";
import { TICK_MS } from "./traffic.ts";

/** A session is left for another one after so long, if it lives. */
const LIFE_TICKS_MIN = 80;
const LIFE_TICKS_MAX = 480;
const ABORT_PROBABILITY = 0.2;
/** At rest a session that has ended by itself is followed by another one, so many times. */
const RESTS_MAX = 4;

interface Life {
  readonly talker: Talker;
  readonly session: ClientSession;
  readonly hold: Hold;
  ticksLeft: number;
}

/** What is written down for a process that goes on. */
interface Saved {
  readonly state: string;
  readonly hold: Hold;
  readonly talker: TalkerState;
}

const { name, folder, seed, url, usesFetch } = JSON.parse(process.argv[2] ?? "{}") as ClientStart;
const log = new Log(folder, name);
log.write({ kind: "start" });
makeRoomForLargest();
readSourceMap();
const dice = new Dice(seed);
const connect = usesFetch ? connectFetch : connectNode;
/** All that have not ended; of these the last one is used, and the others are closing. */
const lives = new Set<Life>();
let current: Life | undefined;
let sessionsBegun = 0;
let isResting = true;

function begin(): void {
  const half = `${name}.${++sessionsBegun}`;
  const isEarly = dice.hits(0.5);
  const hold = dice.oneOf(HOLD_POLICIES);
  log.write({ kind: "begin", half, side: "client", session: half, hold, isEarly });
  const headers = { [SESSION_HEADER]: half };
  const options = { ...CLIENT_OPTIONS, earlyMessages: isEarly, hold, headers };
  live(half, connect(url, options), hold, isEarly ? "at once" : "when opened");
}

function goOn({ state, hold, talker }: Saved): void {
  const { half } = talker;
  log.write({ kind: "resumed", half });
  const session = connect(url, { resume: state, headers: { [SESSION_HEADER]: half } });
  live(half, session, hold, talker);
}

function live(
  half: string,
  session: ClientSession,
  hold: Hold,
  from: "at once" | "when opened" | TalkerState,
): void {
  const parts = { half, session, log, dice: new Dice(dice.seed()) };
  const beginning =
    typeof from === "string" ? { opens: from } : { opens: "nothing" as const, state: from };
  const talker = new Talker({ ...parts, ...beginning });
  const life = { talker, session, hold, ticksLeft: dice.integer(LIFE_TICKS_MIN, LIFE_TICKS_MAX) };
  lives.add(life);
  current = life;
  void talker.ended.then(() => {
    lives.delete(life);
    if (current !== life) return;
    current = undefined;
    if (!isResting) begin();
  });
}

setInterval(() => {
  const life = current;
  if (isResting || life === undefined) return;
  const { talker } = life;
  talker.tick();
  if (--life.ticksLeft > 0 || current !== life) return;
  begin();
  if (dice.hits(ABORT_PROBABILITY)) talker.abort();
  else talker.close();
}, TICK_MS);

/** The one that is used, when all others have ended: those that are closing are aborted. */
async function onlySession(): Promise<Life> {
  for (;;) {
    if (current === undefined) begin();
    const others = [...lives].filter((life) => life !== current).map(({ talker }) => talker);
    for (const talker of others) talker.abort();
    await Promise.all(others.map(({ ended }) => ended));
    await takeWhatIsLeft();
    if (current !== undefined && lives.size === 1) return current;
  }
}

/** What has arrived in sessions that are over is taken. */
async function takeWhatIsLeft(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

/** Everything that was sent is held, or the session has ended; then it is closed. */
async function settle({ talker, session }: Life): Promise<string> {
  // The end says why, if it is not.
  await session.flushed().catch(() => {});
  if (session.isWritable) talker.close();
  return (await talker.ended).reason;
}

answerCalls({
  async ready() {},
  /** `resume` is a file: the session that an earlier process has saved. */
  async begin({ resume }: { readonly resume?: string }) {
    if (resume !== undefined) goOn(JSON.parse(readFileSync(resume, "utf8")) as Saved);
  },
  async go() {
    isResting = false;
    if (current === undefined) begin();
  },
  async rest(): Promise<RestReport> {
    isResting = true;
    const reasons: string[] = [];
    for (let round = 0; round < RESTS_MAX && reasons.at(-1) !== "closed"; round++) {
      if (current === undefined) begin();
      const others = [...lives]
        .filter((life) => life !== current)
        .map(({ talker }) => talker.ended);
      const [reason] = await Promise.all([current === undefined ? "" : settle(current), ...others]);
      reasons.push(reason);
    }
    await takeWhatIsLeft();
    return reasons;
  },
  async deafen() {
    current?.talker.deafen();
  },
  /** Does not return: nothing of this process may be heard after the state is saved. */
  async save(file: string) {
    const { session, hold, talker } = await onlySession();
    const saved: Saved = { state: session.save(), hold, talker: talker.state };
    writeFileSync(file, JSON.stringify(saved));
    log.write({ kind: "saved", half: talker.half });
    log.write({ kind: "exit", why: "saved" });
    process.exit();
  },
  ...STATE_CALLS,
  async finish() {
    log.write({ kind: "exit", why: "finished" });
    process.exit();
  },
});
