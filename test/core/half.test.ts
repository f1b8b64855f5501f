// What both halves share, seen from the request side: commands, misuse, channels, the end.

import { describe, expect, test } from "vitest";
import type { NumberedFrame } from "../../src/core/body.ts";
import { UsageError } from "../../src/core/errors.ts";
import { END_CODES } from "../../src/core/half.ts";
import { PARK_DEFAULTS } from "../../src/core/limits.ts";
import { ParkSide } from "../../src/core/park-side.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import {
  bytesOf,
  Dialogue,
  kindsOf,
  NONCE,
  SECRET,
  SERVER_PARAMETERS,
  textsOf,
} from "./scripted-server.ts";

const NO_BYTES = new Uint8Array();

/** The code of the UsageError that `act` throws. */
function misuse(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof UsageError) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

function inState(state: "open" | "closing" | "ended"): Dialogue {
  const client = new Dialogue();
  client.side.openChannel(0, bytesOf("two"));
  client.open();
  if (state !== "open") client.side.close(0);
  if (state === "ended") client.side.abort(0);
  client.tick();
  return client;
}

describe("misuse", () => {
  test("of credentials is refused", () => {
    const make = (nonce: number, secret: number) => (): RequestSide =>
      new RequestSide(0, { nonce: new Uint8Array(nonce), secret: new Uint8Array(secret) });

    for (const [nonce, secret] of [
      [15, 16],
      [17, 16],
      [16, 15],
      [16, 65],
    ] as const) {
      expect(misuse(make(nonce, secret))).toBe("option_invalid");
    }
    expect(make(16, 64)().state).toBe("opening");
  });

  test("of credentials afterwards does no harm: they are copied", () => {
    const [nonce, secret] = [NONCE.slice(), SECRET.slice()];
    const side = new RequestSide(0, { nonce, secret });
    nonce.fill(0);
    secret.fill(0);

    expect(new Dialogue({}, 0, side).tick()).toHaveLength(1);
  });

  test.each(["closing", "ended"] as const)("is to send or open something while %s", (state) => {
    const { side } = inState(state);

    expect(misuse(() => side.send(0, bytesOf("x")))).toBe("session_closed");
    expect(misuse(() => side.openChannel(0, NO_BYTES))).toBe("session_closed");
    expect(misuse(() => side.close(0))).toBe("session_closed");
  });

  test("is to do anything with a session that has ended", () => {
    const { side } = inState("ended");

    expect(misuse(() => side.abort(0))).toBe("session_closed");
    expect(misuse(() => side.save(0))).toBe("session_closed");
    expect(misuse(() => side.finishChannel(0, 2))).toBe("channel_closed");
    expect(misuse(() => side.resetChannel(0, 2, 1))).toBe("channel_closed");
    expect(misuse(() => side.setTimeToLive(2, 1))).toBe("channel_closed");
  });

  test("is a message on a channel that is not open", () => {
    const { side } = inState("open");
    side.finishChannel(0, 2);

    expect(misuse(() => side.send(0, NO_BYTES, 2))).toBe("channel_closed");
    expect(misuse(() => side.finishChannel(0, 2))).toBe("channel_closed");
  });

  test.each([4, 3, -1, -2, 0.5, Number.NaN, "2" as unknown as number])(
    "is anything with channel %s, which nobody opened",
    (id) => {
      for (const state of ["open", "ended"] as const) {
        const { side } = inState(state);

        expect(misuse(() => side.finishChannel(0, id))).toBe("channel_unknown");
        expect(misuse(() => side.resetChannel(0, id, 1))).toBe("channel_unknown");
        expect(misuse(() => side.setTimeToLive(id, 1))).toBe("channel_unknown");
        expect(misuse(() => side.consume(0, id, 1))).toBe("channel_unknown");
        const sent = state === "open" ? "channel_unknown" : "session_closed";
        expect(misuse(() => side.send(0, NO_BYTES, id))).toBe(sent);
      }
    },
  );

  test("is a clock that is no number, and an option that there is not", () => {
    const { side } = inState("open");
    const credentials = { nonce: NONCE, secret: SECRET };
    const saved = side.save(0);

    for (const nowMs of [Number.NaN, Infinity]) {
      expect(misuse(() => side.send(nowMs, NO_BYTES))).toBe("clock_invalid");
      expect(misuse(() => side.handleTimeout(nowMs))).toBe("clock_invalid");
      expect(misuse(() => side.handleWake(nowMs))).toBe("clock_invalid");
      expect(misuse(() => new RequestSide(nowMs, credentials))).toBe("clock_invalid");
      expect(misuse(() => side.save(nowMs))).toBe("clock_invalid");
      expect(misuse(() => RequestSide.resume(nowMs, saved, 1))).toBe("clock_invalid");
    }
    const misspelt = { holdTime: 5 } as object;
    expect(misuse(() => new RequestSide(0, credentials, misspelt))).toBe("option_unknown");
  });

  test("is to reset a channel twice, or channel 0", () => {
    const { side } = inState("open");
    side.resetChannel(0, 2, 1);

    expect(misuse(() => side.resetChannel(0, 2, 1))).toBe("channel_closed");
    expect(misuse(() => side.resetChannel(0, 0, 1))).toBe("state_invalid");
  });

  test("is a message larger than the peer takes", () => {
    const client = new Dialogue({ messageBytesMax: 40_000 });
    expect(misuse(() => client.side.send(0, new Uint8Array(40_001)))).toBe("message_too_large");
    client.open({ opened: { ...SERVER_PARAMETERS, messageBytesMax: 50_000 } });

    client.side.send(0, new Uint8Array(50_000));
    expect(misuse(() => client.side.send(0, new Uint8Array(50_001)))).toBe("message_too_large");
  });

  test("is more than the buffer may hold, in bytes or in messages", () => {
    const { side } = new Dialogue({ sendBufferBytesMax: 100, highWaterBytes: 50 });
    side.send(0, new Uint8Array(100));
    expect(misuse(() => side.send(0, new Uint8Array(1)))).toBe("buffer_full");

    const other = new Dialogue({ sendBufferMessagesMax: 2 }).side;
    other.send(0, NO_BYTES);
    other.send(0, NO_BYTES);
    expect(misuse(() => other.send(0, NO_BYTES))).toBe("buffer_full");
  });

  test("is a key where the channel has none, or one that is no integer", () => {
    const { side } = inState("open");
    const latest = side.openChannel(0, NO_BYTES, { mode: "latest" });
    side.send(0, NO_BYTES, latest);
    side.send(0, NO_BYTES, latest, 7);

    expect(misuse(() => side.send(0, NO_BYTES, 2, 1))).toBe("key_invalid");
    for (const key of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(misuse(() => side.send(0, NO_BYTES, latest, key))).toBe("key_invalid");
    }
  });

  test("is a label that is too long, or a time to live that is none", () => {
    const { side } = inState("open");

    expect(misuse(() => side.openChannel(0, new Uint8Array(257)))).toBe("label_too_long");
    for (const ttlMs of [-1, Number.NaN, -Infinity]) {
      expect(misuse(() => side.openChannel(0, NO_BYTES, { ttlMs }))).toBe("option_invalid");
    }
    expect(side.openChannel(0, NO_BYTES, { ttlMs: Infinity })).toBe(4);
  });

  test.each([
    [{ channelsMax: 1 }, {}, 1],
    [{}, { channelsMax: 2 }, 2],
  ])("is more channels than either side allows: %o %o", (options, stated, allowed) => {
    const client = new Dialogue(options);
    client.open({ opened: { ...SERVER_PARAMETERS, ...stated } });
    for (let count = 0; count < allowed; count++) client.side.openChannel(0, NO_BYTES);

    expect(misuse(() => client.side.openChannel(0, NO_BYTES))).toBe("channel_limit");
  });

  test("is more than eight channels before the server has answered", () => {
    const { side } = new Dialogue();
    for (let count = 0; count < 8; count++) side.openChannel(0, NO_BYTES);

    expect(misuse(() => side.openChannel(0, NO_BYTES))).toBe("channel_limit");
  });

  test("is to change the time to live after the first message", () => {
    const client = inState("open");
    client.side.setTimeToLive(2, 500);
    client.side.send(0, NO_BYTES, 2);
    expect(misuse(() => client.side.setTimeToLive(2, 5))).toBe("state_invalid");
    client.tick();
    expect(misuse(() => client.side.setTimeToLive(2, 5))).toBe("state_invalid");
    expect(misuse(() => client.side.setTimeToLive(8, 5))).toBe("channel_unknown");
  });

  test("is to consume what was not delivered", () => {
    const client = new Dialogue({ consume: "explicit", hold: "consumed" }).open();
    client.answer(2, { numbered: client.messages("a", "b") });
    client.side.consume(0, 0, 2);

    expect(misuse(() => client.side.consume(0, 0, 1))).toBe("consume_too_many");
  });

  test("is not to consume what came on a channel that is gone, but all else with it", () => {
    const client = new Dialogue({ consume: "explicit" }).open();
    const id = client.side.openChannel(0, NO_BYTES);
    client.tick();
    client.side.resetChannel(0, id, 1);
    client.tick();
    client.answer(client.last.exchange, {
      ack: client.ack(),
      numbered: [{ kind: "channel-reset", seq: 1, channel: id, code: 1 }],
    });
    client.side.handleTimeout(client.nowMs);
    client.tick();

    expect(client.side.sender.channels.has(id)).toBe(false);
    expect(misuse(() => client.side.consume(0, id, 1))).toBe("nothing was thrown");
    expect(misuse(() => client.side.send(0, NO_BYTES, id))).toBe("channel_closed");
    expect(misuse(() => client.side.resetChannel(0, id, 1))).toBe("channel_closed");
  });
});

