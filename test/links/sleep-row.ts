/** The row in which the client's process sleeps: stopped by the system, with its connections. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { pause, soon } from "../waiting.ts";
import { type Counts, Speaker } from "./dialogue.ts";
import type { Outcome } from "./fault-table.ts";
import { LinkServer } from "./link-server.ts";
import type { LinkUnderTest } from "./link-under-test.ts";

export type SleeperOrder =
  | { readonly kind: "talk" }
  | { readonly kind: "rest" }
  | { readonly kind: "finish"; readonly due: number };

export type SleeperWord =
  | { readonly kind: "settled" }
  | { readonly kind: "rested"; readonly sent: number }
  | { readonly kind: "finished"; readonly counts: Counts; readonly moves: readonly string[] };

const PROGRAM = fileURLToPath(new URL("sleeper-process.ts", import.meta.url));

/** The server takes the client's pipe for dead before it wakes. */
const STALL_MS = 1_000;

/** A process that begins on a busy machine takes a while, and a link that failed once another. */
const WORD_LIMIT_MS = 60_000;

export const SLEEP_NAME = "the client asleep";

export async function sleepRow(link: LinkUnderTest, seconds: number): Promise<Outcome> {
  const server = await LinkServer.start({ pipeStallMs: STALL_MS }, link.isRaw);
  const setting = JSON.stringify([server.port, link]);
  const child = spawn(process.execPath, ["--import", "tsx", PROGRAM, setting], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  try {
    await nextWord(child, "settled");
    const speaker = new Speaker(await server.nextSession());
    child.send({ kind: "talk" } satisfies SleeperOrder);
    speaker.start();
    await speaker.hears(25, WORD_LIMIT_MS);
    child.kill("SIGSTOP");
    await pause(1_000 * seconds);
    const heardAsleep = speaker.heard.received;
    child.kill("SIGCONT");
    await speaker.hears(heardAsleep + 25, WORD_LIMIT_MS);
    return await finish(child, speaker);
  } finally {
    child.kill("SIGKILL");
    await server.forget();
  }
}

async function finish(child: ChildProcess, speaker: Speaker): Promise<Outcome> {
  speaker.stop();
  const rested = nextWord(child, "rested");
  child.send({ kind: "rest" } satisfies SleeperOrder);
  const { sent } = await rested;
  await speaker.hears(sent);
  speaker.heard.sent = sent;
  const finished = nextWord(child, "finished");
  child.send({ kind: "finish", due: speaker.sent } satisfies SleeperOrder);
  const { counts, moves } = await finished;
  const up = speaker.heard.counts();
  // It did sleep: nothing came up meanwhile.
  const met = Math.floor(up.largestGapMs / STALL_MS);
  return { fault: SLEEP_NAME, up, down: counts, moves, met };
}

async function nextWord<Kind extends SleeperWord["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<SleeperWord & { kind: Kind }> {
  const come = async (): Promise<SleeperWord & { kind: Kind }> => {
    for (;;) {
      const [word] = (await once(child, "message")) as [SleeperWord];
      if (word.kind === kind) return word as SleeperWord & { kind: Kind };
    }
  };
  return soon(come(), `the word ${kind} of the sleeper`, WORD_LIMIT_MS);
}
