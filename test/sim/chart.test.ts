import { expect, test } from "vitest";
import { drawChart, HARMLESS, NOTES_KEPT, Play } from "../../src/sim/index.ts";

const NARROW = { chartColumnsMax: 64 };

test("messages that cross have numbers, and stand where they leave and where they arrive", () => {
  const play = new Play(HARMLESS);
  play.note(0, "client", "opens");
  const first = play.leaves(0, "client", "server", "request 1 [seq 1]");
  const second = play.leaves(5, "client", "server", "request 2 [seq 2-3]");
  play.note(10, "server", "waits");
  play.arrives(20, second);
  const answer = play.leaves(20, "server", "client", "answer 2");
  play.arrives(25, first, "damaged");
  play.note(25, "server", "delivers seq 1");
  play.arrives(40, answer);
  play.note(41, "client", "request 3", "server");
  play.vanishes(42, play.leaves(42, "server", "client", "answer 3"));
  play.arrives(62, play.leaves(50, "server", "client", "answer 4"), "truncated");

  expect(drawChart(play, NARROW)).toBe(`\
       ms  client                                         server
        0  * opens                                             |
        0  |-- (1) request 1 [seq 1] -> ..                     |
        5  |-- (2) request 2 [seq 2-3] -> ..                   |
       10  |                                             waits *
       20  |                   .. -- (2) request 2 [seq 2-3] ->|
       20  |                              .. <- (3) answer 2 --|
       25  |            .. -- (1) request 1 [seq 1], damaged ->|
       25  |                                    delivers seq 1 *
       40  |<- (3) answer 2 -- ..                              |
       41  |-- request 3 ------------------------------------->|
       42  | lost X-------------------------------- answer 3 --|
       50  |<- +12 ms, truncated ------------------ answer 4 --|`);
});

test("what is lost later, doubled or never heard of is told", () => {
  const play = new Play(HARMLESS);
  const lost = play.leaves(0, "client", "server", "request 1");
  const doubled = play.leaves(1, "client", "server", "request 2");
  play.arrives(2, doubled);
  play.vanishes(3, lost, "aborted");
  play.arrives(4, doubled);
  play.leaves(5, "server", "client", "answer");

  expect(drawChart(play, NARROW)).toBe(`\
       ms  client                                         server
        0  |-- (1) request 1 -> ..                             |
        1  |-- (2) request 2 -> ..                             |
        2  |                             .. -- (2) request 2 ->|
        3  |             X (1) request 1: aborted              |
        4  |                             .. -- (2) request 2 ->|
        5  |                                .. <- (3) answer --|
           ... still on the way: (3) ...`);
});

test("parties stand in the order that was given, and arrows pass those between", () => {
  const play = new Play(HARMLESS);
  play.showParties("client", "proxy", "server");
  play.note(1.25, "server", "comes up");
  play.note(2, "client", "past the proxy", "server");
  play.note(3, "server", "502", "proxy");
  play.note(4, "proxy", "thinks");
  play.note(5, "proxy", "talks to itself", "proxy");

  expect(drawChart(play, NARROW)).toBe(`\
       ms  client                    proxy                server
      1.3  |                         |                comes up *
        2  |-- past the proxy -------------------------------->|
        3  |                         |<----------------- 502 --|
        4  |                         * thinks                  |
        5  |                         * talks to itself         |`);
});

test("a chart that is too long says how much is left out, and shows the end", () => {
  const play = new Play(HARMLESS);
  for (let at = 0; at < 100; at++) play.note(at, "client", `event ${at}`);
  const lines = drawChart(play, { ...NARROW, chartRowsMax: 8 }).split("\n");

  expect(lines).toHaveLength(10);
  expect(lines[2]).toContain("event 1");
  expect(lines[3]).toContain("... 92 rows left out ...");
  expect(lines[4]).toContain("event 94");
  expect(lines[9]).toContain("event 99");
});

test("rows that come again and again are shown once more, at their end", () => {
  const play = new Play(HARMLESS);
  play.note(0, "client", "opens");
  for (let at = 1; at <= 8; at++) {
    play.arrives(at * 10 + 2, play.leaves(at * 10, "client", "server", `request ${at} [ack 0]`));
    play.note(at * 10 + 2, "server", `answer ${at} [unknown session]`, "client");
  }
  play.note(90, "client", "gives up");
  for (let at = 0; at < 5; at++) play.note(91, "client", "again");

  expect(drawChart(play, NARROW)).toBe(`\
       ms  client                                         server
        0  * opens                                             |
       10  |-- request 1 [ack 0] --------------------- +2 ms ->|
       12  |<-------------------- answer 1 [unknown session] --|
           ... 12 more like these ...
       80  |-- request 8 [ack 0] --------------------- +2 ms ->|
       82  |<-------------------- answer 8 [unknown session] --|
       90  * gives up                                          |
       91  * again                                             |
           ... 3 more like this ...
       91  * again                                             |`);
});

test("rows that differ in more than the number of what is under way are all shown", () => {
  const play = new Play(HARMLESS);
  for (let at = 1; at <= 9; at++) {
    play.note(at, "client", `request ${at} [seq ${at}]`, "server");
    play.note(at, "server", `books ${at}`);
  }
  for (let at = 1; at <= 9; at++) play.leaves(10, "client", "server", `request ${at}`);
  expect(drawChart(play, NARROW).split("\n")).toHaveLength(29);
});

test("texts that are too long are cut, and no row is wider than it may be", () => {
  const play = new Play(HARMLESS);
  const long = "very ".repeat(50);
  play.note(0, "client", long, "server");
  play.note(0, "server", long, "client");
  play.note(0, "client", long);
  play.note(0, "server", long);
  const number = play.leaves(0, "client", "server", long);
  play.note(0, "server", "between");
  play.arrives(0, number, long);
  play.vanishes(0, number, long);
  play.vanishes(0, play.leaves(0, "client", "server", long), long);
  const lines = drawChart(play, NARROW).split("\n");

  expect(lines.filter((line) => line.length > 64)).toEqual([]);
  for (const line of lines.slice(1)) expect(line).toMatch(/^ +0 {2}[|*].*[|*]$/);
});

test("a play keeps the latest notes and counts the others", () => {
  const play = new Play(HARMLESS);
  const early = play.leaves(0, "client", "server", "early");
  for (let at = 0; at < 5 * NOTES_KEPT; at++) play.note(at, "client", "again");
  play.arrives(7, early);

  expect(play.notes.length).toBeLessThanOrEqual(2 * NOTES_KEPT);
  expect(play.notes.length + play.notesLeftOut).toBe(5 * NOTES_KEPT + 2);
  expect(drawChart(play, NARROW)).toContain(`... ${play.notesLeftOut} notes before ...`);
});

test("without notes there is no chart, and noting changes nothing else", () => {
  const play = new Play(HARMLESS, { isNoting: false });
  play.note(0, "client", "opens");
  play.arrives(1, play.leaves(0, "client", "server", "request"));

  expect(drawChart(play)).toBe("");
  expect(play.notes).toEqual([]);
});