describe("back-pressure", () => {
  test("is told by `send`, and its end once half of the buffer is free", () => {
    const client = new Dialogue({ highWaterBytes: 1_000 }).open();
    expect(client.side.send(0, new Uint8Array(600))).toBe(true);
    expect(client.side.send(0, new Uint8Array(600))).toBe(false);
    client.tick();
    expect(client.side.send(0, new Uint8Array(10))).toBe(false);
    client.answer(2, { answer: { parked: [3] }, ack: client.ack() });

    expect(client.told.filter((each) => each.kind === "writable")).toHaveLength(1);
    expect(client.side.bufferedBytes).toBe(10);
    expect(client.side.isFlushed).toBe(false);
  });
});

describe("statistics", () => {
  test("count what passed", () => {
    const client = new Dialogue().open();
    client.send("a", "b");
    client.tick();
    const frames = client.messages("x");
    client.nowMs = 40;
    client.answer(3, { answer: { parked: [2] }, ack: client.ack(), numbered: frames });
    client.answer(2, { numbered: frames });

    expect(client.side.stats).toEqual({
      messagesSent: 2,
      messagesDelivered: 1,
      unitsResent: 0,
      duplicatesDropped: 1,
      bodiesSent: 3,
      bodiesReceived: 3,
      bodiesUnreadable: 0,
      roundTripMs: 40,
    });
  });
});

