// Options of a random run: what is promised must hold under all of them.

import { LITERAL_DEFAULTS, type LiteralOptions } from "../../src/core/index.ts";
import type { Choices, SimulationOptions } from "../../src/sim/index.ts";

const DAY_MS = 86_400_000;

function oneOf<Value>(choices: Choices, values: readonly Value[], label: string): Value {
  return values[choices.pick(values.length, label)] as Value;
}

function pickLiteral(choices: Choices): LiteralOptions | undefined {
  if (choices.pick(5, "literal") !== 1) return undefined;
  return {
    ...LITERAL_DEFAULTS,
    bundleMessages: oneOf(choices, [10, 1, 3], "bundle"),
    requestsHeld: oneOf(choices, [1, 2, 3], "requests held"),
    sendDelayMs: oneOf(choices, [0, 50, "auto"], "send delay"),
    answerDelayMs: oneOf(choices, [undefined, 0, 100], "answer delay"),
  };
}

/** Windows that never close, and messages before the first answer. */
function pickGenerous(choices: Choices): object {
  return { hold: oneOf(choices, ["received", "delivered"], "hold"), earlyMessages: true };
}

/** What only one side needs to agree with itself about. */
function pickSide(choices: Choices): object {
  const channelsMax = oneOf(choices, [8, 2, 0], "channels");
  const channelUnits = oneOf(choices, [16, 1, 3], "channel units");
  const reserves = 2 * channelsMax + 1;
  const explicit = choices.pick(3, "consume") === 1;
  return {
    earlyMessages: false,
    channelsMax,
    channelUnits,
    channelBytes: 16_384,
    windowMessages: reserves * channelUnits + oneOf(choices, [200, 0, 3], "units to lend"),
    windowBytes: reserves * 16_384 + oneOf(choices, [200_000, 0, 5_000], "bytes to lend"),
    messageBytesMax: 131_072,
    assemblyBytesMax: oneOf(choices, [1_000_000, 131_072], "assembly"),
    consume: explicit ? "explicit" : "automatic",
    hold: explicit
      ? oneOf(choices, ["received", "delivered", "consumed"], "hold")
      : oneOf(choices, ["received", "delivered"], "hold"),
    bodyBytesInitial: oneOf(choices, [16_384, 1_024, 200_000], "body"),
    ackDelayMs: oneOf(choices, [25, 0, 500], "ack delay"),
  };
}

/** A run whose every trait was chosen. */
export function optionsFor(choices: Choices): SimulationOptions {
  const shared = {
    silenceLimitMs: DAY_MS,
    closeTimeoutMs: DAY_MS,
    unreadableMax: 1_000_000,
    parkedMax: oneOf(choices, [4, 1, 2], "parked"),
    literal: pickLiteral(choices),
  };
  const harsh = oneOf(choices, [20, 2, 100, 250], "how harsh");
  const isGenerous = choices.pick(3, "generous") === 1;
  const side = isGenerous ? pickGenerous : pickSide;
  const rate = (label: string): number => (choices.pick(2, label) === 1 ? harsh : 0);
  return {
    pair: {
      client: {
        ...side(choices),
        ...shared,
        carriersMax: oneOf(choices, [8, 1, 2], "carriers"),
      },
      server: {
        ...side(choices),
        ...shared,
        holdTimeMs: oneOf(choices, [25_000, 500], "hold"),
      },
    },
    faults: {
      lose: rate("loses"),
      fail: rate("fails"),
      cut: rate("cuts"),
      duplicate: rate("doubles"),
      damage: rate("damages"),
      page: rate("pages"),
      slow: rate("slows"),
    },
    actions: 20 + choices.pick(150, "actions"),
    messageBytesMax: oneOf(choices, [100, 4_000, 100_000], "largest"),
    reloads: choices.pick(4, "reloads") === 1,
    wakes: choices.pick(3, "wakes") === 1,
    usesChannels: choices.pick(3, "uses channels") !== 1,
    closing: oneOf(choices, ["nobody", "client", "server", "both"] as const, "closing"),
  };
}
