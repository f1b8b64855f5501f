// Pipes whose first body proves the secret instead of saying it: what the core asks of whoever makes
// the proof and of whoever judges it. The cryptography of these tests is none.

import { describe, expect, test } from "vitest";
import { type Claim, Endpoint } from "../../src/core/endpoint.ts";
import { readBody, readHead } from "../../src/core/body-reader.ts";
import { encodeBody } from "../../src/core/body-writer.ts";
import type { Body } from "../../src/core/body.ts";
import { type Prove, RequestSide } from "../../src/core/request-side.ts";
import { Dialogue, NONCE, SECRET } from "./scripted-server.ts";

const ORIGIN = { address: "", principal: undefined };
const MARK = 0xa5;

/** The secret with each bit turned, behind a byte that says whether it may be learned. */
const prove: Prove = ({ secret, isOpening }) =>
  Uint8Array.of(isOpening ? 1 : 0, ...secret.map((byte) => byte ^ MARK));

const claim: Claim = {
  secretOf: ({ proof }) =>
    proof[0] === 1 ? proof.subarray(1).map((byte) => byte ^ MARK) : undefined,
  proves: (secret, { proof }) => secret.every((byte, at) => proof[at + 1] === (byte ^ MARK)),
};

/** What a server says to the first body on a pipe. */
class Server {
  readonly endpoint = new Endpoint(0, {});
  private handle = 0;
  readonly bodies: Body[] = [];

  hand(bytes: Uint8Array, by?: Claim): boolean {
    const session = this.endpoint.handlePipe(0, ++this.handle, bytes, ORIGIN, by);
    this.drain();
    this.endpoint.handleTimeout(0);
    this.drain();
    return session !== undefined;
  }

  drain(): void {
    for (let out = this.endpoint.poll(); out.kind !== "timeout"; out = this.endpoint.poll()) {
      if (out.kind !== "transmit") continue;
      this.bodies.push(readBody(out.body, readHead(out.body, 65_536), NONCE));
    }
  }

  get last(): Body | undefined {
    return this.bodies.at(-1);
  }
}

/** The first body of a new client's pipe. */
function firstBody(by: Prove | undefined, side: RequestSide = newSide()): Uint8Array {
  const link = side.openPipe(0, by);
  side.handleTimeout(0);
  for (let out = side.poll(); out.kind !== "timeout"; out = side.poll()) {
    if (out.kind === "transmit" && out.handle === link) return out.body;
  }
  throw new Error("nothing was said");
}

function newSide(): RequestSide {
  return new RequestSide(0, { nonce: NONCE, secret: SECRET }, { requests: "none" });
}

/** A client that the server has let in by a proof. */
function admitted(server: Server): RequestSide {
  const side = newSide();
  server.hand(firstBody(prove, side), claim);
  const greeting = { channelWindows: [], channelsBlocked: [], numbered: [], ...server.last };
  const options = { direction: 1, checksum: "xxh32", sessionId: NONCE } as const;
  side.handlePipeBody(0, 1, encodeBody(greeting, options));
  while (side.poll().kind !== "timeout");
  expect(side.state).toBe("open");
  return side;
}

describe("a pipe's first body", () => {
  test("has the proof in the place of the secret, and says whether the session is being opened", () => {
    const seen: boolean[] = [];
    const client = new Dialogue().open();
    client.side.openPipe(0, (what) => {
      expect([what.sessionId, what.secret]).toEqual([NONCE, SECRET]);
      // It gets copies.
      what.secret.fill(0);
      seen.push(what.isOpening);
      return new Uint8Array(20).fill(9);
    });
    const bytes = firstBody((what) => {
      seen.push(what.isOpening);
      return prove(what);
    });
    expect(seen).toEqual([false, true]);
    expect(readHead(bytes, 65_536).address?.proof).toEqual(
      Uint8Array.of(1, ...SECRET.map((byte) => byte ^ MARK)),
    );
    client.tick();
    expect(client.last.body.request).toBeDefined();
  });

  test("[ADDR-1] takes proofs of 16 to 64 bytes", () => {
    for (const length of [15, 65]) {
      expect(() => newSide().openPipe(0, () => new Uint8Array(length))).toThrow(
        `option_invalid: proof.length is ${length}`,
      );
    }
    expect(newSide().openPipe(0, () => new Uint8Array(64))).toBe(1);
  });
});

describe("a server", () => {
  test("[OPEN-3] learns the secret of a session that opens, and knows it by requests too", () => {
    const server = new Server();
    expect(server.hand(firstBody(prove), claim)).toBe(true);
    expect([...server.endpoint.sessions.values()][0]?.secret).toEqual(SECRET);
    expect(server.hand(firstBody(undefined))).toBe(true);
  });

  test("[OPEN-3] opens nothing by a proof that does not bring the secret", () => {
    const server = new Server();
    const onlyKnows: Prove = (what) => prove({ ...what, isOpening: false });
    expect(server.hand(firstBody(onlyKnows), claim)).toBe(false);
    expect(server.last?.unknown).toEqual(NONCE);
    expect(server.endpoint.sessions.size).toBe(0);
  });

  test("[OPEN-3] lets nobody in whose proof is wrong, nor who says the secret where it is proved", () => {
    const server = new Server();
    const side = admitted(server);
    const wrong: Prove = (what) => prove({ ...what, secret: new Uint8Array(16).fill(8) });
    for (const by of [wrong, () => SECRET, undefined]) {
      expect(server.hand(firstBody(by, side), claim)).toBe(false);
      expect(server.last?.unknown).toEqual(NONCE);
    }
    const right = firstBody(prove, side);
    expect(readHead(right, 65_536).address?.proof[0]).toBe(0);
    expect(server.endpoint.recognise(right)).toBeUndefined();
    expect(server.endpoint.recognise(right, claim)).toBeDefined();
    expect(server.hand(right, claim)).toBe(true);
  });

  test("[END-6] tells the end of a session to who proves that it was theirs", () => {
    const server = new Server();
    const side = admitted(server);
    server.endpoint.abortAll(0, 7, "enough");
    server.drain();
    server.hand(firstBody(prove, side), claim);
    expect(server.last?.ended?.code).toBe(7);
    server.hand(
      firstBody(() => SECRET, side),
      claim,
    );
    expect(server.last?.unknown).toEqual(NONCE);
  });
});
