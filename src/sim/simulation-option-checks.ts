/** What options of a simulation of cores may be. */
import { checkNetworkOptions, type NetworkOptions } from "./network/network.ts";
import {
  checkOptions,
  FLAG,
  integer,
  invalid,
  nested,
  oneOf,
  optional,
  PERMILLE,
  PICKED_MS,
  type Rules,
} from "./option-checks.ts";
import { checkPairOptions, type PairOptions } from "./pair-options.ts";
import type { PipeActions } from "./pipe-driver.ts";
import type {
  ChannelActions,
  HostEvents,
  ServerHost,
  SimulationOptions,
} from "./simulation-options.ts";

/** A message has four bytes of its own, and one that is picked. */
const MESSAGE_BYTES_LEAST = 5;
const PICKED_MAX = 2 ** 31 - 1;

const EVENT_RULES: Rules<HostEvents> = {
  serverCrashPermille: PERMILLE,
  clientCrashPermille: PERMILLE,
  reloadPermille: PERMILLE,
  wakePermille: PERMILLE,
  sleepPermille: PERMILLE,
  leapPermille: PERMILLE,
  leapMaxMs: PICKED_MS,
};

const HOST_RULES: Rules<ServerHost> = {
  goneToldPermille: PERMILLE,
  goneToldMs: PICKED_MS,
  putOffPermille: PERMILLE,
  putOffMs: PICKED_MS,
  turnAwayPermille: PERMILLE,
  verdictMs: PICKED_MS,
  drainPermille: PERMILLE,
  drainMs: PICKED_MS,
  drainPauseMs: PICKED_MS,
};

const CHANNEL_RULES: Rules<ChannelActions> = {
  openPermille: PERMILLE,
  finishPermille: PERMILLE,
  resetPermille: PERMILLE,
};

const PIPE_RULES: Rules<PipeActions> = {
  duplexPermille: PERMILLE,
  streamPermille: PERMILLE,
  retirePermille: PERMILLE,
  lasting: oneOf("duplex", "stream"),
};

const RULES: Rules<SimulationOptions> = {
  pair: (value, name) => checkPairOptions(value as PairOptions, name),
  network: (value, name) => checkNetworkOptions(value as NetworkOptions, name),
  events: nested(EVENT_RULES),
  host: nested(HOST_RULES),
  pipes: optional(nested(PIPE_RULES)),
  actions: integer(0, Number.MAX_SAFE_INTEGER),
  pauseMaxMs: integer(1, PICKED_MAX),
  messageBytesMax: integer(MESSAGE_BYTES_LEAST, PICKED_MAX),
  channels: nested(CHANNEL_RULES),
  closePermille: PERMILLE,
  mayEnd: FLAG,
  closing: oneOf("nobody", "client", "server", "both"),
};

/** @throws UsageError `option_invalid`, `option_unknown`, naming the option. */
export function checkSimulationOptions(options: SimulationOptions): void {
  checkOptions(options, RULES);
  if (options.pipes !== undefined && options.pair.client?.literal !== undefined) {
    throw invalid(options.pipes, "pipes", "left out: the literal procedure knows none");
  }
  const { sleepPermille, leapPermille, leapMaxMs } = options.events;
  if (sleepPermille + leapPermille > 0 && leapMaxMs === 0) {
    throw invalid(leapMaxMs, "events.leapMaxMs", "above 0 where hosts sleep or clocks leap");
  }
}
