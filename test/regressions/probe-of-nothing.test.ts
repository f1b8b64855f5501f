// Messages wait for a window, and are dropped by a reset while no request may leave: the timer that
// was to ask about the window stayed armed, and brought about a request with nothing to say.

import { expect, test } from "vitest";
import { checkSide, Pair } from "../../src/sim/index.ts";
import { resetting } from "../sim/configurations.ts";

test("nothing asks for a window when what waited for it is gone", () => {
  const pair = new Pair(resetting(2, { losses: 2 }));
  for (const label of [
    "request 1 is lost, and the client sees an error",
    "request 2 is lost, and the client sees an error",
    "client: open",
    "client: send",
    "client: send",
    "client: reset",
  ]) {
    const step = pair.steps().find((each) => each.label === label);
    expect(step?.label).toBe(label);
    if (step !== undefined) pair.apply(step);
  }

  expect(pair.wakeAt.client.timer).not.toBe("probe");
  expect(() => checkSide(pair, "client")).not.toThrow();
});