describe("channels", () => {
  test("that both sides finished are forgotten and make room for others", () => {
    const client = new Dialogue({ channelsMax: 1 });
    const channel = client.side.openChannel(0, bytesOf("one"));
    client.open();
    client.side.finishChannel(0, channel);
    client.tick();
    expect(kindsOf(client.last)).toEqual(["channel-finish"]);
    client.answer(3, {
      answer: { parked: [2] },
      ack: client.ack(),
      numbered: [{ kind: "channel-finish", seq: 1, channel, indexEnd: 1 }],
    });
    client.until("ack-delay");

    expect(client.told.at(-1)).toEqual({ kind: "channel-finished", channel });
    expect(client.side.openChannel(0, bytesOf("two"))).toBe(4);
  });

  test("that the server opens can be used at once, and finished", () => {
    const client = new Dialogue().open();
    const label = bytesOf("theirs");
    client.answer(2, {
      numbered: [{ kind: "channel-open", seq: 1, channel: 1, mode: "unordered", label }],
    });
    client.side.setTimeToLive(1, 100);
    client.side.send(0, bytesOf("hello"), 1);
    client.tick();

    expect(client.told.at(-1)).toMatchObject({ kind: "channel-opened", channel: 1, label });
    expect(client.last.body.numbered).toMatchObject([{ channel: 1 }]);
    expect(client.until("expire")).toHaveLength(0);
    expect(client.told.at(-1)).toMatchObject({ kind: "given-up", channel: 1, sent: 1 });
  });

  test("that the server resets are dropped here too", () => {
    const client = inState("open");
    client.side.send(0, bytesOf("lost"), 2);
    client.answer(2, {
      ack: client.ack(),
      numbered: [{ kind: "channel-reset", seq: 1, channel: 2, code: 5 }],
    });
    client.tick();

    expect(client.told).toContainEqual({ kind: "channel-reset", channel: 2, code: 5 });
    expect(client.told).toContainEqual({ kind: "given-up", channel: 2, neverSent: 1, sent: 0 });
    expect(client.side.sender.channels.has(2)).toBe(false);
    // A copy of the reset finds nothing to do.
    client.answer(3, { numbered: [{ kind: "channel-reset", seq: 1, channel: 2, code: 5 }] });
    expect(client.side.state).toBe("open");
  });

  test("that the server opened or ended are not touched by copies of that", () => {
    const client = new Dialogue().open();
    const label = bytesOf("theirs");
    const opening = { kind: "channel-open", seq: 1, channel: 1, mode: "ordered", label } as const;
    const ending = { kind: "channel-finish", seq: 2, channel: 1, indexEnd: 1 } as const;
    client.answer(2, { numbered: [opening] });
    client.tick();
    client.answer(3, { numbered: [opening] });
    client.tick();
    client.side.finishChannel(0, 1);
    client.tick();
    client.answer(client.last.exchange, { ack: client.ack(), numbered: [opening, ending] });
    client.until("ack-delay");
    expect(client.side.sender.channels.has(1)).toBe(false);

    client.answer(client.last.exchange, { numbered: [opening, ending] });
    client.until("exchange");

    expect(client.side.sender.channels.has(1)).toBe(false);
    const told = client.told.map((each) => each.kind);
    expect(told).toEqual(["opened", "channel-opened", "channel-finished"]);
  });

  test("that only this side finished stay", () => {
    const client = inState("open");
    client.side.finishChannel(0, 2);
    client.tick();
    client.answer(client.last.exchange, { answer: { parked: [2] }, ack: client.ack() });
    client.answer(2);
    client.tick();

    expect(client.side.sender.channels.get(2)?.state).toBe("finished");
  });

  test("that were reset stay until the other side can be told", () => {
    const client = new Dialogue({ carriersMax: 1 });
    const channel = client.side.openChannel(0, NO_BYTES);
    client.tick();
    client.answer(1, { opened: SERVER_PARAMETERS, ack: client.ack() });
    client.tick();
    client.send("a");
    client.tick();
    client.side.resetChannel(0, channel, 1);
    client.side.handleTimeout(0);
    client.drain();
    expect(client.side.sender.channels.has(channel)).toBe(true);
    client.answer(3, { answer: { parked: [2] }, ack: client.ack() });

    expect(client.tick().flatMap(kindsOf)).toEqual(["channel-reset"]);
  });

  test("that were finished make room at once, for this side and for the server", () => {
    const open = (seq: number, channel: number): NumberedFrame => {
      return { kind: "channel-open", seq, channel, mode: "ordered", label: NO_BYTES };
    };
    const client = new Dialogue({ channelsMax: 1 });
    const own = client.side.openChannel(0, NO_BYTES);
    client.open({
      numbered: [
        open(1, 1),
        { kind: "channel-finish", seq: 2, channel: 1, indexEnd: 1 },
        { kind: "channel-finish", seq: 3, channel: own, indexEnd: 1 },
      ],
    });
    for (const channel of [1, own]) {
      client.side.send(0, bytesOf("last"), channel);
      client.side.finishChannel(0, channel);
    }
    client.tick();

    client.answer(client.last.exchange, { ack: client.ack(), numbered: [open(4, 3)] });

    expect(client.ended).toBeUndefined();
    expect(client.told.at(-1)).toMatchObject({ kind: "channel-opened", channel: 3 });
    expect(client.side.openChannel(0, NO_BYTES)).toBe(4);
  });

  test("that both sides reset at once are forgotten", () => {
    const client = inState("open");
    client.side.resetChannel(0, 2, 5);
    client.answer(2, {
      ack: client.ack(),
      numbered: [{ kind: "channel-reset", seq: 1, channel: 2, code: 6 }],
    });
    client.tick();
    expect(kindsOf(client.last)).toEqual(["channel-reset"]);
    expect(client.side.sender.channels.has(2)).toBe(true);
    client.answer(client.last.exchange, { ack: client.ack() });
    client.tick();

    expect(client.side.sender.channels.has(2)).toBe(false);
  });

  test("[ACK-4] are not reset by a body for which there is no room", () => {
    const client = inState("open");
    const holes = Array.from({ length: 256 }, (_, at) => {
      const [seq, payloads] = [2 + 2 * at, [bytesOf("x")]];
      return { kind: "messages", channel: 0, seq, index: seq, payloads } as const;
    });
    client.answer(2, { numbered: holes });
    client.tick();
    const reset = { kind: "channel-reset", seq: 516, channel: 2, code: 5 } as const;
    client.answer(client.last.exchange, { numbered: [reset] });
    client.tick();

    expect(client.side.sender.channels.get(2)?.state).toBe("open");
    expect(client.last.body.ack?.ranges).toHaveLength(512);
  });

  test.each(["finishChannel", "resetChannel"] as const)(
    "[END-1] are not followed by anything behind the end: %s while closing",
    (command) => {
      const client = inState("closing");
      expect(kindsOf(client.last)).toEqual(["finish"]);
      client.side[command](0, 2, 1);
      client.tick();

      expect(client.sent.flatMap(kindsOf).filter((kind) => kind.startsWith("channel-"))).toEqual([
        "channel-open",
      ]);
      expect(client.side.state).toBe("closing");
    },
  );
});

