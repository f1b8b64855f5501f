import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { RequestSide } from "../../src/core/request-side.ts";
import { STATE_FORMAT } from "../../src/core/snapshot.ts";

test("the format of a saved state is raised with its fields", () => {
  const nonce = new Uint8Array(16);
  const side = new RequestSide(0, { nonce, secret: nonce });
  const channel = side.openChannel(0, nonce, { mode: "latest", ttlMs: 1_000 });
  side.send(0, new Uint8Array(20_000));
  side.send(0, nonce, channel, 1);
  side.handleTimeout(0);
  while (side.poll().kind !== "timeout");
  side.send(0, nonce, channel, 1);

  const fields = side.save().nodes.flatMap((node) => {
    if (node.kind !== "object") return [];
    return node.fields.map(([name]) => `${node.of} ${name}`);
  });
  const names = [...new Set(fields)].toSorted().join();

  expect(STATE_FORMAT).toBe(createHash("sha256").update(names).digest("hex").slice(0, 8));
});
