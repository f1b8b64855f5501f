// The check of a soak's logs: it accepts what the promises allow, and refuses each thing that they
// do not, naming the line. The logs are written by hand here, so that nothing of the library
// speaks.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { soon } from "../waiting.ts";
import {
  begin,
  C,
  channel,
  end,
  EXIT,
  judged,
  type Logs,
  offIn,
  processOf,
  receive,
  removeLogs,
  S,
  send,
  START,
  written,
} from "./hand-written.ts";
import type { Fact, Hold, MessagePlace } from "./lines.ts";
import type { Judgement } from "./rules.ts";

afterEach(removeLogs);

/** A client that says 0 to 4, and a server that hears it and says 0 and 1. */
function honest(): { client: Fact[]; server: Fact[] } {
  return {
    client: processOf(C, "client", [
      ...[0, 1, 2, 3, 4].map((n) => send(C, n)),
      ...[0, 1].map((n) => receive(C, S, n)),
    ]),
    server: processOf(S, "server", [
      ...[0, 1, 2, 3, 4].map((n) => receive(S, C, n)),
      ...[0, 1].map((n) => send(S, n)),
    ]),
  };
}

/** Where the server's log has what the client sent: lines 4 to 8 are messages 0 to 4. */
const HEARD_AT = 3;

/** A session that the server's silence ends: 3 and 4 were sent, 5 was not. */
function lost(unknown: MessagePlace[], neverSent: MessagePlace[], heard: number[]): Logs {
  return {
    client: processOf(
      C,
      "client",
      [0, 1, 2, 3, 4, 5].map((n) => send(C, n)),
      end(C, "silence", { unknown, neverSent }),
    ),
    server: processOf(
      S,
      "server",
      heard.map((n) => receive(S, C, n)),
      end(S, "silence"),
    ),
  };
}

const TOLD: [MessagePlace[], MessagePlace[]] = [
  [
    ["", 3],
    ["", 4],
  ],
  [["", 5]],
];

describe("the check of a soak's logs", () => {
  it("accepts a session in which everything arrives once and in order", () => {
    const { off, up, down, ends } = judged(honest());
    expect(off).toEqual([]);
    expect(up).toMatchObject({ sent: 5, received: 5, bytesSent: 50, bytesReceived: 50 });
    expect(down).toMatchObject({ sent: 2, received: 2 });
    expect(ends).toEqual({ closed: 2 });
  });

  it("refuses a loss in the middle, and names where it shows and what was lost", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 2, 1);
    expect(offIn({ client, server })).toEqual([
      "client.log:6 sends message 2, which is lost: received nowhere, in no list at client.log:11",
      "server.log:6 receives message 3 where 2 is next: lost or overtaken",
    ]);
  });

  it("refuses a loss at the end", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 4, 1);
    expect(offIn({ client, server })).toEqual([
      "client.log:8 sends message 4, which is lost: received nowhere, in no list at client.log:11",
    ]);
  });

  it("refuses a doubling", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 4, 0, receive(S, C, 1));
    expect(offIn({ client, server })).toEqual([
      "server.log:8 receives message 1 a second time, after server.log:5",
    ]);
  });

  it("refuses a reordering", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 1, 2, receive(S, C, 2), receive(S, C, 1));
    expect(offIn({ client, server })).toEqual([
      "server.log:5 receives message 2 where 1 is next: lost or overtaken",
      "server.log:6 receives message 1 out of order, after later ones",
    ]);
  });

  it("refuses phantoms: never sent, of nobody, and of another session", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 5, 0, receive(S, C, 5), receive(S, "nobody", 0), receive(S, S, 0));
    expect(offIn({ client, server })).toEqual([
      "server.log:9 receives message 5 of client.1.1, who never sent it",
      "server.log:10 receives message 0 of nobody, who never was",
      "server.log:11 receives message 0 of server.1/1, who is not at the other end of server.1/1",
    ]);
  });

  it("refuses what arrives altered", () => {
    const { client, server } = honest();
    server[HEARD_AT] = { ...(receive(S, C, 0) as Extract<Fact, { kind: "receive" }>), digest: 1 };
    expect(offIn({ client, server })).toEqual([
      "server.log:4 receives message 0 of client.1.1, which is not what client.log:4 sends",
    ]);
  });

  it("takes back what send has thrown on", () => {
    const { client, server } = honest();
    const refused: Fact = { kind: "refused", half: C, channel: "", n: 5 };
    client.splice(HEARD_AT + 5, 0, send(C, 5), refused);
    expect(offIn({ client, server })).toEqual([]);
    client.splice(client.indexOf(refused), 1);
    expect(offIn({ client, server })).toHaveLength(1);
  });
});

