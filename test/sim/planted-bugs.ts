// Bugs that are planted for the time of a call, by putting other methods on the core's prototypes:
// an explorer that does not find them would not find others either.

import type { GivingUp } from "../../src/core/giving-up.ts";
import type { Hearing } from "../../src/core/body.ts";
import { ParkSide } from "../../src/core/park-side.ts";
import type { Pipe } from "../../src/core/pipe.ts";
import { PipedHalf } from "../../src/core/piped-half.ts";
import { Sender } from "../../src/core/sender.ts";
import { ReceiveWindows } from "../../src/core/receive-windows.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { explore, type Exploration, Pair, type PairOptions } from "../../src/sim/index.ts";
import { messagesEachWay, piped, resetting, tinyWindows } from "./configurations.ts";
import { around, plant, type Planting } from "./planting.ts";

export interface PlantedBug extends Planting {
  readonly name: string;
  /** What the explorer is to say. */
  readonly symptom: RegExp;
  readonly options: PairOptions;
}

const ONE_LOSS = { losses: 1 };

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "acknowledgements provoke acknowledgements",
    symptom: /goes in a circle/,
    prototype: Receiver.prototype,
    member: "receive",
    descriptor: around<Receiver>((receiver, call, args) => {
      call(...args);
      const [nowMs] = args as unknown as [number];
      receiver.ackOwedSinceMs = Math.min(receiver.ackOwedSinceMs, nowMs);
    }),
    options: messagesEachWay(1),
  },
  {
    name: "consumed messages do not raise the window",
    symptom: /goes in a circle|lost|credit/,
    prototype: ReceiveWindows.prototype,
    member: "consumeSeqs",
    descriptor: around<ReceiveWindows>((windows, call, args) => {
      const { seqMax } = windows;
      call(...args);
      windows.seqMax = seqMax;
    }),
    options: tinyWindows(2, 1),
  },
  {
    name: "an exchange that fails does not make its messages due again",
    symptom: /forgotten to send/,
    prototype: Sender.prototype,
    member: "resolve",
    descriptor: around<Sender>((sender, call, args) => {
      const due = sender.due.flat.slice();
      const flight = call(...args);
      sender.due.clear();
      for (let at = 0; at < due.length; at += 2) {
        sender.due.add(due[at] as number, due[at + 1] as number);
      }
      return flight;
    }),
    options: messagesEachWay(1, ONE_LOSS),
  },
  {
    name: "a hole is acknowledged with what lies above it",
    symptom: /2: the (client|server) (believes received|has released)/,
    prototype: Receiver.prototype,
    member: "ack",
    descriptor: (original) => ({
      ...original,
      get(this: Receiver): Receiver["ack"] {
        const through = this.received.highest;
        return { receivedThrough: through, heldThrough: through, ranges: [] };
      },
    }),
    options: messagesEachWay(2, ONE_LOSS),
  },
  {
    // HTTP/2's RST_STREAM and frames of its stream, for one: a cancellation that is overtaken.
    name: "what a reset abandons is skipped before the peer knows of the reset",
    symptom: /1: .* came in the place of/,
    prototype: Sender.prototype,
    member: "reset",
    descriptor: around<Sender>((sender, call, args) => {
      call(...args);
      const { givingUp } = sender as unknown as { readonly givingUp: GivingUp };
      givingUp.giveUpAll(args[0] as never);
    }),
    options: resetting(2, { losses: 2 }),
  },
  {
    name: "what a broken pipe carried is not due again",
    symptom: /goes in a circle/,
    prototype: PipedHalf.prototype,
    member: "leavePipe",
    descriptor: around((_half, call, args) => {
      const [pipe] = args as unknown as [Pipe];
      pipe.takeAll();
      call(pipe);
    }),
    options: piped(1, ["duplex"], { pipeBreaks: 1 }),
  },
  {
    name: "what is said on a pipe is believed though a request has said otherwise since",
    symptom: /goes in a circle/,
    prototype: ParkSide.prototype,
    member: "noteJoined",
    descriptor: around<ParkSide>((_side, call, args) => {
      const [hearing] = args as unknown as [Hearing];
      call({ ...hearing, fromExchange: Number.MAX_SAFE_INTEGER });
    }),
    options: piped(1, ["duplex"], { pipeBreaks: 1 }),
  },
  {
    name: "a server speaks on by a pipe that its client has left",
    symptom: /goes in a circle/,
    prototype: ParkSide.prototype,
    member: "noteNamed",
    descriptor: around<ParkSide>((_side, call, args) => {
      const [link] = args as unknown as [number];
      if (link !== 0) call(...args);
    }),
    options: piped(1, ["duplex"], { pipeBreaks: 1 }),
  },
  {
    name: "a pipe that is dead is never given up",
    symptom: /without end/,
    prototype: PipedHalf.prototype,
    member: "handlePipeTimers",
    descriptor: (original) => ({ ...original, value: (): void => {} }),
    options: piped(1, ["duplex"], { pipeBreaks: 1 }),
  },
];

/** Explores with the bug in place, and takes it out again. */
export function exploreWith(bug: PlantedBug): Exploration {
  const uproot = plant([bug]);
  try {
    return explore(new Pair(bug.options));
  } finally {
    uproot();
  }
}