describe("closing", () => {
  const closed = { ended: { code: END_CODES.closed, reason: NO_BYTES } };

  test.each([
    ["peer", false],
    ["local", true],
  ] as const)("says who closed: %s", (by, isOwn) => {
    const client = new Dialogue().open();
    if (isOwn) client.side.close(0);
    client.tick();
    client.answer(2, { numbered: client.finish(), ack: client.ack() });
    client.tick();
    client.answer(client.last.exchange, { ...closed, ack: client.ack() });

    expect(client.ended).toMatchObject({ reason: "closed", by });
  });

  test("[END-1] sends what was accepted, then the end, and ends when both hold everything", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.side.close(0, 12);
    client.tick();
    expect(kindsOf(client.last)).toEqual(["messages", "finish"]);
    expect(client.last.body.numbered.at(-1)).toMatchObject({ code: 12 });
    client.answer(3, { answer: { parked: [2] }, ack: client.ack() });
    client.answer(2, { numbered: client.finish() });
    expect(client.tick()).toHaveLength(1);
    expect(client.side.state).toBe("closing");

    client.answer(client.last.exchange, closed);

    expect(client.ended).toEqual({
      kind: "ended",
      reason: "closed",
      by: "local",
      code: 0,
      detail: "",
      neverSent: [],
      unknown: [],
    });
  });

  test("[END-2] by the server is followed at once, and delivered before", () => {
    const client = new Dialogue().open();
    client.send("mine");
    client.answer(2, { numbered: [...client.messages("theirs"), ...client.finish()] });

    expect(client.side.state).toBe("closing");
    expect(client.delivered()).toEqual(["theirs"]);
    expect(client.told.at(-1)).toEqual({ kind: "peer-finished", code: 0 });
    expect(client.tick().flatMap(kindsOf)).toEqual(["messages", "finish"]);
  });

  test("[END-2] by both at once differs in nothing", () => {
    const client = new Dialogue().open();
    client.side.close(0);
    client.tick();
    client.answer(2, { answer: { parked: [3] }, numbered: client.finish(), ack: client.ack() });
    client.tick();
    client.answer(3, { ...closed });

    expect(client.ended).toMatchObject({ reason: "closed" });
  });

  test("before the opening was answered goes on when it is", () => {
    const client = new Dialogue();
    client.send("a");
    client.side.close(0);
    client.tick();
    expect(kindsOf(client.last)).toEqual(["messages", "finish"]);
    client.open({ numbered: client.finish() });

    expect(client.side.state).toBe("closing");
    client.answer(2, closed);
    expect(client.ended).toMatchObject({ reason: "closed" });
  });

  test("that the server ends before everything is held is an end by the server", () => {
    const client = new Dialogue().open();
    client.send("a");
    client.side.close(0);
    client.tick();

    client.answer(2, closed);

    expect(client.ended).toMatchObject({ reason: "peer-ended", code: 0 });
    expect(client.ended?.unknown).toHaveLength(1);
  });

  test("[END-9] takes no longer than closeTimeoutMs", () => {
    const client = new Dialogue({ closeTimeoutMs: 5_000 }).open();
    client.send("a");
    client.side.close(0);
    client.tick();

    client.until("close");

    expect(client.nowMs).toBe(5_000);
    expect(client.last.body.ended?.code).toBe(END_CODES.closeTimeout);
    expect(client.ended).toMatchObject({ reason: "close-timeout", by: "network" });
    expect(client.ended?.unknown.map((fate) => fate.payload)).toEqual([bytesOf("a")]);
  });
});

