// Known bugs, each of a kind that has broken other systems. A search that does not find them would
// not find others either. They are told apart by whom they have broken, not by what our own tests
// look for.

import { ChannelReceiver } from "../../src/core/channel-receiver.ts";
import type { Body } from "../../src/core/body.ts";
import { Exchanges } from "../../src/core/exchanges.ts";
import { GivingUp } from "../../src/core/giving-up.ts";
import { Half } from "../../src/core/half.ts";
import type { Bundle } from "../../src/core/bundle.ts";
import { InFlight } from "../../src/core/in-flight.ts";
import { ParkSide } from "../../src/core/park-side.ts";
import { Ranges } from "../../src/core/ranges.ts";
import { ReceiveWindows } from "../../src/core/receive-windows.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { SendRing, UNIT_MESSAGE } from "../../src/core/send-ring.ts";
import { Sender } from "../../src/core/sender.ts";
import { around, getter, type Planting } from "./planting.ts";

/** A bug that the random runs must find. */
export interface Canary {
  readonly name: string;
  /** What was broken by this kind of bug, and where that is told. */
  readonly after: string;
  readonly plantings: readonly Planting[];
}

/** The private side of classes, as far as the bugs reach into it. */
interface Parking {
  readonly parked: { readonly exchange: number; readonly handle: number }[];
  readonly answered: Ranges;
  readonly incarnation: number;
}
interface Resending {
  readonly ring: SendRing;
  readonly unitsResent: number;
}
interface Retrying {
  readonly retry: { notBeforeMs: number };
}
interface Doubting {
  readonly doubtedSinceMs: number;
}
interface Hearing {
  readonly lastHeardMs: number;
}
interface Ending {
  endClosed(): void;
}
interface Growing {
  readonly base: number;
  readonly next: number;
}
type Column = Record<number, unknown> & { readonly length: number };

const RANGE_FORGOTTEN: Planting = {
  prototype: Ranges.prototype,
  member: "add",
  descriptor: around<Ranges>((ranges, call, args) => {
    const before = ranges.flat.slice();
    call(...args);
    // Two became one: of the lower one nothing is known any more.
    if (ranges.flat.length >= before.length || before.length < 4) return;
    ranges.remove(before[0] as number, before[1] as number);
  }),
};

const NEW_NUMBER: Planting = {
  prototype: InFlight.prototype,
  member: "addAgain",
  descriptor: around<InFlight>((inFlight, call, args) => {
    const [bundle, seq] = args as unknown as [Bundle, number];
    const { ring } = inFlight as unknown as Resending;
    const isMessage = ring.kind(seq) === UNIT_MESSAGE;
    if (!isMessage || !call(...args)) return isMessage ? false : call(...args);
    const at = bundle.runs.length - 1;
    const last = bundle.runs[at];
    if (last === seq) bundle.runs[at] = ring.next;
    const unit = ring.unit(seq) as Uint8Array;
    const [offset, bytes] = [ring.offset(seq), ring.bytes(seq)];
    const [channel, index, key] = [ring.channel(seq), ring.index(seq), ring.key(seq)];
    ring.append(UNIT_MESSAGE, unit, offset, bytes, channel, index, key, bundle.transmission);
    bundle.addMessage(ring.next - 1, channel, index, key, unit, offset, bytes);
    return true;
  }),
};

