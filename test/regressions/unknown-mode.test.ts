// A channel was opened with a mode that there is not. It was accepted, and then could not be
// written: from then on the client could not make any body.

import { expect, test } from "vitest";
import type { DeliveryMode } from "../../src/core/index.ts";
import { HARMLESS, Pair } from "../../src/sim/index.ts";

test("a channel of a mode that there is not is refused, and the session goes on", () => {
  const pair = new Pair({});
  const mode = "best" as DeliveryMode;

  expect(() => pair.command("client", { kind: "open", mode })).toThrow("option_invalid: mode");

  pair.command("client", { kind: "send", channel: 0, bytes: 8 });
  pair.drive(HARMLESS);
  expect(pair.stream("client", 0).receivedCount).toBe(1);
});
