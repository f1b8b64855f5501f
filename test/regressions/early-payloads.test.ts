// Found by attacking a server whose authentication hangs: 256 openings that each carried a message
// of one byte, in a body of half a megabyte, made it hold 133 MiB instead of 6. What waits for a
// verdict was a view of the body that had brought it, so that the initial grant of 64 KiB bounded
// what was counted, and not what was kept.

import { expect, test } from "vitest";
import type { NumberedFrame } from "../../src/core/body.ts";
import { Bench, bytesOf, messages, ScriptedClient } from "../core/scripted-client.ts";

test("what waits for a verdict keeps no more of its body than its own bytes", () => {
  const bench = new Bench({ authenticate: true });
  const client = new ScriptedClient(bench);
  const label: NumberedFrame = {
    kind: "channel-open",
    seq: 2,
    channel: 2,
    mode: "ordered",
    label: bytesOf("label"),
  };
  // The first copy counts; the others only fill the body.
  const copies = Array.from({ length: 3 }, () => messages(1, "x".repeat(10_000)));
  client.request(1, { open: true, numbered: [messages(1, "m"), ...copies, label] });
  bench.verdict(true);

  const kept = bench.heard.flatMap((output) => (output.kind === "deliver" ? output.payloads : []));
  expect(kept.map((payload) => payload.buffer.byteLength)).toEqual([1]);
});
