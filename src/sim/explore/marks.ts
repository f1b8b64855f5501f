/**
 * What an exploration has met. The core carries no marks: they are read off what goes in, what
 * comes out, and what is different afterwards. A configuration that never met what it is about
 * proves nothing.
 */
import type { Body, ParkSide, RequestSide } from "../../core/index.ts";
import type { SideName } from "../applications.ts";
import type { CoreEvent, Cores, Reaction } from "../cores.ts";
import { hasBody, readAny } from "./bodies.ts";

type Half = RequestSide | ParkSide;

/** What of a core is compared before and after: the core itself may change in between. */
export interface Before {
  readonly timer: string;
  readonly state: Half["state"] | undefined;
  readonly resent: number;
  readonly copies: number;
  readonly refused: number;
  readonly overdue: number;
  readonly answered: (exchange: number) => boolean;
  readonly newestParked: number;
  readonly incarnation: number;
}

/** Notes what a side is before it is told something. */
export function lookBefore(cores: Cores, side: SideName): Before {
  const half = cores.half(side);
  const park = cores.session?.side;
  const answered = park === undefined ? [] : park.answered.flat.slice();
  return {
    timer: cores.wakeAt[side].timer,
    state: half?.state,
    resent: half?.sender.unitsResent ?? 0,
    copies: half?.receiver.duplicates ?? 0,
    refused: half?.receiver.refused ?? 0,
    overdue: countOverdue(cores.client),
    answered: (exchange) => isIn(answered, exchange),
    newestParked: park?.parked.at(-1)?.exchange ?? 0,
    incarnation: park?.incarnation ?? 0,
  };
}

/** What happened. */
export function marksOf(
  before: Before,
  cores: Cores,
  side: SideName,
  event: CoreEvent,
  { outputs }: Reaction,
): string[] {
  const marks: string[] = [];
  const { sessionId } = cores.client as unknown as { readonly sessionId: Uint8Array };
  const half = cores.half(side);
  if (event.kind === "timeout") marks.push(`timer ${before.timer}`);
  if (event.kind === "request") {
    const { body, incarnation } = readAny(event.body, sessionId);
    if (incarnation < before.incarnation) marks.push("request of a life before");
    const exchange = body?.request?.exchange ?? 0;
    if (exchange < before.newestParked) marks.push("request overtaken");
    if (before.state === "ended") marks.push("request after the end");
    if (before.answered(exchange)) marks.push("request answered already");
  }
  for (const output of outputs) {
    if (output.kind === "hang-up") continue;
    if (hasBody(output)) {
      const { body } = readAny(output.body, sessionId);
      if (body !== undefined) marks.push(...marksOfBody(body, output.kind === "respond"));
    } else if (output.kind === "pipe-gone") {
      marks.push(`${side}'s pipe gone: ${output.why}`);
    } else if (output.kind === "ended") {
      marks.push(`${side} ended: ${output.reason}`);
    } else if (output.kind === "given-up") {
      if (output.neverSent > 0) marks.push("given up unsent");
      if (output.sent > 0) marks.push("given up sent");
    } else if (output.kind !== "deliver") {
      marks.push(output.kind);
    }
  }
  if (half !== undefined) marks.push(...marksOfHalf(before, half));
  if (side === "client" && countOverdue(cores.client) > before.overdue) marks.push("overdue");
  marks.push(...marksOfRequests(cores, side));
  return marks;
}

function marksOfBody(body: Body, isAnswer: boolean): string[] {
  const marks: string[] = [];
  if (body.blocked !== undefined) marks.push("window said to be closed");
  if (body.channelsBlocked.length > 0) marks.push("channel's window said to be closed");
  if (body.superseded !== undefined) marks.push("superseded said");
  if (body.offer !== undefined) marks.push("stream offered");
  if (body.hearing !== undefined) marks.push("link said");
  if (body.pipe !== undefined) marks.push(isAnswer ? "pipe told beside it" : "pipe said");
  if (body.unknown !== undefined) marks.push("unknown said");
  if (body.ended !== undefined) marks.push(isAnswer ? "end told" : "end asked for");
  if (body.succeeds !== undefined) marks.push("life before named");
  if ((body.ack?.ranges.length ?? 0) > 0) marks.push("hole acknowledged");
  if (body.answer !== undefined && body.channelWindows.length + body.numbered.length === 0) {
    marks.push("answer without a bundle");
  }
  for (const { kind } of body.numbered) if (kind !== "messages") marks.push(`${kind} sent`);
  return marks;
}

function marksOfHalf(before: Before, { sender, receiver }: Half): string[] {
  const marks: string[] = [];
  if (sender.unitsResent > before.resent) marks.push("resent");
  if (sender.isBlocked) marks.push("window closed");
  if (receiver.duplicates > before.copies) marks.push("copy dropped");
  if (receiver.refused > before.refused) marks.push("refused for want of room");
  const { count, through } = receiver.received;
  if (count > (through === 0 ? 0 : 1)) marks.push("hole");
  if (receiver.parts.stalled.size > 0) marks.push("part waits for room");
  if (receiver.parts.bytes > 0) marks.push("parts under assembly");
  return marks;
}

function marksOfRequests({ client, session }: Cores, side: SideName): string[] {
  const marks: string[] = [];
  if (side === "client") {
    if (client.exchanges.countCarriers > 1) marks.push("two carriers");
    if (client.requestsUnanswered > 1) marks.push("path in doubt");
    return marks;
  }
  if (session === undefined) return marks;
  if (session.side.parked.length > 1) marks.push("two parked");
  if (session.side.parkedWanted > 1) marks.push("two parked wanted");
  return marks;
}

function countOverdue({ exchanges }: RequestSide): number {
  return exchanges.open.size - exchanges.countLive;
}

/** Whether flat ranges have a number. */
export function isIn(ranges: readonly number[], number: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (number >= (ranges[at] as number) && number <= (ranges[at + 1] as number)) return true;
  }
  return false;
}
