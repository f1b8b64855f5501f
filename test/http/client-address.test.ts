import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientAddressReader, type TrustProxy } from "../../src/http/client-address.ts";

function read(trustProxy: TrustProxy, socket: string | undefined, forwarded?: string): string {
  return clientAddressReader(trustProxy)(socket, forwarded).address;
}

describe("[HTTP-10] the client's address", () => {
  it("is that of the socket, whatever a header says, while no proxy is trusted", () => {
    expect(read(false, "192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
    expect(read(0, "192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
    expect(read([], "192.0.2.1", "198.51.100.7")).toBe("192.0.2.1");
    expect(clientAddressReader(false)("192.0.2.1", "x").isProxied).toBe(false);
  });

  it("is one spelling of IPv4, and the /64 of IPv6", () => {
    expect(read(false, "::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(read(false, "::FFFF:C000:0201")).toBe("192.0.2.1");
    expect(read(false, "2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::/64");
    expect(read(false, "2001:db8::ffff:ffff:ffff:ffff")).toBe("2001:db8::/64");
    expect(read(false, "2001:db8:0:1::1")).toBe("2001:db8:0:1::/64");
    expect(read(false, "fe80::1%eth0")).toBe("fe80::/64");
    expect(read(false, "::1")).toBe("::/64");
  });

  it("is empty when it is unknown", () => {
    expect(read(false, undefined)).toBe("");
    expect(read(false, "/run/server.sock")).toBe("");
  });

  it("is found behind a stated number of proxies, counted from the right", () => {
    const forwarded = "spoofed, 192.0.2.9, 198.51.100.7";
    expect(read(1, "10.0.0.1", forwarded)).toBe("198.51.100.7");
    expect(read(2, "10.0.0.1", forwarded)).toBe("192.0.2.9");
    expect(read(2, "10.0.0.1", "198.51.100.7")).toBe("198.51.100.7");
    expect(read(1, undefined, "198.51.100.7")).toBe("198.51.100.7");
    expect(read(1, "10.0.0.1")).toBe("10.0.0.1");
  });

  it("is the first from the right that is no trusted proxy", () => {
    const trusted = ["10.0.0.0/8", "2001:db8:ffff::/48", "192.0.2.1"];
    expect(read(trusted, "10.0.0.1", "203.0.113.5, 198.51.100.7")).toBe("198.51.100.7");
    expect(read(trusted, "10.0.0.1", "198.51.100.7, 192.0.2.1, 2001:db8:ffff::1")).toBe(
      "198.51.100.7",
    );
    expect(read(trusted, "::ffff:10.0.0.1", "::ffff:192.0.2.1, 10.1.1.1")).toBe("192.0.2.1");
    expect(read(trusted, "192.0.2.2", "198.51.100.7")).toBe("192.0.2.2");
    expect(read(["::ffff:10.0.0.0/104"], "10.9.9.9", "198.51.100.7")).toBe("198.51.100.7");
    expect(read(["::/0"], "10.9.9.9", "198.51.100.7")).toBe("10.9.9.9");
  });

  it("may stand with a port, in brackets, in quotes of blanks", () => {
    expect(read(1, "10.0.0.1", " 198.51.100.7:4711 ")).toBe("198.51.100.7");
    expect(read(1, "10.0.0.1", "[2001:db8::7]:4711")).toBe("2001:db8::/64");
    expect(read(1, "10.0.0.1", "[2001:db8::7]")).toBe("2001:db8::/64");
  });

  it("is that of the socket when what a proxy should have written is no address", () => {
    for (const garbage of [
      "",
      ",",
      "unknown",
      "_hidden",
      "1.2.3",
      "0x7f.1",
      "1",
      "a b",
      "[",
      "999.1.1.1",
    ]) {
      expect(read(1, "10.0.0.1", garbage)).toBe("10.0.0.1");
      expect(read(["10.0.0.0/8"], "10.0.0.1", `198.51.100.7, ${garbage}`)).toBe("10.0.0.1");
      expect(read(1, "10.0.0.1", `${garbage}, 198.51.100.7`)).toBe("198.51.100.7");
    }
  });

  it("never throws, and is never what an untrusted hop wrote further left", () => {
    const piece = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constantFrom("10.0.0.1", "::1"));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => {
        const left = pieces.join(",");
        const address = read(["10.0.0.0/8"], "10.0.0.1", `${left}, 198.51.100.7, 10.0.0.2`);
        expect(address).toBe("198.51.100.7");
        read(["10.0.0.0/8"], "10.0.0.1", left);
        read(2, left, left);
      }),
    );
  });

  it("needs options that make sense", () => {
    for (const wrong of [-1, 1.5, 64, ["10.0.0.0/33"], ["localhost"], [""], ["10.0.0.0/x"]]) {
      expect(() => clientAddressReader(wrong)).toThrow("option_invalid: trustProxy");
    }
  });
});
