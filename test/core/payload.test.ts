import { describe, expect, test } from "vitest";
import { UsageError } from "../../src/core/errors.ts";
import { Dialogue } from "./scripted-server.ts";

describe("what is sent", () => {
  test.each([
    ["text", "hello"],
    ["an array", [1, 2, 300]],
    ["nothing", undefined],
  ])("is bytes: %s is refused and leaves nothing behind", (_name, payload) => {
    const client = new Dialogue().open();

    expect(() => client.side.send(client.nowMs, payload as never)).toThrow(UsageError);
    expect(() => client.side.send(client.nowMs, new Float64Array(2) as never)).toThrow(
      "payload_invalid",
    );
    expect(client.side.bufferedBytes).toBe(0);
    expect(client.side.isFlushed).toBe(true);
  });
});
