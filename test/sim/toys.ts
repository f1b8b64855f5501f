/** Scenarios so small that what must be found in them is known. */
import type { Play, Scenario } from "../../src/sim/index.ts";

const LATENCY_MS = 20;
const RETRY_MS = 100;
const LOSS_PERMILLE = 30;

/**
 * A client orders charges from a server, one after the other, and tries again without an answer.
 * What a server does that knows no charge by its number: a lost answer makes it book twice.
 */
export function bank(charges: number, hasKeys = false): Scenario {
  return {
    name: hasKeys ? "bank with keys" : "bank",
    run: (play) => runBank(play, charges, hasKeys),
  };
}

function runBank(play: Play, charges: number, hasKeys: boolean): void {
  play.showParties("client", "server");
  const currency = play.pick(3, "currency");
  play.expand("currency", ["none", "crowns", "pounds"][currency]);
  const booked: number[] = [];
  let nowMs = 0;
  for (let charge = 1; charge <= charges; charge++) {
    const tries = tryCharge(play, charge, nowMs, () => {
      if (!hasKeys || !booked.includes(charge)) booked.push(charge);
    });
    play.mark("retried", tries - 1);
    nowMs += tries * RETRY_MS;
    const times = booked.filter((each) => each === charge).length;
    if (times !== 1) throw new Error(`charge ${charge} was booked ${times} times`);
  }
}

function tryCharge(play: Play, charge: number, startMs: number, book: () => void): number {
  for (let tries = 1; ; tries++) {
    const sentMs = startMs + (tries - 1) * RETRY_MS;
    const delayMs = LATENCY_MS + play.pick(50, "delay");
    const request = play.leaves(sentMs, "client", "server", `charge ${charge}`);
    if (play.happens("request lost", `charge ${charge} is lost`, LOSS_PERMILLE)) {
      play.vanishes(sentMs, request);
      continue;
    }
    play.arrives(sentMs + delayMs, request);
    book();
    play.note(sentMs + delayMs, "server", `books ${charge}`);
    const answer = play.leaves(sentMs + delayMs, "server", "client", "booked");
    if (!play.happens("answer lost", `answer ${charge} is lost`, LOSS_PERMILLE)) {
      play.arrives(sentMs + delayMs + LATENCY_MS, answer);
      return tries;
    }
    play.vanishes(sentMs + delayMs, answer);
  }
}

/** It opens, and fails, for one combination of all. */
export function lock(combination: readonly number[], answers: number): Scenario {
  return {
    name: "lock",
    run(play): void {
      const dialled = combination.map((_, wheel) => play.pick(answers, `wheel ${wheel + 1}`));
      if (dialled.join() === combination.join()) throw new Error("it is open");
    },
  };
}

/** Asks the same question again and again, and fails at the third time that it was not harmless. */
export function threeStrikes(questions: number, wait?: () => Promise<void>): Scenario {
  return {
    name: "three strikes",
    async run(play): Promise<void> {
      let strikes = 0;
      for (let question = 0; question < questions; question++) {
        play.pick(1_000, "noise");
        await wait?.();
        if (play.pick(100, "strike") >= 40) strikes++;
        if (strikes === 3) throw new RangeError(`out after ${question} questions`);
      }
    },
  };
}
