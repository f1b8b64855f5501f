/**
 * The preambles of a TCP connection, and what follows from them: how a client proves its session's
 * secret without saying it, and how its server judges that. spec tcp 2 and 3. No socket is touched
 * here.
 *
 * Invariant: an `OwnPreamble` is used for one connection, so that a key seals one secret at most
 * [TCP-4].
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { type Address, type Claim, NONCE_BYTES, type Prove } from "../core/index.ts";

/** What a preamble begins with, in ASCII. */
const MAGIC: Uint8Array = new TextEncoder().encode("holdfast");

/** The version of the binding, the byte behind the magic. */
const TCP_VERSION = 1;

const HEAD_BYTES: number = MAGIC.length + 1;
const KEY_BYTES = 32;
const PREAMBLE_NONCE_BYTES = 32;

/** Bytes of a preamble: 73. */
export const PREAMBLE_BYTES: number = HEAD_BYTES + KEY_BYTES + PREAMBLE_NONCE_BYTES;

/** What a raw X25519 key lacks of a SubjectPublicKeyInfo: RFC 8410 section 4. */
const SPKI_HEAD: Uint8Array = Buffer.from("302a300506032b656e032100", "hex");

/** The first byte of a proof. */
const BY_MAC = 1;
const BY_SEAL = 2;

const MAC_BYTES = 32;
const SEAL_CIPHER = "aes-256-gcm";
const SEAL_KEY_BYTES = 32;
const SEAL_TAG_BYTES = 16;
/** The key is drawn for this one use, so the nonce need not differ. */
const SEAL_NONCE: Uint8Array = new Uint8Array(12);

const TRANSCRIPT_LABEL = "holdfast tcp 1 transcript";
const SEAL_LABEL = "holdfast tcp 1 seal";
const PROOF_LABEL = "holdfast tcp 1 proof";

/** Why a preamble is none. Stable. */
export type PreambleFault =
  /** Whoever speaks there speaks something else. */
  | "tcp_malformed"
  /** Another version of the binding. */
  | "tcp_version";

/** This side's preamble, and what only this side knows of it. */
export interface OwnPreamble {
  readonly bytes: Uint8Array;
  readonly privateKey: KeyObject;
}

/** Draws a key and a nonce, for one connection [TCP-2]. */
export function drawPreamble(): OwnPreamble {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const spki = publicKey.export({ type: "spki", format: "der" });
  const nonce = randomBytes(PREAMBLE_NONCE_BYTES);
  const key = spki.subarray(SPKI_HEAD.length);
  const bytes = Buffer.concat([MAGIC, Uint8Array.of(TCP_VERSION), key, nonce]);
  return { bytes, privateKey };
}

/** Takes the other side's preamble out of the pieces in which it comes. */
export class PreambleReader {
  readonly bytes: Uint8Array = new Uint8Array(PREAMBLE_BYTES);
  private filled = 0;

  /** Whether it has come whole. */
  get isWhole(): boolean {
    return this.filled === PREAMBLE_BYTES;
  }

  /**
   * Takes what belongs to it; returns the rest, which is empty before it is whole, or what is wrong:
   * that is found at the first byte that is.
   */
  push(piece: Uint8Array): Uint8Array | PreambleFault {
    const taken = piece.subarray(0, PREAMBLE_BYTES - this.filled);
    this.bytes.set(taken, this.filled);
    this.filled += taken.length;
    const magicBytes = Math.min(this.filled, MAGIC.length);
    for (let at = 0; at < magicBytes; at++) {
      if (this.bytes[at] !== MAGIC[at]) return "tcp_malformed";
    }
    const hasVersion = this.filled >= HEAD_BYTES;
    if (hasVersion && this.bytes[MAGIC.length] !== TCP_VERSION) return "tcp_version";
    return piece.subarray(taken.length);
  }
}

/** What both sides make of the two preambles. */
export class Agreement {
  private readonly transcript: Uint8Array;
  private readonly sealKey: Uint8Array;

  /** @throws Error for a key that is no good one: whoever sent it knows nothing by it. */
  constructor(own: OwnPreamble, client: Uint8Array, server: Uint8Array) {
    const isClient = own.bytes === client;
    const theirs = isClient ? server : client;
    const raw = theirs.subarray(HEAD_BYTES, HEAD_BYTES + KEY_BYTES);
    const key = Buffer.concat([SPKI_HEAD, raw]);
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey });
    const hash = createHash("sha256").update(TRANSCRIPT_LABEL).update(client).update(server);
    this.transcript = hash.digest();
    const sealKey = hkdfSync("sha256", shared, this.transcript, SEAL_LABEL, SEAL_KEY_BYTES);
    this.sealKey = new Uint8Array(sealKey);
  }

  /** For the client's `openPipe` [TCP-3]. */
  get prove(): Prove {
    return ({ sessionId, secret, isOpening }) => {
      const proof = isOpening ? this.seal(sessionId, secret) : this.mac(sessionId, secret);
      return Buffer.concat([Uint8Array.of(isOpening ? BY_SEAL : BY_MAC), proof]);
    };
  }

  /** For the server's `handlePipe` [TCP-6]. */
  get claim(): Claim {
    return {
      secretOf: (address) => this.unseal(address),
      proves: (secret, address) => this.proves(secret, address),
    };
  }

  private proves(secret: Uint8Array, address: Address): boolean {
    const { sessionId, proof } = address;
    const isMac = proof[0] === BY_MAC;
    const given = isMac ? proof.subarray(1) : this.unseal(address);
    const expected = isMac ? this.mac(sessionId, secret) : secret;
    // Of a MAC the length is known to everybody; of a secret whoever has sealed it knows it.
    return given?.length === expected.length && timingSafeEqual(given, expected);
  }

  private mac(sessionId: Uint8Array, secret: Uint8Array): Uint8Array {
    const hmac = createHmac("sha256", secret).update(PROOF_LABEL).update(this.transcript);
    const mac = hmac.update(sessionId).digest();
    return mac.subarray(0, MAC_BYTES);
  }

  private seal(sessionId: Uint8Array, secret: Uint8Array): Uint8Array {
    const cipher = createCipheriv(SEAL_CIPHER, this.sealKey, SEAL_NONCE).setAAD(sessionId);
    return Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  }

  private unseal({ sessionId, proof }: Address): Uint8Array | undefined {
    const sealedBytes = proof.length - 1 - SEAL_TAG_BYTES;
    if (proof[0] !== BY_SEAL || sealedBytes < NONCE_BYTES) return undefined;
    const options = { authTagLength: SEAL_TAG_BYTES };
    const decipher = createDecipheriv(SEAL_CIPHER, this.sealKey, SEAL_NONCE, options);
    decipher.setAAD(sessionId).setAuthTag(proof.subarray(1 + sealedBytes));
    try {
      return Buffer.concat([decipher.update(proof.subarray(1, 1 + sealedBytes)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}
