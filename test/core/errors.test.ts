import { describe, expect, test } from "vitest";
import {
  assert,
  InvariantError,
  isDamage,
  ProtocolError,
  protocolCode,
  UsageError,
} from "../../src/core/errors.ts";

describe("errors", () => {
  test("say whose fault they are, and which", () => {
    expect(new ProtocolError("ack_unsent")).toMatchObject({
      name: "ProtocolError",
      code: "ack_unsent",
    });
    expect(new UsageError("buffer_full").message).toBe("buffer_full");
    expect(new UsageError("option_invalid", "ttlMs").message).toBe("option_invalid: ttlMs");
    expect(() => assert(false, "stated")).toThrow(new InvariantError("stated"));
  });

  test("of other kinds are not taken for the peer's", () => {
    expect(protocolCode(new ProtocolError("part_invalid"))).toBe("part_invalid");
    expect(() => protocolCode(new InvariantError("bug"))).toThrow("bug");
  });

  test("[ERR-2] that damage explains are no evidence", () => {
    expect(isDamage("truncated")).toBe(true);
    expect(isDamage("body_too_large")).toBe(true);
    expect(isDamage("ack_unsent")).toBe(false);
  });
});