describe("the end", () => {
  test("[END-7] tells which messages were never sent and of which nobody can know", () => {
    const client = new Dialogue({ carriersMax: 1 }).open();
    client.send("held");
    client.tick();
    client.answer(3, { answer: { parked: [2] }, ack: client.ack() });
    client.send("sent");
    client.tick();
    client.send("waits");
    client.tick();

    client.side.abort(0, 77, "no more");
    client.drain();

    expect(client.last.body.ended).toEqual({ code: 77, reason: bytesOf("no more") });
    expect(client.ended).toMatchObject({ reason: "aborted", by: "local", code: 77 });
    expect(client.ended?.unknown).toEqual([{ channel: 0, index: 2, payload: bytesOf("sent") }]);
    expect(client.ended?.neverSent).toEqual([{ channel: 0, index: 0, payload: bytesOf("waits") }]);
  });

  test("[END-6] by a tombstone tells what the server had received", () => {
    const client = new Dialogue().open();
    client.send("received");
    client.tick();
    const ack = client.ack();
    client.send("unknown");
    client.tick();

    const ended = { code: 8, reason: bytesOf("gone") };
    client.answerBytes(2, client.encodeBare({ ack, ended }));

    expect(client.ended).toMatchObject({
      reason: "peer-ended",
      by: "peer",
      code: 8,
      detail: "gone",
    });
    expect(client.ended?.unknown.map((fate) => fate.payload)).toEqual([bytesOf("unknown")]);
  });

  test("[INC-2] by another life, and not by itself", () => {
    const client = new Dialogue().open();
    client.answer(2, { superseded: 1 });
    expect(client.side.state).toBe("open");
    client.tick();

    client.answer(3, { superseded: 2 });

    expect(client.ended).toMatchObject({ reason: "superseded", by: "peer" });
  });

  test("by a refusal tells the code, and that nothing was delivered for certain", () => {
    const client = new Dialogue({ earlyMessages: false });
    client.send("a");
    client.tick();

    client.answer(1, { refused: { code: 403, reason: bytesOf("no") } });

    expect(client.ended).toMatchObject({ reason: "refused", by: "peer", code: 403, detail: "no" });
    expect(client.ended?.neverSent).toHaveLength(1);
  });

  test("is the last thing that is told, behind what was delivered", () => {
    const client = new Dialogue().open();
    client.answer(2, {
      numbered: client.messages("last words"),
      ended: { code: 1, reason: NO_BYTES },
    });
    client.answer(2, { numbered: client.messages("too late") });
    client.fail(2);

    expect(client.told.map((each) => each.kind)).toEqual(["opened", "deliver", "ended"]);
    expect(client.tick()).toEqual([]);
    expect(textsOf(client.last)).toEqual([]);
  });
});

