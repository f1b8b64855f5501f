// A self-signed certificate for 127.0.0.1, made when a test needs it, so that no private key lies
// in the repository and none runs out. DER by hand (X.690); the fields are those of RFC 5280.

import { generateKeyPairSync, sign } from "node:crypto";

/** One DER element. */
function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.byteLength;
  const length = size < 128 ? [size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const time = (text: string): Buffer => der(0x18, Buffer.from(text));
const octets = (content: Uint8Array): Buffer => der(0x04, content);

/** PEM texts for `tls.createServer`; the certificate is its own authority. */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = sequence(identifier("2a8648ce3d040302"));
  const commonName = sequence(identifier("550403"), der(0x0c, Buffer.from("holdfast test")));
  const name = sequence(der(0x31, commonName));
  const address = der(0x87, Buffer.from([127, 0, 0, 1]));
  const isAuthority = sequence(der(0x01, Buffer.from([255])));
  const extensions = sequence(
    sequence(identifier("551d11"), octets(sequence(address))),
    sequence(identifier("551d13"), der(0x01, Buffer.from([255])), octets(isAuthority)),
  );
  const certificate = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    sequence(time("20200101000000Z"), time("99991231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", certificate, privateKey));
  const base64 = sequence(certificate, ecdsaWithSha256, signature).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
  };
}
