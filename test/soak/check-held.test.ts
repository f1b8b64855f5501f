// The check of a soak's logs: what it excuses a process that was killed, and no more.

import { afterEach, describe, expect, it } from "vitest";
import {
  begin,
  C,
  channel,
  end,
  EXIT,
  judged,
  offIn,
  processOf,
  receive,
  removeLogs,
  S,
  send,
  START,
} from "./hand-written.ts";
import { SESSION_OPTIONS } from "./limits.ts";
import type { Fact } from "./lines.ts";
import type { Judgement } from "./rules.ts";

afterEach(removeLogs);

describe("the check of what a killed process held", () => {
  /** The server has taken `taken` messages of these sizes, and is killed; all were acknowledged. */
  const killed = (sizes: readonly number[], taken = 0, channels = [""]): readonly string[] => {
    const sent = channels.flatMap((label) => [
      channel(C, label, "ordered", false),
      ...sizes.map((bytes, n) => ({ ...send(C, n, label), bytes }) as Fact),
    ]);
    const heard = sizes.slice(0, taken).map((bytes, n) => ({ ...receive(S, C, n), bytes }) as Fact);
    return offIn({
      client: processOf(C, "client", sent, end(C, "silence")),
      server: [START, ...begin(S, "server"), ...heard],
      conductor: [{ kind: "kill", process: "server" }, EXIT],
    });
  };
  const many = (count: number, bytes: number): number[] =>
    Array.from({ length: count }, () => bytes);
  const { windowMessages, windowBytes, assemblyBytesMax } = SESSION_OPTIONS;
  const TOO_MUCH = /ends client\.1\.1, of which \d+ messages are missing, more than the killed/;

  it("excuses as many messages as its window had room for, and not one more", () => {
    expect(killed(many(windowMessages, 10))).toEqual([]);
    expect(killed(many(windowMessages + 1, 10), 1)).toEqual([]);
    expect(killed(many(windowMessages + 1, 10))).toEqual([expect.stringMatching(TOO_MUCH)]);
  });

  it("excuses as many bytes, and not one more, on all channels together", () => {
    const sizes = many(windowBytes / 10_000, 10_000);
    expect(killed(sizes)).toEqual([]);
    expect(killed([...sizes, 1])).toEqual([expect.stringMatching(TOO_MUCH)]);
    const half = sizes.slice(sizes.length / 2);
    expect(killed(half, 0, ["", "orders"])).toEqual([]);
    expect(killed([...half, 1], 0, ["", "orders"])).toEqual([expect.stringMatching(TOO_MUCH)]);
  });

  it("counts messages in parts apart, as they are put together outside the window", () => {
    const largest = many(assemblyBytesMax / 1_500_000, 1_500_000);
    expect(killed([...largest, ...many(windowBytes / 10_000, 10_000)])).toEqual([]);
    expect(killed([...largest, 20_000])).toEqual([expect.stringMatching(TOO_MUCH)]);
  });

  it("excuses no gap in front of what was taken", () => {
    const client = processOf(C, "client", [send(C, 0), send(C, 1)], end(C, "silence"));
    const server = [START, ...begin(S, "server"), receive(S, C, 1)];
    const conductor: Fact[] = [{ kind: "kill", process: "server" }, EXIT];
    expect(offIn({ client, server, conductor })).toEqual([
      "server.log:4 receives message 1 where 0 is next: lost or overtaken",
    ]);
  });

  it("counts what was given up as given up, and of latest the newest of each key", () => {
    const sent = (mode: "ordered" | "latest", count: number): Fact[] => [
      channel(C, "news", mode, true),
      ...Array.from({ length: count }, (_, n) => send(C, n, "news", n % 5)),
      { kind: "given-up", half: C, channel: "news", neverSent: 0, sent: mode === "latest" ? 0 : 3 },
    ];
    const lostOf = (facts: Fact[]): Judgement =>
      judged({
        client: processOf(C, "client", facts, end(C, "silence")),
        server: [START, ...begin(S, "server")],
        conductor: [{ kind: "kill", process: "server" }, EXIT],
      });
    expect(lostOf(sent("ordered", windowMessages + 3)).off).toEqual([]);
    expect(lostOf(sent("ordered", windowMessages + 4)).off).toHaveLength(1);
    const latest = lostOf(sent("latest", 2 * windowMessages));
    expect(latest).toMatchObject({ off: [], lostWithProcesses: 5 });
  });
});
