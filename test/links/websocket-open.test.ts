// WebSockets that never open: the next link must not wait for what the host may take minutes to say.

import { describe, expect, test } from "vitest";
import type { PipeEvents } from "../../src/session/pipe-carrier.ts";
import {
  type MakeWebSocket,
  WebSocketPipes,
  type WebSocketLike,
} from "../../src/http/websocket-pipe.ts";
import { soon } from "../waiting.ts";

/** Stands still, as behind a line that swallows the upgrade; says when it was closed. */
class Silent implements WebSocketLike {
  binaryType = "";
  isClosed = false;
  addEventListener(): void {}
  send(): void {}
  close(): void {
    this.isClosed = true;
  }
}

function reasonOf(make: MakeWebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const no = (): void => reject(new Error("it opened"));
    const events: PipeEvents = { opened: no, body: no, closed: resolve };
    new WebSocketPipes("http://127.0.0.1:1/holdfast", make, 20).open(events);
  });
}

describe("a WebSocket that does not open", () => {
  test("is given up and closed", async () => {
    const socket = new Silent();
    expect(
      await soon(
        reasonOf(() => socket),
        "the end",
      ),
    ).toBe("websocket_timeout");
    expect(socket.isClosed).toBe(true);
  });

  test("is given up where its headers never come", async () => {
    const never = new Promise<WebSocketLike>(() => {});
    expect(
      await soon(
        reasonOf(() => never),
        "the end",
      ),
    ).toBe("websocket_timeout");
  });
});
