/** What a process asks of its world. */
import type { LinkName } from "../session/pipe-carrier.ts";
import type { Status } from "../session/status.ts";
import type { WorldClock } from "./life.ts";
import type { Path } from "./path.ts";
import type { SimulatedProcess } from "./process.ts";

/** What a world looks at to see whether anything moves. */
export interface SessionView {
  readonly status: Status;
  readonly link: LinkName;
  readonly unacknowledged: number;
}

export interface ProcessOwner extends WorldClock {
  /** @throws WorldError `name_unknown` */
  pathOf(client: SimulatedProcess, server: string): Path;
  /** A life of it is over. */
  handleEnd(process: SimulatedProcess): void;
  /** Writes down what happened. */
  note(from: string, text: string): void;
}
