/** On what something was measured. */
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import { canPlace } from "./run.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly kernel: string;
  /** Whether processes can be kept to processors. */
  readonly canPlace: boolean;
}

export function machine(): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    kernel: `${type()} ${release()} ${arch()}`,
    canPlace,
  };
}

/** The load average over 1, 5 and 15 minutes. */
export function load(): string {
  return loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");
}
