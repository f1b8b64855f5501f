/** What the processes of a soak are told, and what they tell. */
import type { Hold } from "./lines.ts";

interface Start {
  /** Of the process, and of its log. */
  readonly name: string;
  readonly folder: string;
  readonly seed: number;
}

export interface ServerStart extends Start {
  readonly hold: Hold;
}

export interface ClientStart extends Start {
  readonly url: string;
  /** In place of `node:http`. */
  readonly usesFetch: boolean;
}

/** What a client tells of how its sessions ended when it was to come to rest. */
export type RestReport = readonly string[];

/** The last one twice, as it alone promises anything of processes that are killed. */
export const HOLD_POLICIES: readonly Hold[] = ["received", "delivered", "consumed", "consumed"];
