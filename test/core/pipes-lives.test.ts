// Pipes of clients that are saved and resumed, and of two cores that are full, dead or draining.
// spec 11.

import { describe, expect, test } from "vitest";
import { RequestSide } from "../../src/core/request-side.ts";
import { Linked } from "./linked.ts";
import { Dialogue, goneOf, joined, pipeState, textsOf } from "./scripted-server.ts";

describe("two sides that are full", () => {
  test("[PIPE-8] go on: acknowledgements leave though nothing else may", () => {
    const options = { pipeBytesMax: 10_000 };
    const linked = new Linked(options, options);
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    const texts = Array.from({ length: 300 }, (_, at) => `${at} `.padEnd(2_000, "x"));
    linked.send("client", ...texts);
    linked.send("server", ...texts);
    const sinceMs = linked.nowMs;
    linked.run(8_000);

    expect(linked.received.server).toEqual(texts);
    expect(linked.received.client).toEqual(texts);
    expect(linked.count("request", sinceMs)).toBe(0);
    expect([linked.client.joined, linked.served.side.joined]).toEqual([1, 1]);
  });

  test("[PIPE-8] carry messages in parts through little room and small windows", () => {
    const small = {
      pipeBytesMax: 5_000,
      windowBytes: 60_000,
      channelsMax: 1,
      messageBytesMax: 1_000_000,
      assemblyBytesMax: 1_000_000,
      earlyMessages: false,
    };
    const linked = new Linked(small, small);
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    const large = "l".repeat(1_000_000);
    const sinceMs = linked.nowMs;
    linked.send("client", "first", large, "last");
    linked.send("server", large);
    linked.run(60_000);

    expect(linked.received.server).toEqual(["first", large, "last"]);
    expect(linked.received.client).toEqual([large]);
    expect(linked.count("request", sinceMs)).toBe(0);
    expect(linked.client.isFlushed && linked.served.side.isFlushed).toBe(true);
  });
});

describe("a client that is saved", () => {
  test("[INC-4] leaves its pipes, and numbers its links on", () => {
    const client = joined();
    client.send("a");
    client.tick();
    client.side.save(client.nowMs);
    client.drain();
    expect(client.piped.at(-1)).toEqual({ link: 1 });
    expect(goneOf(client)).toMatchObject({ why: "ended", wasJoined: true });
    // What still comes on the old one is nothing to the new life.
    client.pipe(1, { superseded: 1 });
    expect(client.side.state).toBe("open");
    const [request] = client.pass(1_000);
    expect(textsOf(request)).toEqual(["a"]);
    expect(client.openPipe()).toBe(2);
  });

  test("[INC-4] may be saved again before its pipes are hung up, and leaves none to be", () => {
    const client = joined();
    client.side.save(client.nowMs);
    const saved = client.side.save(client.nowMs);
    const resumed = RequestSide.resume(client.nowMs, saved, 7);

    expect(client.side.poll()).toEqual({ kind: "hang-up", handle: 1 });
    expect(resumed.poll().kind).not.toBe("hang-up");
  });

  test("[INC-1] names the life that spoke on a pipe alone", () => {
    const client = new Dialogue();
    client.side.save(0);
    expect(client.openPipe()).toBe(1);
    const saved = client.side.save(0);
    const heir = RequestSide.resume(0, saved, 5);
    const dialogue = new Dialogue({}, 0, heir);
    expect(dialogue.piped).toEqual([]);
    expect(dialogue.told).toEqual([]);
    expect(dialogue.openPipe()).toBe(1);
    dialogue.tick();
    expect(dialogue.piped[0]?.body?.succeeds).toEqual([1]);
  });

  test("[INC-1] succeeds nobody any more once a pipe has answered it", () => {
    const saved = joined().side.save(0);
    const client = new Dialogue({}, 0, RequestSide.resume(0, saved, 5));
    client.openPipe();
    client.tick();
    expect(client.piped[0]?.body?.succeeds).toEqual([1]);
    client.pipe(1, pipeState(1));
    client.side.handlePipeClosed(client.nowMs, 1);
    client.drain();
    const [request] = client.tick();
    expect(request?.body.succeeds).toBeUndefined();
  });

  test("[INC-2] is told on a pipe of another life's that it hears nothing there", () => {
    const client = joined();
    client.pipe(1, { superseded: 1 });
    expect(goneOf(client)).toMatchObject({ why: "unknown" });
    expect(client.side.state).toBe("open");
  });
});

describe("both sides", () => {
  test("a life that is resumed goes on where the pipe of the old one is still open", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    linked.send("client", "a");
    linked.send("server", "b");
    linked.resume(77);
    linked.openSocket();
    linked.run(2_000);
    linked.send("client", "c");
    linked.send("server", "d");
    linked.run(2_000);
    expect(linked.received).toEqual({ client: ["b", "d"], server: ["a", "c"] });
    expect([linked.client.joined, linked.served.side.joined]).toEqual([1, 1]);
  });

  test("a way up that dies with nothing to say is noticed before the session ends for it", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    const [line] = linked.lines;
    if (line === undefined) throw new Error("no line");
    line.deaf.up = true;
    linked.run(60_000);
    expect(linked.told.client.at(-1)).toMatchObject({ kind: "pipe-gone", why: "stalled" });
    linked.send("server", "a");
    linked.run(200);
    expect(linked.received.client).toEqual(["a"]);
  });

  test("a server that drains is left in order, and found again after its pause", () => {
    const linked = new Linked();
    linked.run(1_000);
    linked.openSocket();
    linked.run(1_000);
    linked.send("server", "before");
    linked.perform(() => linked.endpoint.drain(linked.nowMs, 2_000, 2_000));
    linked.send("client", "up");
    linked.run(1_000);
    expect(linked.received.client).toEqual(["before"]);
    expect(linked.told.client.at(-1)).toMatchObject({ kind: "pipe-gone", why: "paused" });
    linked.run(2_000);
    expect(linked.received.server).toEqual(["up"]);
  });
});
