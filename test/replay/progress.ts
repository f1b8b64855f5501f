/** Shows on stderr how far a replay is: a bar for a terminal, a line every few seconds for a log. */
import { SingleBar } from "cli-progress";
import type { Hardness } from "./hardness.ts";

export interface ReplayProgress {
  readonly elapsedMs: number;
  readonly sent: number;
  /** Changes whose echo has arrived: they went both ways. */
  readonly echoed: number;
  readonly total: number;
  readonly met: Hardness;
}

export interface ProgressView {
  update(progress: ReplayProgress): void;
  /** Leaves the terminal as it should be. */
  stop(): void;
}

/** Between two lines of a log. */
const LINE_MS = 5_000;

export function progressView(stream: NodeJS.WriteStream): ProgressView {
  return stream.isTTY ? barOn(stream) : linesOn(stream);
}

function barOn(stream: NodeJS.WriteStream): ProgressView {
  const bar = new SingleBar({
    stream,
    format: "{bar} {percentage}% | {value}/{total} echoed | {exchanges} exchanges, {faults}",
    hideCursor: true,
    clearOnComplete: true,
    // Ctrl-C is the program's.
    gracefulExit: false,
  });
  let isStarted = false;
  return {
    update({ echoed, total, met }) {
      const payload = { exchanges: met.exchanges, faults: faultsOf(met) };
      if (isStarted) bar.update(echoed, payload);
      else bar.start(total, echoed, payload);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

function linesOn(stream: NodeJS.WriteStream): ProgressView {
  let nextMs = LINE_MS;
  let hasBegun = false;
  return {
    update({ elapsedMs, sent, echoed, total, met }) {
      // The first line says that messages go both ways.
      const isBeginning = !hasBegun && echoed > 0;
      if (elapsedMs < nextMs && !isBeginning) return;
      hasBegun ||= isBeginning;
      nextMs = elapsedMs + LINE_MS;
      stream.write(
        `${Math.round(elapsedMs / 1_000)} s: ${sent} of ${total} sent, ${echoed} echoed; ` +
          `${met.exchanges} exchanges, ${faultsOf(met)}\n`,
      );
    },
    stop: () => {},
  };
}

function faultsOf({ cuts, requestsLost, responsesLost, bodiesDamaged }: Hardness): string {
  const lost = requestsLost + responsesLost;
  return `${cuts} connections cut, ${lost} bodies lost, ${bodiesDamaged} damaged`;
}
