/**
 * Quantities as people write them: durations (`500ms`), intervals (`1s` or `2/s`), probabilities
 * (`5%`) and addresses (`127.0.0.1:8080`). Each throws a `ChaosError` that says what it expected.
 */
import { ChaosError } from "./errors.ts";
import { DURATION_MS_MAX } from "./limits.ts";

/** Where something listens. */
export interface Address {
  /** A name, an IPv4 address, or an IPv6 one without brackets. */
  readonly host: string;
  /** 0 to 65,535. */
  readonly port: number;
}

/** Milliseconds in each unit of time that is understood. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** `500ms`, `1s`, `1.5s`, `2m`, `2min`, `1h`; a bare `0` needs no unit. */
export function parseDuration(text: string): number {
  if (text.trim() === "0") return 0;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)$/.exec(text.trim());
  const durationMs = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? Number.NaN);
  if (!(durationMs <= DURATION_MS_MAX)) {
    throw new ChaosError(
      "duration_invalid",
      `"${text}" is not a duration: use 500ms, 1.5s, 2m or 1h (24 days at most)`,
    );
  }
  return durationMs;
}

/** The time between two events: a duration, or a rate such as `2/s`, `30/m` or `1/h`. */
export function parseInterval(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*\/\s*(s|m|min|h)$/.exec(text.trim());
  const intervalMs = match
    ? (UNIT_MS[match[2] ?? ""] ?? Number.NaN) / Number(match[1])
    : durationOrNaN(text);
  // Timers of the host have a resolution of 1 ms.
  if (!(intervalMs >= 1 && intervalMs <= DURATION_MS_MAX)) {
    throw new ChaosError(
      "interval_invalid",
      `"${text}" is neither a duration of 1ms or more, such as 500ms, nor a rate, such as 2/s`,
    );
  }
  return intervalMs;
}

function durationOrNaN(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** `5%`, `0.5%`, or a number from 0 to 1. */
export function parseProbability(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*(%?)$/.exec(text.trim());
  const probability = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1);
  if (!(probability <= 1)) {
    throw new ChaosError(
      "probability_invalid",
      `"${text}" is not a probability: use 0% to 100%, or a number from 0 to 1`,
    );
  }
  return probability;
}

/**
 * `8080`, `host:8080`, `[::1]:8080`, or any of these with `http://` in front. A port alone means
 * this machine (127.0.0.1). Port 0 is left to the caller to judge.
 */
export function parseAddress(text: string): Address {
  const bare = text
    .trim()
    .replace(/^http:\/\//, "")
    .replace(/\/$/, "");
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]@]+)):)?(\d{1,5})$/.exec(bare);
  const port = Number(match?.[3]);
  if (!(port <= 65_535)) {
    throw new ChaosError(
      "address_invalid",
      `"${text}" is not an address: use a port, host:port or [IPv6]:port`,
    );
  }
  return { host: match?.[1] ?? match?.[2] ?? "127.0.0.1", port };
}

/** The way back: what `parseAddress` reads. */
export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