describe("the check of fates", () => {
  it("accepts that what was sent arrived or not", () => {
    for (const heard of [
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ]) {
      expect(offIn(lost(...TOLD, heard))).toEqual([]);
    }
  });

  it("refuses that what was never sent arrived", () => {
    expect(offIn(lost(...TOLD, [0, 1, 2, 3, 4, 5]))).toEqual([
      "client.log:10 tells that message 5 was never sent, but server.log:9 receives it",
    ]);
  });

  it("refuses that what is in no list did not arrive", () => {
    expect(offIn(lost([["", 4]], [["", 5]], [0, 1, 2]))).toEqual([
      "client.log:7 sends message 3, which is lost: received nowhere, in no list at client.log:10",
    ]);
  });

  it("refuses a fate of what was not sent, and two fates of one message", () => {
    expect(offIn(lost([...TOLD[0], ["", 6]], TOLD[1], [0, 1, 2]))).toEqual([
      "client.log:10 tells that message 6 is unknown, which client.1.1 has not sent",
    ]);
    expect(offIn(lost([...TOLD[0], ["", 5]], TOLD[1], [0, 1, 2]))).toEqual([
      "client.log:10 tells that message 5 is unknown and never sent",
    ]);
  });

  it("refuses fates of a session that is closed", () => {
    const { client, server } = honest();
    client.splice(-2, 1, end(C, "closed", { unknown: [["", 4]] }));
    expect(offIn({ client, server })).toEqual([
      "client.log:11 tells fates of client.1.1, which is closed",
    ]);
  });

  it("refuses that one end is closed and has not got what the other end cannot know of", () => {
    const { client, server } = honest();
    client.splice(-2, 1, end(C, "silence", { unknown: [["", 4]] }));
    expect(offIn({ client, server })).toEqual([]);
    server.splice(HEARD_AT + 4, 1);
    expect(offIn({ client, server })).toEqual([
      'client.log:8 sends message 4, which is lost: received nowhere, in the list "unknown" of client.log:11',
    ]);
  });

  it("excuses what a killed process held, unless it holds what it has consumed", () => {
    const killed = (hold: Hold): Logs => ({
      client: processOf(C, "client", [send(C, 0)], end(C, "silence")),
      server: [START, ...begin(S, "server", hold)],
      conductor: [{ kind: "kill", process: "server" }, EXIT],
    });
    expect(judged(killed("received"))).toMatchObject({ off: [], lostWithProcesses: 1 });
    expect(offIn(killed("consumed"))).toEqual([
      "client.log:4 sends message 0, which is lost: received nowhere, in no list at client.log:5",
    ]);
  });
});

