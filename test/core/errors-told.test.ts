// What an error tells the one who meets it: its name, its stable code, and in its message the
// detail that leads to the line at fault.

import { describe, expect, test } from "vitest";
import {
  InvariantError,
  isDamage,
  ProtocolError,
  type ProtocolErrorCode,
  UsageError,
} from "../../src/core/errors.ts";
import { bytesOf, Dialogue, SERVER_PARAMETERS } from "./scripted-server.ts";

/**
 * Every code: whether a body can be accused of it before its checksum agreed, so that it may be
 * damage on the way. If not, only a peer can do it wrong.
 */
const IS_DAMAGE = {
  truncated: true,
  length_mismatch: true,
  checksum_mismatch: true,
  misdelivered: true,
  version_unknown: true,
  head_reserved: true,
  checksum_missing: true,
  address_missing: true,
  address_invalid: true,
  body_too_large: true,
  integer_not_minimal: false,
  integer_too_large: false,
  frame_unknown: false,
  frame_order: false,
  frame_direction: false,
  range_invalid: false,
  count_invalid: false,
  length_invalid: false,
  parameter_invalid: false,
  mode_invalid: false,
  messages_too_many: false,
  ack_unsent: false,
  window_exceeded: false,
  channel_unknown: false,
  channel_invalid: false,
  channel_limit: false,
  index_conflict: false,
  part_invalid: false,
  message_too_large: false,
  finish_invalid: false,
  exchange_invalid: false,
  prefix_missing: false,
} as const satisfies Record<ProtocolErrorCode, boolean>;

const CODES = Object.entries(IS_DAMAGE) as [ProtocolErrorCode, boolean][];

describe("an error", () => {
  test.each(CODES)("[ERR-2] of code %s may be damage on the way: %s", (code, mayBeDamage) => {
    expect(isDamage(code)).toBe(mayBeDamage);
  });

  test("goes by the name of its kind", () => {
    const errors = [
      new ProtocolError("truncated"),
      new UsageError("buffer_full"),
      new InvariantError("x"),
    ];

    expect(errors.map(({ name }) => name)).toEqual([
      "ProtocolError",
      "UsageError",
      "InvariantError",
    ]);
  });
});

describe("misuse of a session", () => {
  const small = { opened: { ...SERVER_PARAMETERS, messageBytesMax: 20_000 } };
  const text = bytesOf("a");
  const none = new Uint8Array(0);
  const session = (): Dialogue["side"] => new Dialogue().open(small).side;
  const closing = (): Dialogue["side"] => {
    const side = session();
    side.close(0);
    return side;
  };
  const ended = (): Dialogue["side"] => {
    const side = session();
    side.abort(0);
    return side;
  };

  test.each<[string, () => unknown]>([
    ["session_closed: it is closing", () => closing().send(0, text)],
    ["session_closed: it has ended", () => ended().send(0, text)],
    [
      "message_too_large: 20001 bytes of at most 20000",
      () => session().send(0, new Uint8Array(20_001)),
    ],
    ["key_invalid: only messages of latest have keys", () => session().send(0, text, 0, 1)],
    [
      "key_invalid: -1 is none from 0 to 9007199254740991",
      () => {
        const side = session();
        side.send(0, text, side.openChannel(0, none, { mode: "latest" }), -1);
      },
    ],
    [
      "option_invalid: ttlMs is -1 and must be at least 0",
      () => session().openChannel(0, none, { ttlMs: -1 }),
    ],
    ["option_invalid: mode", () => session().openChannel(0, none, { mode: "sorted" as "ordered" })],
    ["label_too_long", () => session().openChannel(0, new Uint8Array(257))],
    ["state_invalid", () => session().resetChannel(0, 0, 1)],
    ["clock_invalid: NaN", () => session().send(Number.NaN, text)],
  ])("is told as %s", (message, act) => {
    expect(act).toThrow(UsageError);
    expect(act).toThrow(new RegExp(`^${message}$`));
  });

  test("is not what lies on a bound", () => {
    const side = session();
    const latest = side.openChannel(0, new Uint8Array(256), { mode: "latest", ttlMs: 0 });

    expect(side.send(0, text, latest, Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(side.send(0, text, latest, 0)).toBe(true);
    expect(side.send(0, new Uint8Array(20_000))).toBe(true);
  });
});
