import { expect, test } from "vitest";
import { Endpoint } from "../../src/core/endpoint.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { NONCE } from "../core/scripted-server.ts";

// A state was resumed, and the life that went on from it sent, and closed the session. Then the
// saved one spoke again. It was answered with the last word of the session, whose acknowledgement
// was of the other life's messages, and ended as `protocol` for seqs that it had never sent.

const ORIGIN = { address: "192.0.2.1", principal: "" };

/** A client and what it asks for, with a server that answers at once. */
class Line {
  readonly server: Endpoint = new Endpoint(0);
  private readonly clients: RequestSide[] = [];
  private readonly numbers: number[] = [];

  /** Carries bodies both ways for a second; how the client's session ended, if it did. */
  settle(beginMs: number, client: RequestSide): string | undefined {
    let reason: string | undefined;
    for (let nowMs = beginMs; nowMs < beginMs + 1_000; nowMs += 50) {
      client.handleTimeout(nowMs);
      for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
        if (out.kind === "request") {
          const handle = this.numbers.push(out.exchange) - 1;
          this.clients.push(client);
          this.server.handleRequest(nowMs, handle, out.body, ORIGIN);
        } else if (out.kind === "ended") reason = out.reason;
      }
      this.answer(nowMs);
      this.server.handleTimeout(nowMs);
      this.answer(nowMs);
    }
    return reason;
  }

  private answer(nowMs: number): void {
    for (let out = this.server.poll(); out.kind !== "timeout"; out = this.server.poll()) {
      if (out.kind !== "respond") continue;
      this.clients[out.handle]?.handleAnswer(nowMs, this.numbers[out.handle] ?? 0, out.body);
    }
  }
}

test("[INC-2] a life that speaks after another one has closed the session is superseded", () => {
  const line = new Line();
  const first = new RequestSide(0, { nonce: NONCE, secret: NONCE });
  first.send(0, Uint8Array.of(1));
  line.settle(0, first);
  const saved = first.save(1_000);
  const second = RequestSide.resume(1_000, saved, 7);
  second.send(1_000, Uint8Array.of(2));
  second.send(1_000, Uint8Array.of(3));
  line.settle(1_000, second);
  second.close(2_000);
  expect(line.settle(2_000, second)).toBe("closed");

  first.send(5_000, Uint8Array.of(4));

  expect(line.settle(5_000, first)).toBe("superseded");
});