describe("the check of channels that give up", () => {
  const giving = (
    mode: "ordered" | "unordered" | "latest",
    sent: [n: number, key?: number][],
    received: [n: number, key?: number][],
    givenUp: { neverSent: number; sent: number },
  ): Logs => ({
    client: processOf(C, "client", [
      channel(C, "news", mode, true),
      ...sent.map(([n, key]) => send(C, n, "news", key)),
      { kind: "given-up", half: C, channel: "news", ...givenUp },
    ]),
    server: processOf(S, "server", [
      channel(S, "news", mode, true),
      ...received.map(([n, key]) => receive(S, C, n, "news", key)),
    ]),
  });

  it("accepts gaps that were told, and refuses others", () => {
    const told = { neverSent: 1, sent: 1 };
    expect(offIn(giving("ordered", [[0], [1], [2]], [[1]], told))).toEqual([]);
    expect(offIn(giving("ordered", [[0], [1], [2]], [[1], [2]], told))).toEqual([]);
    expect(offIn(giving("ordered", [[0], [1], [2]], [], told))).toEqual([
      "client.log:9 ends client.1.1, of which 3 messages on news are missing: 2 were given up",
    ]);
    expect(offIn(giving("ordered", [[0], [1], [2]], [[0], [1], [2]], told))).toEqual([
      "client.log:9 ends client.1.1, of which 1 messages on news were told to be given up unsent: 0 are missing",
    ]);
  });

  it("accepts any order on an unordered channel only", () => {
    const none = { neverSent: 0, sent: 0 };
    expect(offIn(giving("unordered", [[0], [1]], [[1], [0]], none))).toEqual([]);
    expect(offIn(giving("ordered", [[0], [1]], [[1], [0]], none))).toHaveLength(1);
    expect(offIn(giving("unordered", [[0], [1]], [[1], [0], [1]], none))).toHaveLength(1);
  });

  it("wants order for each key of latest, and its newest message", () => {
    const none = { neverSent: 0, sent: 0 };
    const sent: [number, number][] = [
      [0, 7],
      [1, 8],
      [2, 7],
    ];
    expect(
      offIn(
        giving(
          "latest",
          sent,
          [
            [1, 8],
            [0, 7],
            [2, 7],
          ],
          none,
        ),
      ),
    ).toEqual([]);
    expect(
      offIn(
        giving(
          "latest",
          sent,
          [
            [2, 7],
            [1, 8],
          ],
          none,
        ),
      ),
    ).toEqual([]);
    expect(
      offIn(
        giving(
          "latest",
          sent,
          [
            [2, 7],
            [0, 7],
            [1, 8],
          ],
          none,
        ),
      ),
    ).toEqual(["server.log:6 receives news 0 out of order, after later ones"]);
    expect(
      offIn(
        giving(
          "latest",
          sent,
          [
            [0, 7],
            [1, 8],
          ],
          none,
        ),
      ),
    ).toEqual(["client.log:7 sends news 2, the newest of its key, which is lost"]);
  });

  it("wants nothing more of a channel that was abandoned, but nothing else of it either", () => {
    const { client, server } = honest();
    server.splice(HEARD_AT + 3, 2, { kind: "reset", half: S, channel: "" });
    expect(offIn({ client, server })).toEqual([]);
    server.splice(HEARD_AT + 1, 1);
    expect(offIn({ client, server })).toEqual([
      "server.log:5 receives message 2 where 1 is next: lost or overtaken",
    ]);
  });
});

