// The vectors of the TCP binding, which another implementation of spec/tcp.md has made.

import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Agreement, PreambleReader } from "../../src/tcp/handshake.ts";
import { fromHex, toHex } from "../vectors/hex.ts";

interface Vector {
  readonly name: string;
  readonly clientKey: string;
  readonly serverKey: string;
  readonly clientPreamble: string;
  readonly serverPreamble: string;
  readonly sessionId: string;
  readonly secret: string;
  readonly proof: string;
  readonly openingProof: string;
}

const file = new URL("../../spec/vectors/tcp.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly Vector[];

/** What a raw key lacks of PKCS #8: RFC 8410 section 7. */
const PKCS8_HEAD = "302e020100300506032b656e04220420";

function agreementOf(
  { clientPreamble, serverPreamble, ...keys }: Vector,
  isClient: boolean,
): Agreement {
  const client = fromHex(clientPreamble);
  const server = fromHex(serverPreamble);
  const key = Buffer.from(PKCS8_HEAD + (isClient ? keys.clientKey : keys.serverKey), "hex");
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  const own = { bytes: isClient ? client : server, privateKey };
  return new Agreement(own, client, server);
}

describe("the vectors of TCP", () => {
  test("are some", () => {
    expect(vectors.length).toBeGreaterThanOrEqual(3);
  });

  test.each(vectors)("[TCP-3] [TCP-6] $name", (vector) => {
    for (const preamble of [vector.clientPreamble, vector.serverPreamble]) {
      expect(new PreambleReader().push(fromHex(preamble))).toEqual(new Uint8Array(0));
    }
    const [sessionId, secret] = [fromHex(vector.sessionId), fromHex(vector.secret)];
    const { prove } = agreementOf(vector, true);
    const proofs = [false, true].map((isOpening) => {
      return toHex(new Uint8Array(prove({ sessionId, secret, isOpening })));
    });
    expect(proofs).toEqual([vector.proof, vector.openingProof]);

    const { claim } = agreementOf(vector, false);
    const address = (proof: string) => {
      return { sessionId, proof: fromHex(proof), incarnation: 1, link: 1 };
    };
    expect(claim.proves(secret, address(vector.proof))).toBe(true);
    expect(toHex(new Uint8Array(claim.secretOf(address(vector.openingProof)) ?? []))).toBe(
      vector.secret,
    );
  });
});
