import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { RequestSide } from "../../src/core/request-side.ts";
import { STATE_FORMAT } from "../../src/core/snapshot.ts";

/** Object, arrays, maps, sets and floats come before the classes of the core. */
const BUILT_IN = 5;

test("the format of a saved state is raised with its fields", () => {
  const nonce = new Uint8Array(16);
  const side = new RequestSide(0, { nonce, secret: nonce });
  const channel = side.openChannel(0, nonce, { mode: "latest", ttlMs: 1_000 });
  side.offerPipe(0, nonce);
  side.send(0, new Uint8Array(20_000));
  side.send(0, nonce, channel, 1);
  side.handleTimeout(0);
  while (side.poll().kind !== "timeout");
  side.send(0, nonce, channel, 1);

  const fields = side.save(0).nodes.flatMap((node) => {
    // Of objects every other part is the name of a field.
    if (node instanceof Uint8Array || (node.of > 0 && node.of < BUILT_IN)) return [];
    return node.parts.filter((_, at) => at % 2 === 0).map((name) => `${node.of} ${String(name)}`);
  });
  const names = [...new Set(fields)].toSorted().join();

  expect(STATE_FORMAT).toBe(createHash("sha256").update(names).digest("hex").slice(0, 8));
});
