// Damage between two honest sides: mutated bodies whose checksum is not right take the place of
// requests and answers. Nothing of them may be believed: every promise holds after each, and in
// the end everything is delivered all the same.

import { readBody, readHead } from "../../src/core/body-reader.ts";
import { isDamage, protocolCode } from "../../src/core/errors.ts";
import { checkRest, checkState, type Command, type Item, Pair } from "../../src/sim/index.ts";
import type { Base } from "./corpus.ts";
import { Finding } from "./judge.ts";
import { parseShape } from "./shape.ts";

const HARMLESS = { pick: (): number => 0 };
const DAY_MS = 86_400_000;
const STEPS_MAX = 2_000;
const STEPS_BEFORE_MAX = 50;
const SESSION_ID: Uint8Array = new Uint8Array(16).fill(7);

const SCRIPT: readonly Command[] = [10, 400, 20_000, 10].map((bytes) => ({ kind: "send", bytes }));

function begin(): Pair {
  const shared = { unreadableMax: 1_000_000, silenceLimitMs: DAY_MS, bodyBytesInitial: 4_096 };
  return new Pair({ client: shared, server: shared, clientScript: SCRIPT, serverScript: SCRIPT });
}

/** What two sides say to each other when nothing goes wrong. */
export function pairCorpus(): Base[] {
  const pair = begin();
  const bodies = new Set<Uint8Array>();
  for (let steps = 0; steps < STEPS_MAX && !pair.isAtRest; steps++) {
    for (const { kind, body } of pair.http.items) if (kind !== "failure") bodies.add(body);
    pair.step(HARMLESS);
  }
  return [...bodies].map((bytes, at) => ({ name: `body ${at}`, shape: parseShape(bytes) }));
}

/** Puts the bodies in the place of others, one after another. @throws whatever is wrong. */
export function damagePair(bodies: readonly Uint8Array[]): void {
  const pair = begin();
  while (pair.client.state === "opening") pair.step(HARMLESS);
  for (const bytes of bodies) {
    const item = nextItem(pair, (bytes[0] ?? 0) & 8 ? "answer" : "request");
    if (item === undefined) break;
    if (!isDamaged(bytes)) continue;
    pair.deliver(pair.http.replaceBody(item, bytes));
    checkState(pair);
  }
  if (pair.client.state === "ended") throw new Finding("damage has ended the session");
  pair.drive(HARMLESS, STEPS_MAX);
  checkState(pair);
  checkRest(pair);
  if (!pair.isComplete) throw new Finding("at rest, and something is missing");
}

/** Steps until a body of that kind is on its way; undefined when none comes. */
function nextItem(pair: Pair, kind: Item["kind"]): Item | undefined {
  for (let steps = 0; steps < STEPS_BEFORE_MAX; steps++) {
    const item = pair.http.items.find((each) => each.kind === kind);
    if (item !== undefined) return item;
    if (pair.isAtRest || pair.step(HARMLESS) === undefined) return undefined;
  }
  return undefined;
}

/**
 * Whether it shows that it is not what anybody sent; one mutation may undo the damage of another.
 */
function isDamaged(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  try {
    const head = readHead(bytes, bytes.length);
    readBody(bytes, head, head.address?.sessionId ?? SESSION_ID);
    return head.checksum === "none";
  } catch (error) {
    return isDamage(protocolCode(error));
  }
}
