/** What all parts of one running proxy share. */
import type { Socket } from "node:net";
import type { Connections } from "./connections.ts";
import type { Ledger } from "./counts.ts";
import type { Faults } from "./faults.ts";
import type { Address } from "./quantities.ts";

export interface Running {
  readonly seed: number;
  readonly target: Address;
  readonly ledger: Ledger;
  readonly connections: Connections;
  readonly connectionsMax: number;
  /** Raw connections to the target. */
  readonly rawSockets: Set<Socket>;
  /** As they are now: `set` replaces them. */
  faults: Faults;
  /** A blackout is going on. */
  isDark: boolean;
}
