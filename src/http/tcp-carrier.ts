/** The carrier of a session that goes by TCP alone. */
import type { RequestUse } from "../core/index.ts";
import type { Carrier, Outcome } from "../session/carrier.ts";
import type { PipeCarrier } from "../session/pipe-carrier.ts";
import { failure } from "./outcomes.ts";

export class TcpCarrier implements Carrier {
  readonly carriersMax = undefined;
  readonly requests: RequestUse = "none";
  readonly pipes: readonly PipeCarrier[];

  constructor(pipes: PipeCarrier) {
    this.pipes = [pipes];
  }

  /** Never asked for, as there are no requests. */
  exchange(): Promise<Outcome> {
    return Promise.resolve(failure("no_requests", true));
  }

  /** Nothing tells a Node process that its network is back. */
  watch(): () => void {
    return () => {};
  }

  /** Its connections end with their pipes. */
  close(): void {}
}
