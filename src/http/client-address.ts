/**
 * Who sent a request, for limits by address (spec http 3 [HTTP-10]). Without `trustProxy` it is the
 * address of the socket. With it, X-Forwarded-For is read from its right end, where the nearest
 * proxy wrote, for as long as the hops are trusted: what stands further left was sent by the client
 * and may say anything.
 *
 * Only X-Forwarded-For is read. A proxy that writes one of it and `Forwarded` hands the other on
 * as the client sent it, so that a server which reads both believes the client.
 */
import ipaddr from "ipaddr.js";
import { UsageError } from "../core/index.ts";

/**
 * Which hops in front of the server are proxies of one's own.
 *
 * - `false`: none; the socket's address is the client's.
 * - a number: exactly so many. If there are fewer in truth, clients can choose their address.
 * - addresses and CIDR ranges (`"10.0.0.0/8"`, `"::1"`): the first hop from the right that is in
 *   none of them is the client. A socket without an address (a Unix socket) is in none: say how
 *   many hops there are instead.
 */
export type TrustProxy = false | number | readonly string[];

export interface ClientAddress {
  /**
   * What limits count as one address: an IPv4 address, or the /64 of an IPv6 one
   * (`2001:db8:0:1::/64`), as a single customer has at least so many addresses. Empty when unknown.
   */
  readonly address: string;
  /** The socket's other end is a trusted proxy, whose word on the request's host may be taken. */
  readonly isProxied: boolean;
}

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [IpAddress, number];
type Trust = (address: IpAddress | undefined, hop: number) => boolean;

/** Most hops that are looked at; a path through more proxies than this does not exist. */
const HOPS_MAX = 64;

/** @throws UsageError `option_invalid` */
export function clientAddressReader(
  trustProxy: TrustProxy,
): (socketAddress: string | undefined, forwardedFor: string | undefined) => ClientAddress {
  const isTrusted = trustOf(trustProxy);
  let last: { text: string; socket: IpAddress | undefined; key: string } | undefined;
  return (socketAddress, forwardedFor) => {
    const own = socketAddress ?? "";
    // Behind a proxy it is always the same, and of a busy client it is for a while.
    if (last?.text !== own) {
      const parsed = parseAddress(own);
      last = { text: own, socket: parsed, key: keyOf(parsed) };
    }
    const { socket, key } = last;
    const isProxied = isTrusted(socket, 0);
    if (!isProxied || forwardedFor === undefined) return { address: key, isProxied };
    const hops = forwardedFor.split(",").slice(-HOPS_MAX).toReversed();
    for (const [place, text] of hops.entries()) {
      const address = parseAddress(text);
      // Something that no proxy writes: nothing here can be believed.
      if (address === undefined) break;
      const isLast = place === hops.length - 1;
      if (isLast || !isTrusted(address, place + 1)) return { address: keyOf(address), isProxied };
    }
    return { address: key, isProxied };
  };
}

function trustOf(trustProxy: TrustProxy): Trust {
  if (trustProxy === false) return () => false;
  if (typeof trustProxy === "number") {
    if (!(Number.isSafeInteger(trustProxy) && trustProxy >= 0 && trustProxy < HOPS_MAX)) {
      throw new UsageError("option_invalid", "trustProxy");
    }
    return (_address, hop) => hop < trustProxy;
  }
  const ranges = trustProxy.map(parseRange);
  return (address) => address !== undefined && ranges.some((range) => isWithin(address, range));
}

function isWithin(address: IpAddress, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

function parseRange(text: string): Range {
  try {
    const [address, bits] = text.includes("/") ? ipaddr.parseCIDR(text) : [ipaddr.parse(text), 128];
    if (!(address instanceof ipaddr.IPv6)) return [address, Math.min(bits, 32)];
    if (!address.isIPv4MappedAddress() || bits < 96) return [address, bits];
    return [address.toIPv4Address(), bits - 96];
  } catch {
    throw new UsageError("option_invalid", `trustProxy: ${text}`);
  }
}

/** An address with or without a port, brackets or a zone; undefined when it is none. */
function parseAddress(text: string): IpAddress | undefined {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](?::\d{1,5})?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/, "$1");
  // The forms of four decimal parts only: `0x7f.1` is not how an address is written in a header.
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  if (!ipaddr.IPv6.isValid(bare)) return undefined;
  return ipaddr.process(bare);
}

function keyOf(address: IpAddress | undefined): string {
  if (address === undefined) return "";
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  const network = new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]);
  return `${network.toRFC5952String()}/64`;
}
