/** TCP mode: every connection is passed on raw, whatever protocol it speaks. */
import { createServer, type Server } from "node:net";
import { accept } from "./accept.ts";
import { RawPipe } from "./raw-pipe.ts";
import type { Running } from "./running.ts";

const NOTHING = new Uint8Array();

export class TcpFront {
  readonly server: Server;

  constructor(running: Running) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const client = accept(running, socket);
      if (client === undefined) return;
      new RawPipe(running, client, { head: NOTHING, isAnswerLost: false }).start();
    });
  }

  close(): void {
    // Its connections are all that it has.
  }
}
