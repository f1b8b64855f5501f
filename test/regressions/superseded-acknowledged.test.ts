import { expect, test } from "vitest";
import { Dialogue } from "../core/scripted-server.ts";

// A tab was duplicated; the copy went on from the saved state and sent. A late request of the first
// tab was answered with SUPERSEDED and with the acknowledgement of what the copy had sent. The first
// tab took that for its own: it ended as `protocol`, for a seq that it had never sent, or believed
// that the server held a message of its own under the same number.
const OF_THE_OTHER = { receivedThrough: 1, heldThrough: 1, ranges: [] };

test("[INC-2] a superseded client says so when the other one's messages are acknowledged to it", () => {
  const client = new Dialogue().open();

  client.answer(2, { superseded: 2, ack: OF_THE_OTHER });

  expect(client.ended).toMatchObject({ reason: "superseded", by: "peer" });
});

test("[INC-2] a superseded client does not take such an acknowledgement for its own message's", () => {
  const client = new Dialogue().open();
  client.send("never arrived");
  client.tick();

  client.answer(2, { superseded: 2, ack: OF_THE_OTHER });

  expect(client.ended?.reason).toBe("superseded");
  expect(client.ended?.unknown).toHaveLength(1);
});
