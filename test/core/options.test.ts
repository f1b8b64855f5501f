import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/core/errors.ts";
import {
  checkLiteralOptions,
  checkParkOptions,
  checkRequestOptions,
  checkSessionOptions,
} from "../../src/core/options.ts";
import {
  LITERAL_DEFAULTS,
  PARK_DEFAULTS,
  REQUEST_DEFAULTS,
  SESSION_DEFAULTS,
} from "../../src/core/limits.ts";

describe("options", () => {
  test("have defaults that work together", () => {
    expect(() => {
      checkSessionOptions(SESSION_DEFAULTS);
      checkRequestOptions(REQUEST_DEFAULTS);
      checkParkOptions(PARK_DEFAULTS);
    }).not.toThrow();
  });

  test.each([
    { channelsMax: -1 },
    { channelUnits: 0 },
    { channelBytes: 16_383 },
    { windowMessages: 511 * 256 - 1 },
    { windowBytes: 511 * 16_384 - 1 },
    { messageBytesMax: 1 },
    { assemblyBytesMax: 1 },
    { bodyBytesMax: 32_767 },
    { highWaterBytes: 0 },
    { ackDelayMs: 0.5 },
    { rtoMinMs: NaN },
    { rtoMaxMs: 999 },
    { silenceLimitMs: 25_199 },
    { parkedMax: 65 },
    { unreadableMax: 0 },
    { hold: "recieved" as "received" },
    { consume: "auto" as "automatic" },
  ])("out of bounds are refused by name: %o", (wrong) => {
    const [name] = Object.keys(wrong);

    expect(() => checkSessionOptions({ ...SESSION_DEFAULTS, ...wrong })).toThrow(
      `option_invalid: ${name} is ${String(Object.values(wrong)[0])} and must be`,
    );
  });

  test("say what they may be", () => {
    const messageOf = (wrong: object): string => {
      try {
        checkRequestOptions({ ...REQUEST_DEFAULTS, ...wrong });
      } catch (error) {
        return (error as UsageError).message;
      }
      return "nothing was thrown";
    };

    expect(messageOf({ ackDelayMs: -1 })).toBe(
      "option_invalid: ackDelayMs is -1 and must be an integer from 0 to 10000",
    );
    expect(messageOf({ ackDelayMs: "25" })).toContain("ackDelayMs is 25 and must be an integer");
    expect(messageOf({ consume: undefined })).toBe(
      "option_invalid: consume is undefined and must be automatic or explicit",
    );
    expect(messageOf({ earlyMessages: 1 })).toContain(
      "earlyMessages is 1 and must be true or false",
    );
  });

  test("without channels need no reserves", () => {
    const options = { ...SESSION_DEFAULTS, channelsMax: 0, windowMessages: 256 };

    expect(() => checkSessionOptions({ ...options, windowBytes: 16_384 })).not.toThrow();
    expect(() => checkSessionOptions({ ...options, windowMessages: 255 })).toThrow(UsageError);
    expect(() => checkSessionOptions({ ...options, windowBytes: 16_383 })).toThrow(UsageError);
    // Channel 0 has its reserve all the same.
    const wide = { ...options, channelBytes: 32_768 };
    expect(() => checkSessionOptions({ ...wide, windowBytes: 32_767 })).toThrow("windowBytes");
  });

  test("cannot hold what is consumed without anybody who consumes", () => {
    const options = { ...SESSION_DEFAULTS, hold: "consumed" } as const;

    expect(() => checkSessionOptions(options)).toThrow("option_invalid: hold");
    expect(() => checkSessionOptions({ ...options, consume: "explicit" })).not.toThrow();
  });

  test("of the literal procedure are checked", () => {
    const check = (literal: object) => (): void => {
      checkLiteralOptions({ ...LITERAL_DEFAULTS, ...literal });
    };

    expect(check({})).not.toThrow();
    expect(check({ sendDelayMs: "auto", answerDelayMs: 5 })).not.toThrow();
    expect(check({ bundleMessage: 1 })).toThrow("option_unknown: bundleMessage");
    expect(check({ bundleMessages: 0 })).toThrow("literal.bundleMessages");
    expect(check({ sendDelayMs: -1 })).toThrow("literal.sendDelayMs");
    expect(check({ answerDelayMs: -1 })).toThrow("literal.answerDelayMs");
  });

  test("of one side are checked", () => {
    expect(() => checkRequestOptions({ ...REQUEST_DEFAULTS, carriersMax: 61 })).toThrow(
      "carriersMax",
    );
    expect(() => checkParkOptions({ ...PARK_DEFAULTS, requestsHeldMax: 4 })).toThrow(
      "requestsHeldMax",
    );
  });
});
