// Without channels, a window smaller than one channel's reserve was accepted as an option, and then
// stopped the session by an assertion: channel 0, which is always there, has its reserve too.

import { expect, test } from "vitest";
import { RequestSide, UsageError } from "../../src/core/index.ts";

test("a session's window below the reserve of channel 0 is refused as an option", () => {
  const nonce = new Uint8Array(16);
  const options = { channelsMax: 0, channelBytes: 32_768, windowBytes: 16_384 };

  expect(() => new RequestSide(0, { nonce, secret: nonce }, options)).toThrow(UsageError);
});
