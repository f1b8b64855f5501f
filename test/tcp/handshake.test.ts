// Proofs of a secret that is not said: who has it, who has not, and who has heard them before.

import { describe, expect, test } from "vitest";
import type { Address } from "../../src/core/body.ts";
import {
  Agreement,
  drawPreamble,
  type OwnPreamble,
  PREAMBLE_BYTES,
  PreambleReader,
} from "../../src/tcp/handshake.ts";

const sessionId = new Uint8Array(16).fill(3);
const secret = new Uint8Array(32).fill(7);
const other = new Uint8Array(32).fill(8);

interface Sides {
  readonly client: OwnPreamble;
  readonly server: OwnPreamble;
  readonly atClient: Agreement;
  readonly atServer: Agreement;
}

function agreed(): Sides {
  const client = drawPreamble();
  const server = drawPreamble();
  const atClient = new Agreement(client, client.bytes, server.bytes.slice());
  const atServer = new Agreement(server, client.bytes.slice(), server.bytes);
  return { client, server, atClient, atServer };
}

function addressed(proof: Uint8Array, id = sessionId): Address {
  return { sessionId: id, proof, incarnation: 1, link: 1 };
}

function proofBy({ prove }: Agreement, isOpening: boolean, of = secret): Uint8Array {
  return prove({ sessionId, secret: of, isOpening });
}

describe("a proof", () => {
  test("[TCP-3] of a session that is open says nothing of the secret, and shows that it is known", () => {
    const { atClient, atServer } = agreed();
    const proof = proofBy(atClient, false);
    expect([proof.length, proof[0]]).toEqual([33, 1]);
    expect(Buffer.from(proof).includes(Buffer.from(secret.subarray(0, 4)))).toBe(false);
    expect(atServer.claim.proves(secret, addressed(proof))).toBe(true);
    expect(atServer.claim.proves(other, addressed(proof))).toBe(false);
    expect(atServer.claim.secretOf(addressed(proof))).toBeUndefined();
  });

  test("[TCP-3] that opens a session brings the secret to the server, and to nobody else", () => {
    const { atClient, atServer } = agreed();
    const proof = proofBy(atClient, true);
    expect([proof.length, proof[0]]).toEqual([secret.length + 17, 2]);
    expect(Buffer.from(proof).includes(Buffer.from(secret.subarray(0, 4)))).toBe(false);
    const learned = atServer.claim.secretOf(addressed(proof));
    expect(new Uint8Array(learned ?? [])).toEqual(secret);
    expect(atServer.claim.proves(secret, addressed(proof))).toBe(true);
    expect(atServer.claim.proves(other, addressed(proof))).toBe(false);
    // Who has both preambles and neither private key.
    const { client, server } = agreed();
    const eavesdropper = new Agreement(drawPreamble(), client.bytes, server.bytes);
    expect(eavesdropper.claim.secretOf(addressed(proof))).toBeUndefined();
  });

  test.each([true, false])(
    "[TCP-6] is worth nothing on another connection (opening: %s)",
    (isOpening) => {
      const first = agreed();
      const proof = proofBy(first.atClient, isOpening);
      // The client's preamble once more; the server draws another one.
      const server = drawPreamble();
      const second = new Agreement(server, first.client.bytes, server.bytes);
      expect(second.claim.proves(secret, addressed(proof))).toBe(false);
      expect(second.claim.secretOf(addressed(proof))).toBeUndefined();
    },
  );

  test.each([true, false])(
    "[TCP-6] is worth nothing for another session (opening: %s)",
    (isOpening) => {
      const { atClient, atServer } = agreed();
      const proof = proofBy(atClient, isOpening);
      const elsewhere = addressed(proof, new Uint8Array(16).fill(4));
      expect(atServer.claim.proves(secret, elsewhere)).toBe(false);
      expect(atServer.claim.secretOf(elsewhere)).toBeUndefined();
    },
  );

  test("[TCP-6] is refused where a single bit of it differs, is missing or too much", () => {
    const { atClient, atServer } = agreed();
    for (const isOpening of [true, false]) {
      const proof = proofBy(atClient, isOpening);
      const wrong = [proof.subarray(0, -1), Buffer.concat([proof, Uint8Array.of(0)])];
      for (let at = 0; at < proof.length; at++) {
        wrong.push(proof.map((byte, place) => (place === at ? byte ^ 1 : byte)));
      }
      for (const each of [...wrong, new Uint8Array(0), proof.subarray(0, 1), secret]) {
        expect(atServer.claim.proves(secret, addressed(each))).toBe(false);
        expect(atServer.claim.secretOf(addressed(each))).toBeUndefined();
      }
    }
  });

  test("[TCP-6] brings no secret that is shorter than secrets are", () => {
    const { atClient, atServer } = agreed();
    const lengths = [15, 16, 47].map((length) => {
      const proof = proofBy(atClient, true, new Uint8Array(length));
      return atServer.claim.secretOf(addressed(proof))?.length;
    });
    expect(lengths).toEqual([undefined, 16, 47]);
  });

  test("[TCP-2] is not made with a key that gives everybody the same", () => {
    const zero = drawPreamble().bytes.slice();
    zero.fill(0, 9, 41);
    const own = drawPreamble();
    expect(() => new Agreement(own, zero, own.bytes)).toThrow("deriv");
    expect(() => new Agreement(own, own.bytes, zero)).toThrow("deriv");
  });
});

describe("a preamble", () => {
  test("[TCP-2] is drawn anew each time, key and nonce", () => {
    const [first, second] = [drawPreamble().bytes, drawPreamble().bytes];
    expect([first.length, PREAMBLE_BYTES]).toEqual([73, 73]);
    expect(first.subarray(0, 9)).toEqual(second.subarray(0, 9));
    expect(first.subarray(9, 41)).not.toEqual(second.subarray(9, 41));
    expect(first.subarray(41)).not.toEqual(second.subarray(41));
  });

  test("is taken out of any pieces, and what stands behind it is left", () => {
    const bytes = Buffer.concat([drawPreamble().bytes, Uint8Array.of(1, 2, 3)]);
    for (const size of [1, 7, 73, 76]) {
      const reader = new PreambleReader();
      const rest: number[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        const piece = bytes.subarray(at, at + size);
        const left = reader.isWhole ? piece : reader.push(piece);
        if (typeof left === "string") throw new Error(left);
        rest.push(...left);
      }
      expect([reader.isWhole, rest]).toEqual([true, [1, 2, 3]]);
      expect(reader.bytes).toEqual(new Uint8Array(bytes.subarray(0, 73)));
    }
  });

  test.each([
    ["GET / HTTP/1.1", "tcp_malformed"],
    ["h", new Uint8Array(0)],
    ["hx", "tcp_malformed"],
    ["holdfast", new Uint8Array(0)],
    ["holdfast\u0001", new Uint8Array(0)],
    ["holdfast\u0002", "tcp_version"],
    ["\u0016\u0003\u0001", "tcp_malformed"],
  ])("that begins with %j gives %o", (text, result) => {
    expect(new PreambleReader().push(new TextEncoder().encode(text))).toEqual(result);
  });
});