describe("the check of ends and processes", () => {
  it.each(["protocol", "superseded", "lost", "peer-ended", "aborted"])(
    "refuses %s where nothing gives reason for it",
    (reason) => {
      const client = processOf(C, "client", [], end(C, reason));
      // It is there for longer than the client.
      const later: Fact[] = [3, 4, 5].map(() => ({ kind: "close", half: S }));
      const server = [START, ...begin(S, "server"), ...later, EXIT];
      const off = offIn({ client, server });
      expect(off).toContain(`client.log:4 ends client.1.1 as ${reason} (), for no reason`);
    },
  );

  it("accepts lost once the server's process has gone, and aborted after the command", () => {
    const restarted: Fact = { kind: "exit", why: "restarted" };
    const client = processOf(C, "client", [], end(C, "lost"));
    expect(offIn({ client, server: [...begin(S, "server"), restarted] })).toEqual([]);
    const aborted = processOf(C, "client", [{ kind: "abort", half: C }], end(C, "aborted"));
    const told = processOf(S, "server", [], end(S, "peer-ended"));
    expect(offIn({ client: aborted, server: told })).toEqual([]);
  });

  it("refuses a half without an end, one with two, and a process that falls silent", () => {
    const { client, server } = honest();
    const [, ...others] = client.toReversed();
    const withoutEnd = [...client.slice(0, -2), EXIT];
    expect(offIn({ client: withoutEnd, server })).toEqual([
      "client.log:2 begins client.1.1: it is told no end",
    ]);
    const twice = [...client.slice(0, -1), end(C), EXIT];
    expect(offIn({ client: twice, server })).toEqual([
      "client.log:12 ends client.1.1 a second time",
    ]);
    expect(offIn({ client: others.toReversed(), server })).toEqual([
      "client.log:11 is the last line of client, which nobody has killed",
    ]);
  });

  it("follows a session from the process that saved it to the one that goes on", () => {
    const { client, server } = honest();
    const saved: Fact[] = [
      ...client.slice(0, 6),
      { kind: "saved", half: C },
      { kind: "exit", why: "saved" },
    ];
    const resumed: Fact[] = [START, { kind: "resumed", half: C }, ...client.slice(6)];
    expect(offIn({ "client.1": saved, "client.2": resumed, server })).toEqual([]);
    const unsaved = saved.toSpliced(-2, 1);
    expect(offIn({ "client.1": unsaved, "client.2": resumed, server })).toEqual([
      "client.2.log:2 goes on with client.1.1, which was not saved",
    ]);
  });

  it("wants messages of a session that two servers had to come to one of them only", () => {
    const other = "other.1/1";
    const { client, server } = honest();
    const ghost = processOf(other, "server", [receive(other, C, 0)], end(other, "silence"));
    expect(offIn({ client, server, other: ghost })).toEqual([
      "client.log:2 begins client.1.1, whose messages came to several servers",
    ]);
    client[1] = { ...(client[1] as Extract<Fact, { kind: "begin" }>), isEarly: true };
    const judgement = judged({ client, server, other: ghost });
    expect(judgement).toMatchObject({ off: [], repeatedOpenings: 1 });
  });

  it("reads a last line that was cut by a kill, and refuses nonsense", () => {
    const server = [START, ...begin(S, "server")];
    const conductor: Fact[] = [{ kind: "kill", process: "server" }];
    const { off } = judged({ server, conductor: [...conductor, EXIT] }, '{"kind":"rec');
    expect(off).toEqual([]);
    const nonsense = judged({ server, conductor: [...conductor, EXIT] }, '{"kind":"rec\n').off;
    expect(nonsense).toEqual([
      'conductor.log:3 is no line of a log: {"kind":"rec',
      'server.log:4 is no line of a log: {"kind":"rec',
    ]);
  });

  it("passes on whatever an application found odd", () => {
    const { client, server } = honest();
    server.splice(3, 0, { kind: "odd", half: S, what: "send threw RangeError" });
    expect(offIn({ client, server })).toEqual([
      "server.log:4 says of server.1/1: send threw RangeError",
    ]);
  });
});

describe("the check as a program", () => {
  async function run(folder: string): Promise<{ status: number | null; judgement: Judgement }> {
    const program = fileURLToPath(new URL("check.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", program, folder], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(child, "exit") as Promise<[number | null]>;
    const output = await soon(text(child.stdout), "its judgement");
    const [status] = await exit;
    return { status, judgement: JSON.parse(output) as Judgement };
  }

  it("leaves with 0 where nothing is off, and with 1 where something is", async () => {
    const { client, server } = honest();
    const passed = await run(written({ client, server }));
    expect(passed).toMatchObject({ status: 0, judgement: { off: [] } });
    server.splice(HEARD_AT + 2, 1);
    const failed = await run(written({ client, server }));
    expect(failed.status).toBe(1);
    expect(failed.judgement.off[0]).toMatch(/^client\.log:6 sends message 2, which is lost/);
  });
});
