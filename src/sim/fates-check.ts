/** Promise 3: what an application is told at the end, compared with what was truly delivered. */
import type { EndedOutput, Fate, HoldPolicy } from "../core/index.ts";
import { BrokenPromise, hasReceived, type SideName, type Stream } from "./applications.ts";
import { numberOf } from "./payloads.ts";

/**
 * Throws when a message that was "never sent" has been delivered, or when one of which nothing was
 * told has not.
 *
 * @param known the side's streams, once for each other side that has been there.
 * @param hold when the other side says that it holds a message: "received" is said before anything
 *   was delivered, so then nothing can be said of messages that were not given back.
 */
export function checkFates(
  side: SideName,
  ended: EndedOutput,
  known: readonly ReadonlyMap<string, Stream>[],
  hold: HoldPolicy,
): void {
  const neverSent = numbersOf(ended.neverSent);
  const unknown = numbersOf(ended.unknown);
  const { length } = [...ended.neverSent, ...ended.unknown];
  if (ended.reason === "closed" && length > 0) {
    throw new BrokenPromise(`3: closed, and ${length} messages of the ${side}'s are not held`);
  }
  for (const [name, stream] of known[known.length - 1] ?? []) {
    if (stream.from !== side) continue;
    const lost = neverSent.get(stream.channel);
    const doubtful = unknown.get(stream.channel);
    for (let number = 0; number < stream.bytes.length; number++) {
      const wasReceived = known.some((streams) => {
        const each = streams.get(name);
        return each !== undefined && hasReceived(each, number);
      });
      const isLost = lost?.has(number) === true;
      const where = `message ${number} of the ${side}'s channel ${stream.channel}`;
      if (isLost && doubtful?.has(number) === true) {
        throw new BrokenPromise(`3: ${where} was given back twice`);
      }
      if (isLost && wasReceived) {
        throw new BrokenPromise(`3: ${where} was "never sent" and yet delivered`);
      }
      if (isLost || wasReceived || doubtful?.has(number) === true) continue;
      // Given up before the end, or delivered from the other side's memory at a time of its choice.
      if (stream.mayGiveUp || stream.isReset || hold === "received") continue;
      throw new BrokenPromise(`3: ${where} was neither delivered nor given back`);
    }
  }
}

function numbersOf(fates: readonly Fate[]): Map<number, Set<number>> {
  const numbers = new Map<number, Set<number>>();
  for (const { channel, payload } of fates) {
    const number = numberOf(payload);
    if (number === undefined) continue;
    const known = numbers.get(channel);
    if (known === undefined) numbers.set(channel, new Set([number]));
    else known.add(number);
  }
  return numbers;
}
