/**
 * Two sides that send numbers at a pace, and the check that all of them arrived, once, in order.
 */
import { expect } from "vitest";
import type { Session } from "../../src/session/index.ts";
import { numbersTo, pause, soon } from "../waiting.ts";

type Numbers = Session<number, number>;

const BURST = 20;
const BURST_EVERY_MS = 2;

/** The last number of each side. */
const MARK = -1;

/** Lets both sides send until it is enough; returns how many messages went each way. */
export async function expectConversation(
  client: Numbers,
  session: Numbers,
  isEnough: () => boolean,
): Promise<readonly [up: number, down: number]> {
  const received = Promise.all([takeUntilMark(session), takeUntilMark(client)]);
  const sent = Promise.all([sendUntil(client, isEnough), sendUntil(session, isEnough)]);
  const [up, down] = await soon(sent, "what the conversation waits for");
  const [atServer, atClient] = await soon(received, "the last messages");
  expect(atServer).toEqual(numbersTo(up));
  expect(atClient).toEqual(numbersTo(down));
  return [up, down];
}

async function sendUntil(session: Numbers, isEnough: () => boolean): Promise<number> {
  let next = 0;
  while (!isEnough()) {
    for (let at = 0; at < BURST; at++) session.send(next++);
    await pause(BURST_EVERY_MS);
    await session.ready;
    if (session.status.state === "ended") throw new Error(`Ended: ${session.status.reason}`);
  }
  session.send(MARK);
  return next;
}

async function takeUntilMark(session: Numbers): Promise<number[]> {
  const numbers: number[] = [];
  for await (const number of session) {
    if (number === MARK) break;
    numbers.push(number);
  }
  return numbers;
}
