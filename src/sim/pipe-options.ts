/** How a run with pipes draws what it is about. */
import type { EndpointOptions, RequestOptions } from "../core/index.ts";
import { NO_PIPE_FAULTS, type PipeFaults } from "./network/pipe-faults.ts";
import type { PipeActions } from "./pipe-driver.ts";
import type { Play } from "./play.ts";
import { drawTraits, oneOf, type SimulationOptions } from "./simulation-options.ts";

/**
 * Draws the traits of a run as `drawOptions` does, and those of its pipes. Each kind of fault is
 * left out of about half of the runs, and so is each kind of pipe of some.
 */
export function drawPipedOptions(play: Play): SimulationOptions {
  const { pair, network, ...others } = drawTraits(play, false);
  const { shared, server } = drawCores(play);
  const options: SimulationOptions = {
    ...others,
    pair: {
      ...pair,
      client: { ...pair.client, ...shared },
      server: { ...pair.server, ...shared, ...server },
    },
    network: { ...network, pipes: drawPipeFaults(play) },
    pipes: drawActions(play),
  };
  for (const [name, value] of Object.entries(options)) play.expand(name, value);
  return options;
}

type Shared = Pick<RequestOptions & EndpointOptions, "pipeBytesMax" | "pipeStallMs">;
type OfServer = Pick<EndpointOptions, "pipeSilenceMs" | "pipeProofMs">;

function drawCores(play: Play): { readonly shared: Shared; readonly server: OfServer } {
  const shared = {
    pipeBytesMax: oneOf(play, [1_048_576, 1_000, 20_000], "bytes on a pipe"),
    pipeStallMs: oneOf(play, [5_000, 500], "a pipe stalls after ms"),
  };
  const server = {
    pipeSilenceMs: oneOf(play, [15_000, 500], "a pipe is silent for ms"),
    pipeProofMs: oneOf(play, [100, 20, 500], "a stream is proved after ms"),
  };
  return { shared, server };
}

function drawActions(play: Play): PipeActions {
  return {
    duplexPermille: oneOf(play, [200, 0, 500], "pipes are opened"),
    streamPermille: oneOf(play, [200, 0, 500], "streams are asked for"),
    retirePermille: oneOf(play, [0, 60], "pipes are retired"),
    lasting: oneOf(play, ["duplex", "stream"] as const, "the last pipe is"),
  };
}

/** Draws what a network does to pipes; the first possibility of each is the plain one. */
export function drawPipeFaults(play: Play): PipeFaults {
  const harsh = oneOf(play, [5, 20, 60], "how harsh to pipes");
  const often = (label: string, permille: number): number =>
    play.pick(2, label) === 1 ? permille : 0;
  return {
    ...NO_PIPE_FAULTS,
    neverOpensPermille: often("pipes may never open", 200),
    opensWithinMs: oneOf(play, [0, 500, 20_000], "pipes open within"),
    mutePermille: often("pipes may be mute", 150),
    breaksPermille: often("pipes break", harsh),
    halfOpenPermille: often("pipes are half-open", 500),
    toldWithinMs: oneOf(play, [0, 300, 5_000], "sides are told of an end within"),
    heldBackPermille: often("streams are held back", 300),
    heldBackBytes: oneOf(play, [Infinity, 300, 4_096], "held back until bytes"),
    idleMs: oneOf(play, [Infinity, 1_000, 10_000], "idle pipes break after"),
    damagedPermille: often("pipes damage", Math.ceil(harsh / 4)),
  };
}
