/** The process of a `Cutter`. It ends with the one that has started it. */
import { type ChaosProxy, startChaos } from "../chaos.ts";
import type { FromCutter, ToCutter } from "./cutter.ts";

const post = (message: FromCutter): void => void process.send?.(message);

let proxy: ChaosProxy | undefined;
let timer: NodeJS.Timeout | undefined;
let cuts = 0;

/** A blackout that is over at once: every connection is reset, and new ones are let in. */
function cut(): void {
  cuts++;
  proxy?.set({ blackout: true });
  proxy?.set({ blackout: false });
}

async function hear(message: ToCutter): Promise<void> {
  if (message.kind === "stand") {
    const { target, delayMs } = message;
    proxy = await startChaos({ target, delayMs, tcp: true });
    post({ kind: "stands", port: proxy.port });
    return;
  }
  clearInterval(timer);
  if (message.everyMs > 0) timer = setInterval(cut, message.everyMs);
  else post({ kind: "cut", cuts, connections: proxy?.counts.blackoutCuts ?? 0 });
}

process.on("disconnect", () => process.exit());
process.on("message", (message: ToCutter) => void hear(message));
