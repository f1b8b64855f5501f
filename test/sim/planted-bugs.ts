// Bugs that are planted for the time of a call, by putting other methods on the core's prototypes:
// an explorer that does not find them would not find others either.

import { Sender } from "../../src/core/sender.ts";
import { ReceiveWindows } from "../../src/core/receive-windows.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { explore, type Exploration, Pair, type PairOptions } from "../../src/sim/index.ts";
import { messagesEachWay, tinyWindows } from "./configurations.ts";

export interface PlantedBug {
  readonly name: string;
  /** What the explorer is to say. */
  readonly symptom: RegExp;
  readonly prototype: object;
  readonly member: string;
  readonly descriptor: (original: PropertyDescriptor) => PropertyDescriptor;
  readonly options: PairOptions;
}

type Method<Self> = (this: Self, ...args: never[]) => unknown;

/** Puts a method around a method. */
function around<Self>(
  wrap: (self: Self, call: () => unknown, args: readonly unknown[]) => unknown,
): PlantedBug["descriptor"] {
  return (original) => {
    const method = original.value as Method<Self>;
    return {
      ...original,
      value(this: Self, ...args: never[]): unknown {
        return wrap(this, () => method.apply(this, args), args);
      },
    };
  };
}

const ONE_LOSS = { losses: 1 };

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "acknowledgements provoke acknowledgements",
    symptom: /goes in a circle/,
    prototype: Receiver.prototype,
    member: "receive",
    descriptor: around<Receiver>((receiver, call, [nowMs]) => {
      call();
      receiver.ackOwedSinceMs = Math.min(receiver.ackOwedSinceMs, nowMs as number);
    }),
    options: messagesEachWay(1),
  },
  {
    name: "consumed messages do not raise the window",
    symptom: /goes in a circle|lost|credit/,
    prototype: ReceiveWindows.prototype,
    member: "consumeSeqs",
    descriptor: around<ReceiveWindows>((windows, call) => {
      const { seqMax } = windows;
      call();
      windows.seqMax = seqMax;
    }),
    options: tinyWindows(2, 1),
  },
  {
    name: "an exchange that fails does not make its messages due again",
    symptom: /forgotten to send/,
    prototype: Sender.prototype,
    member: "resolve",
    descriptor: around<Sender>((sender, call) => {
      const due = sender.due.flat.slice();
      const flight = call();
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
];

/** Explores with the bug in place, and takes it out again. */
export function exploreWith(bug: PlantedBug): Exploration {
  const original = Object.getOwnPropertyDescriptor(bug.prototype, bug.member);
  if (original === undefined) throw new Error(`nothing to plant a bug in: ${bug.member}`);
  Object.defineProperty(bug.prototype, bug.member, bug.descriptor(original));
  try {
    return explore(new Pair(bug.options));
  } finally {
    Object.defineProperty(bug.prototype, bug.member, original);
  }
}