export const CANARIES: readonly Canary[] = [
  {
    name: "acknowledges before it holds",
    after:
      "queues whose consumers acknowledge on receipt (RabbitMQ's automatic acknowledgement mode)",
    plantings: [
      {
        prototype: Receiver.prototype,
        member: "heldThrough",
        descriptor: getter<Receiver>((receiver) => receiver.received.through),
      },
    ],
  },
  {
    name: "drops the reorder buffer when the client comes by another way",
    after:
      "engine.io, where what is under way at a reconnection is lost (socketio/engine.io issue 46)",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "beginIncarnation",
        descriptor: around<ParkSide>((side, call, args) => {
          call(...args);
          for (const channel of side.receiver.channels.values()) channel.waiting.clear();
        }),
      },
    ],
  },
  {
    name: "forgets a range when two merge",
    after:
      "aioquic, which dropped a range of acknowledgements and its gap with it (aiortc/aioquic 495)",
    plantings: [RANGE_FORGOTTEN],
  },
  {
    name: "answers the newest parked request instead of the oldest",
    after: "any server that keeps what waits on a stack: what waits at the bottom dies of old age",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "answerOldest",
        descriptor: around<ParkSide>((side, call, args) => {
          const { parked } = side as unknown as Parking;
          const newest = parked.pop();
          if (newest !== undefined) parked.unshift(newest);
          call(...args);
          parked.sort((left, right) => left.exchange - right.exchange);
        }),
      },
    ],
  },
  {
    name: "sends again under a new number",
    after: "at-least-once producers: Kafka before its idempotent producer (KIP-98)",
    plantings: [NEW_NUMBER],
  },
  {
    name: "does not ask whether a closed window has opened",
    after: "the deadlock that TCP's persist timer is there for (RFC 9293, section 3.8.6.1)",
    plantings: [
      {
        prototype: Half.prototype,
        member: "updateProbe",
        descriptor: (original) => ({ ...original, value: (): void => {} }),
      },
    ],
  },
  {
    name: "believes a life that another one has taken over from",
    after: "holders of a lock that has expired (Kleppmann, How to do distributed locking, 2016)",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "handleRequest",
        descriptor: around<ParkSide>((side, call, args) => {
          const [nowMs, handle, incarnation, body] = args as unknown as [
            number,
            number,
            number,
            Body,
          ];
          const present = (side as unknown as Parking).incarnation;
          call(nowMs, handle, Math.max(incarnation, present), body);
        }),
      },
    ],
  },
  {
    name: "parks a late copy of a request that was answered",
    after: "origins behind nginx before 1.9.13, which sent a POST a second time (its ticket 488)",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "park",
        descriptor: around<ParkSide>((side, call, args) => {
          const [exchange] = args as unknown as [number];
          (side as unknown as Parking).answered.remove(exchange, exchange);
          call(...args);
        }),
      },
    ],
  },
  {
    name: "forgets a request with its connection",
    after: "a retry that is taken for new because its first attempt was dropped: RFC 9110, 9.2.2",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "handleGone",
        descriptor: around<ParkSide>((side, call, args) => {
          const [handle] = args as unknown as [number];
          const { parked, answered } = side as unknown as Parking;
          const gone = parked.find((each) => each.handle === handle);
          call(...args);
          if (gone !== undefined) answered.remove(gone.exchange, gone.exchange);
        }),
      },
    ],
  },
  {
    name: "keeps the times of requests in 31 bits",
    after:
      "Windows 95, which hung after 49.7 days; a Boeing 787's power after 248 (FAA 2015-09-07)",
    plantings: [
      {
        prototype: Exchanges.prototype,
        member: "begin",
        descriptor: around<Exchanges>((_exchanges, call, args) => {
          const [nowMs, ...others] = args as unknown as [number, ...unknown[]];
          call(nowMs % 2 ** 31, ...others);
        }),
      },
    ],
  },
  {
    name: "grants credit for what comes a second time",
    after: "credit that is counted at arrival, where a copy arrives too",
    plantings: [
      {
        prototype: Receiver.prototype,
        member: "accept",
        descriptor: around<Receiver>((receiver, call, args) => {
          const isNew = call(...args);
          if (isNew !== true) receiver.windows.consumeSeqs(1);
          return isNew;
        }),
      },
    ],
  },
  {
    name: "keeps the credit of what it drops",
    after: "HTTP/2 connections that shrank with every finished stream (apple/swift-nio-http2 173)",
    plantings: [
      {
        prototype: Receiver.prototype,
        member: "dropUnit",
        descriptor: around<Receiver>((receiver, _call, args) => {
          const [, seq] = args as unknown as [unknown, number];
          if (receiver.options.hold !== "received") receiver.held.add(seq, seq);
        }),
      },
    ],
  },
  {
    name: "loses what had wrapped round when its ring grows",
    after:
      "rings that were enlarged while their contents wrapped round (bufbuild/protocompile 588)",
    plantings: [
      {
        prototype: SendRing.prototype,
        member: "spread",
        descriptor: around<SendRing>((ring, call, args) => {
          const [from, to] = args as unknown as [Column, Column];
          const { base, next } = ring as unknown as Growing;
          call(...args);
          const mask = to.length - 1;
          const oldMask = from.length - 1;
          for (let seq = base; seq < next; seq++) to[seq & mask] = from[(seq - base) & oldMask];
          return to;
        }),
      },
    ],
  },
  {
    name: "gives a message up without telling its receiver",
    after: "what SCTP's FORWARD TSN is there for: a gap that nobody will fill (RFC 3758)",
    plantings: [
      {
        prototype: GivingUp.prototype,
        member: "giveUpUnit",
        descriptor: around<GivingUp>((givingUp, call, args) => {
          const [seq] = args as unknown as [number];
          const isGivenUp = call(...args);
          const { ring } = givingUp as unknown as Resending;
          if (isGivenUp === true) ring.setReceived(seq);
          return isGivenUp;
        }),
      },
    ],
  },
  {
    name: "takes what it resends for delivered when the host wakes it",
    after: "clients to which a new connection is a new start (socketio/socket.io issue 3414)",
    plantings: [
      {
        prototype: RequestSide.prototype,
        member: "wake",
        descriptor: around<RequestSide>((side, call, args) => {
          call(...args);
          side.sender.due.clear();
        }),
      },
    ],
  },
  {
    name: "says of messages that have left that they were never sent",
    after:
      "HTTP clients that repeat a POST because the connection failed (RFC 9110, section 9.2.2)",
    plantings: [
      {
        prototype: SendRing.prototype,
        member: "mayHaveLeft",
        descriptor: (original) => ({ ...original, value: (): boolean => false }),
      },
    ],
  },
  {
    name: "takes every failure for proof that nothing has left",
    after:
      "a survivor of mutation testing, the other way round: what did not leave was told as left",
    plantings: [
      {
        prototype: RequestSide.prototype,
        member: "handleFailure",
        descriptor: around<RequestSide>((_side, call, args) => {
          const [nowMs, exchange, how] = args as unknown as [number, number, object | undefined];
          call(nowMs, exchange, { ...how, notSent: true });
        }),
      },
    ],
  },
  {
    name: "forgets that a saved state has the messages too",
    after: "a survivor of mutation testing: what another life may send was told as never sent",
    plantings: [
      {
        prototype: Sender.prototype,
        member: "noteShared",
        descriptor: (original) => ({ ...original, value: (): void => {} }),
      },
    ],
  },
  {
    name: "lets a client in before it is said whether it may",
    after: "servers that went on before authentication was over: libssh (CVE-2018-10933)",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "isPeerAdmitted",
        descriptor: getter<ParkSide>(() => true),
      },
    ],
  },
  {
    name: "asks again at once, however often that fails",
    after: "retries without a wait, which keep down what has failed (Google, SRE, chapter 22)",
    plantings: [
      {
        prototype: RequestSide.prototype,
        member: "delayAfterFailure",
        descriptor: around<RequestSide>((side, call, args) => {
          const { retry } = side as unknown as Retrying;
          const { notBeforeMs } = retry;
          const isCounted = call(...args);
          retry.notBeforeMs = notBeforeMs;
          return isCounted;
        }),
      },
    ],
  },
  {
    name: "goes on doubting a session that it has heard of again",
    after: "failure detectors that add up what is not in a row (Hayashibara et al., SRDS 2004)",
    plantings: [
      {
        prototype: RequestSide.prototype,
        member: "apply",
        descriptor: around<RequestSide>((side, call, args) => {
          const { doubtedSinceMs } = side as unknown as Doubting;
          call(...args);
          Object.assign(side, { doubtedSinceMs });
        }),
      },
    ],
  },
  {
    name: "takes a peer that has no messages for a silent one",
    after: "idle timers that count data alone, and not what keeps a connection alive",
    plantings: [
      {
        prototype: Half.prototype,
        member: "hear",
        descriptor: around<Half<never>>((half, call, args) => {
          const [, body] = args as unknown as [number, Body];
          const { lastHeardMs } = half as unknown as Hearing;
          call(...args);
          if (body.numbered.length === 0) Object.assign(half, { lastHeardMs });
        }),
      },
    ],
  },
  {
    name: "calls an end closed though not everything is held",
    after:
      "a survivor of mutation testing: a close that the peer cut short was told as a graceful one",
    plantings: [
      {
        prototype: Half.prototype,
        member: "endByPeer",
        descriptor: around<Half<never>>((half, call, args) => {
          if (half.state === "closing") (half as unknown as Ending).endClosed();
          else call(...args);
        }),
      },
    ],
  },
  {
    name: "takes a channel for done while a gap is still open",
    after: "receivers that count messages in place of looking at their numbers",
    plantings: [
      {
        prototype: ChannelReceiver.prototype,
        member: "isDrained",
        descriptor: getter<ChannelReceiver>((channel, original) => {
          if (channel.isReset || channel.indexEnd === 0) return original();
          return channel.highestIndex + 1 >= channel.indexEnd;
        }),
      },
    ],
  },
  {
    name: "lets the newest message of a key in, whichever came first",
    after: "last-writer-wins by time of arrival",
    plantings: [
      {
        prototype: ChannelReceiver.prototype,
        member: "forgetKeys",
        descriptor: around<ChannelReceiver>((channel) => channel.latestByKey.clear()),
      },
    ],
  },
  {
    name: "raises a channel's window and forgets to say so",
    after: "HTTP/2 windows that were not updated in time (OpenLiberty/open-liberty 2774 and 12399)",
    plantings: [
      {
        prototype: ReceiveWindows.prototype,
        member: "stateChannels",
        descriptor: around<ReceiveWindows>((windows, call, args) => {
          const stated = call(...args);
          return windows.raised.size > 0 ? stated : [];
        }),
      },
    ],
  },
];
