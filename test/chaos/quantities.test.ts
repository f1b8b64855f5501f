import { describe, expect, it } from "vitest";
import {
  ChaosError,
  formatAddress,
  parseAddress,
  parseDuration,
  parseInterval,
  parseProbability,
} from "../../src/chaos/index.ts";

/** The code of the `ChaosError` that `run` throws; fails if it throws none. */
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ChaosError) return error.code;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("quantities", () => {
  it("are durations with a unit", () => {
    const texts = ["500ms", "1s", "1.5s", "2m", "2min", "1h", "0", "0s", " 1 s "];
    expect(texts.map(parseDuration)).toEqual([
      500, 1_000, 1_500, 120_000, 120_000, 3_600_000, 0, 0, 1_000,
    ]);
    for (const text of ["", "5", "s", "-1s", "1d", "1e3s", "25000h", "1s1s", "Infinity"]) {
      expect(codeOf(() => parseDuration(text))).toBe("duration_invalid");
    }
  });

  it("are intervals: durations, or rates", () => {
    const texts = ["1s", "2/s", "30/m", "0.5/s", "1/h", "1000/s"];
    expect(texts.map(parseInterval)).toEqual([1_000, 500, 2_000, 2_000, 3_600_000, 1]);
    for (const text of ["", "0", "0s", "0/s", "2/", "/s", "2000/s", "2", "often"]) {
      expect(codeOf(() => parseInterval(text))).toBe("interval_invalid");
    }
  });

  it("are probabilities: percentages, or numbers from 0 to 1", () => {
    const texts = ["5%", "100%", "0%", "0.5%", "0.05", ".5", "1", "0"];
    expect(texts.map(parseProbability)).toEqual([0.05, 1, 0, 0.005, 0.05, 0.5, 1, 0]);
    for (const text of ["", "5", "101%", "-1%", "%", "1.01", "NaN", "5%%"]) {
      expect(codeOf(() => parseProbability(text))).toBe("probability_invalid");
    }
  });

  it("are addresses: a port of this machine, or a host with a port", () => {
    const texts = ["8080", "example.org:80", "[::1]:80", "http://example.org:80/", "0.0.0.0:0"];
    expect(texts.map((text) => formatAddress(parseAddress(text)))).toEqual([
      "127.0.0.1:8080",
      "example.org:80",
      "[::1]:80",
      "example.org:80",
      "0.0.0.0:0",
    ]);
    const wrong = [
      "",
      "example.org",
      "65536",
      ":80",
      "a b:80",
      "https://a:443",
      "a:80/path",
      "::1:80",
    ];
    for (const text of [...wrong, "user@a:80", "a:-1"]) {
      expect(codeOf(() => parseAddress(text))).toBe("address_invalid");
    }
  });
});