describe("the park side", () => {
  test("has room for another channel once both sides finished one", () => {
    const side = new ParkSide(0, NONCE, 1, PARK_DEFAULTS, 1);
    const none = { channelWindows: [], channelsBlocked: [] };
    const prefix = { over: [], lastAnswered: 0, sinceMs: 0 };
    const open = { ...SERVER_PARAMETERS, channelsMax: 1 };
    const turn = (): void => {
      side.handleTimeout(0);
      while (side.poll().kind !== "timeout");
    };
    const first = { exchange: 1, overThrough: 0, ...prefix };
    side.handleRequest(
      0,
      1,
      { incarnation: 1, link: 0 },
      { ...none, request: first, open, numbered: [] },
    );
    side.accept(0);
    expect(side.openChannel(0, NO_BYTES)).toBe(1);
    side.finishChannel(0, 1);
    turn();
    expect(misuse(() => side.openChannel(0, NO_BYTES))).toBe("channel_limit");

    const request = { exchange: 2, overThrough: 1, ...prefix };
    const ack = { receivedThrough: 2, heldThrough: 2, ranges: [] };
    const ending = { kind: "channel-finish", seq: 1, channel: 1, indexEnd: 1 } as const;
    side.handleRequest(
      0,
      2,
      { incarnation: 1, link: 0 },
      { ...none, request, ack, numbered: [ending] },
    );
    turn();

    expect(side.openChannel(0, NO_BYTES)).toBe(3);
  });
});
