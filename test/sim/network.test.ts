// What a network does to bodies: each fault by itself, on the line, and how often.

import { describe, expect, test } from "vitest";
import {
  type Choices,
  CONNECTIONS_OF_ONE_LIFE,
  fromTape,
  type HttpFaults,
  type Item,
  Line,
  type LineOptions,
  Network,
  type NetworkOptions,
  NO_HTTP_FAULTS,
  PERFECT_LINE,
  PERFECT_NETWORK,
  Partitions,
  Play,
  seeded,
  SimulatedHttp,
} from "../../src/sim/index.ts";

const BODY = new Uint8Array(100).fill(0x55);
const MANY = 20_000;

function lineWith(options: Partial<LineOptions>, choices: Choices = seeded(1)): Line {
  return new Line({ ...PERFECT_LINE, ...options }, new Play(choices, { isNoting: false }));
}

/** Which of many bodies, sent long after each other, arrived. */
function arrivals(line: Line, count = MANY): boolean[] {
  return Array.from({ length: count }, (_, at) => line.carry(at * 1_000, BODY, "x").length > 0);
}

/** How late each of many bodies was. */
function delays(line: Line, count = MANY): number[] {
  return Array.from({ length: count }, (_, at) => {
    const [first] = line.carry(at * 1_000, BODY, "x");
    return (first?.atMs ?? Number.NaN) - at * 1_000;
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}

/** How much of a deviation is found in the next one. */
function correlation(values: readonly number[]): number {
  const middle = mean(values);
  const spread = mean(values.map((each) => (each - middle) ** 2));
  const together = values.slice(1).map((each, at) => {
    return (each - middle) * ((values[at] as number) - middle);
  });
  return mean(together) / spread;
}

/** How long runs of the same are. */
function runs(values: readonly boolean[], of: boolean): number[] {
  const lengths: number[] = [];
  let length = 0;
  for (const value of [...values, !of]) {
    if (value === of) length++;
    else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  return lengths;
}

describe("a line", () => {
  test("that is perfect asks nothing and takes its latency", () => {
    const play = new Play(seeded(1));
    const line = new Line({ ...PERFECT_LINE, latencyMs: 30 }, play);

    expect(line.carry(5, BODY, "request 1")).toEqual([{ atMs: 35, body: BODY }]);
    expect(play.picked).toEqual([]);
  });

  test("loses as many bodies as it is told to, each by itself", () => {
    const arrived = arrivals(lineWith({ loss: 100 }));

    expect(arrived.filter((each) => !each).length / MANY).toBeCloseTo(0.1, 2);
    expect(mean(runs(arrived, false))).toBeCloseTo(1 / 0.9, 1);
  });

  test("loses in bursts as Gilbert and Elliott have it", () => {
    const loss = {
      enterPermille: 20,
      leavePermille: 250,
      lossGoodPermille: 0,
      lossBadPermille: 1_000,
    };
    const arrived = arrivals(lineWith({ loss }));

    // A burst is four long on average, and the line is bad for 20 / (20 + 250) of the time.
    expect(mean(runs(arrived, false))).toBeGreaterThan(3.6);
    expect(mean(runs(arrived, false))).toBeLessThan(4.4);
    expect(arrived.filter((each) => !each).length / MANY).toBeGreaterThan(0.065);
    expect(arrived.filter((each) => !each).length / MANY).toBeLessThan(0.085);
  });

  test("loses in a burst, and out of it, as often as is said", () => {
    const loss = {
      enterPermille: 500,
      leavePermille: 500,
      lossGoodPermille: 0,
      lossBadPermille: 500,
    };

    expect(arrivals(lineWith({ loss })).filter((each) => !each).length / MANY).toBeCloseTo(0.25, 1);
  });

  test("spreads delays evenly around its latency", () => {
    const late = delays(lineWith({ latencyMs: 100, jitterMs: 20 }));

    expect(Math.min(...late)).toBe(80);
    expect(Math.max(...late)).toBe(120);
    expect(mean(late)).toBeCloseTo(100, 0);
    expect(correlation(late)).toBeCloseTo(0, 1);
  });

  test("remembers its last deviation, and spreads no less for it", () => {
    const options = { latencyMs: 1_000, jitterMs: 100 };
    const [free, bound] = [lineWith(options), lineWith({ ...options, jitterCorrelation: 0.8 })].map(
      (line) => delays(line),
    ) as [number[], number[]];
    const spread = (values: number[]): number =>
      Math.sqrt(mean(values.map((x) => (x - 1_000) ** 2)));

    expect(correlation(bound)).toBeCloseTo(0.8, 1);
    expect(spread(bound) / spread(free)).toBeCloseTo(1, 1);
  });

  test("makes some bodies so late that others overtake them", () => {
    const late = delays(lineWith({ latencyMs: 10, reorderPermille: 50, reorderMs: 200 }));
    const held = late.filter((each) => each > 10);

    expect(held.length / MANY).toBeCloseTo(0.05, 2);
    expect(Math.max(...held)).toBe(210);
  });

  test("doubles, each copy with a delay of its own", () => {
    const line = lineWith({ latencyMs: 50, jitterMs: 40, duplicatePermille: 100 });
    const carried = Array.from({ length: MANY }, () => line.carry(0, BODY, "x"));
    const doubled = carried.filter((each) => each.length === 2);

    expect(doubled.length / MANY).toBeCloseTo(0.1, 2);
    expect(doubled.some(([first, second]) => (second?.atMs ?? 0) < (first?.atMs ?? 0))).toBe(true);
  });

  test("cuts bodies short, and flips bits in copies", () => {
    const cut = lineWith({ truncatePermille: 1_000 }).carry(0, BODY, "x")[0]?.body;
    const flipped = lineWith({ flipPermille: 1_000 }).carry(0, BODY, "x")[0]?.body;

    expect(cut?.length).toBeLessThan(BODY.length);
    expect(cut).toEqual(BODY.slice(0, cut?.length));
    expect(flipped?.length).toBe(BODY.length);
    expect(flipped).not.toEqual(BODY);
    expect(BODY.every((each) => each === 0x55)).toBe(true);
  });

  test("carries so many bytes a second, one body after the other", () => {
    const line = lineWith({ latencyMs: 10, bytesPerSecond: 1_000 });
    const times = [0, 0, 0, 1_000].map((atMs) => line.carry(atMs, BODY, "x")[0]?.atMs);

    expect(times).toEqual([110, 210, 310, 1_110]);
  });

  test("is free for others while something else holds a body up", () => {
    const line = lineWith({ latencyMs: 10, bytesPerSecond: 1_000 });

    expect(line.carry(0, BODY, "x", 60_000)).toEqual([{ atMs: 60_010, body: BODY }]);
    expect(line.carry(0, BODY, "x")).toEqual([{ atMs: 210, body: BODY }]);
    // It waits in the queue longer than it is held up.
    expect(line.carry(0, BODY, "x", 20)).toEqual([{ atMs: 310, body: BODY }]);
  });

  test("drops what finds its queue full, and never what finds it empty", () => {
    const play = new Play(fromTape([]));
    const options = { ...PERFECT_LINE, bytesPerSecond: 1_000, queueBytesMax: 250 };
    const line = new Line(options, play);
    const arrived = [0, 0, 0, 0].map(() => line.carry(0, BODY, "x").length);

    expect(arrived).toEqual([1, 1, 0, 0]);
    expect(play.marks.get("queue full")).toBe(2);
    expect(line.carry(10_000, new Uint8Array(1_000), "x")).toHaveLength(1);
  });

  test("that is healed asks nothing, and keeps its latency and its rate", () => {
    const play = new Play(seeded(1));
    const all = { loss: 1_000, duplicatePermille: 1_000, flipPermille: 1_000, jitterMs: 9 };
    const line = new Line({ ...PERFECT_LINE, ...all, bytesPerSecond: 1_000 }, play);
    line.heal();

    expect(line.carry(0, BODY, "x")).toEqual([{ atMs: 101, body: BODY }]);
    expect(play.picked).toEqual([]);
  });
});

describe("partitions", () => {
  const options = {
    checkMs: 1_000,
    permille: 500,
    lengthMinMs: 100,
    lengthMaxMs: 300,
    cuts: ["both", "up", "down"] as const,
  };

  test("begin at moments that are asked for, last as long as is said, and go each way", () => {
    const play = new Play(seeded(1));
    const partitions = new Partitions(options, play);
    const ways = new Set<string>();
    for (let cuts = 0; cuts < 200;) {
      const atMs = partitions.nextAtMs;
      partitions.handleTimeout(atMs);
      if (partitions.cut === undefined) continue;
      cuts++;
      ways.add(partitions.cut);
      expect(atMs % 1_000).toBe(0);
      expect(partitions.endAtMs - atMs).toBeGreaterThanOrEqual(100);
      expect(partitions.endAtMs - atMs).toBeLessThanOrEqual(300);
      expect(partitions.isCut("up")).toBe(partitions.cut !== "down");
      expect(partitions.isCut("down")).toBe(partitions.cut !== "up");
    }

    expect(ways).toEqual(new Set(["both", "up", "down"]));
    expect(play.picked[0]?.label).toBe("the network is cut at 1000 ms");
  });

  test("are not asked for where there are none", () => {
    const none = new Partitions({ ...options, permille: 0 }, new Play(seeded(1)));

    expect(none.nextAtMs).toBe(Infinity);
  });
});

// --- HTTP ---------------------------------------------------------------------------------------

/** A network whose chosen questions are answered by 1 and all others by 0. */
class Bench {
  readonly http: SimulatedHttp = new SimulatedHttp();
  readonly play: Play;
  readonly network: Network;
  private readonly asked: string[] = [];

  constructor(faults: Partial<HttpFaults>, harm: RegExp, others: Partial<NetworkOptions> = {}) {
    const choices: Choices = {
      pick: (count, label) => {
        this.asked.push(label);
        return harm.test(label) ? Math.min(1, count - 1) : 0;
      },
    };
    this.play = new Play(choices);
    const options = { ...PERFECT_NETWORK, http: { ...NO_HTTP_FAULTS, ...faults }, ...others };
    this.network = new Network(this.http, options, this.play);
  }

  send(exchange: number, body: Uint8Array = BODY): void {
    this.network.handleSent(this.http.sendRequest(exchange, body));
  }

  answer(handle: number, body: Uint8Array = BODY): void {
    const item = this.http.sendAnswer(handle, body);
    if (item !== undefined) this.network.handleSent(item);
  }

  /** What is on its way, as it will arrive. */
  get arriving(): string[] {
    return this.http.items
      .toSorted((left, right) => left.atMs - right.atMs)
      .map(({ kind, exchange, atMs, status, notSent }) => {
        const more = status === 0 || status === 200 ? "" : ` ${status}`;
        return `${atMs}: ${kind} ${exchange}${more}${notSent ? " not sent" : ""}`;
      });
  }

  /** The next item arrives; a request's handle. */
  take(): number {
    const item = this.network.nextItem as Item;
    this.network.nowMs = Math.max(this.network.nowMs, item.atMs);
    this.network.handleArrived(item);
    if (item.kind === "request") return this.http.takeRequest(item);
    this.http.takeAnswer(item);
    return 0;
  }

  advance(toMs: number): void {
    this.network.nowMs = toMs;
    this.network.handleTimeout();
  }

  get marks(): string[] {
    return [...this.play.marks.keys()];
  }
}

describe("HTTP on a network", () => {
  test("passes on and asks nothing where nothing may go wrong", () => {
    const bench = new Bench({}, /./);
    bench.send(1);
    bench.answer(bench.take());

    expect(bench.arriving).toEqual(["2: answer 1"]);
    expect(bench.play.picked).toEqual([]);
  });

  test("loses an answer after the request arrived, and the client sees an error", () => {
    const bench = new Bench({ responseLostPermille: 10 }, /answer 1 is lost on an error/);
    bench.send(1);
    bench.answer(bench.take());

    expect(bench.arriving).toEqual(["3: failure 1"]);
    expect(bench.marks).toEqual(["answer lost"]);
  });

  test.each([
    [/request 1 fails$/, ["2: failure 1 not sent"]],
    [/request 1 fails/, ["2: failure 1"]],
  ])("fails before a request arrives, whether that is known or not: %s", (harm, arriving) => {
    const bench = new Bench({ requestFailsPermille: 10 }, harm);
    bench.send(1);

    expect(bench.arriving).toEqual(arriving);
    expect(bench.marks).toEqual(["request fails"]);
  });

  test.each([
    [/by its host/, ["1: request 1", "2: failure 1"]],
    [/by its host|before it arrives/, ["2: failure 1"]],
  ])("lets the client's host cut a request that arrives or not: %s", (harm, arriving) => {
    const bench = new Bench({ clientAbortPermille: 10 }, harm);
    bench.send(1);

    expect(bench.arriving).toEqual(arriving);
    expect(bench.marks).toEqual(["client aborts"]);
  });

  test.each([
    [/by the middle/, ["1: request 1", "3: answer 1 502"]],
    [/by the middle|504/, ["1: request 1", "3: answer 1 504"]],
    [/by the middle|no further/, ["3: answer 1 502"]],
  ])("lets the middle answer itself, and pass on or not: %s", (harm, arriving) => {
    const bench = new Bench({ gatewayPermille: 10 }, harm);
    bench.send(1);

    expect(bench.arriving).toEqual(arriving);
    expect(bench.marks).toEqual(["gateway"]);
  });

  test("lets the middle answer with a page that looks like an answer", () => {
    const bench = new Bench({ pagePermille: 10 }, /with a page/);
    bench.send(1);

    expect(bench.arriving).toEqual(["1: request 1", "3: answer 1"]);
    expect(bench.marks).toEqual(["page"]);
  });

  test("lets the middle send a request again", () => {
    const bench = new Bench({ replayPermille: 10, replayMs: 50 }, /sent again/);
    bench.send(1);

    expect(bench.arriving).toEqual(["1: request 1", "2: request 1"]);
    expect(bench.marks).toEqual(["replayed"]);
  });

  test("holds an answer back", () => {
    const bench = new Bench({ bufferPermille: 10, bufferMs: 500 }, /held back$/);
    bench.send(1);
    bench.answer(bench.take());

    expect(bench.arriving).toEqual(["3: answer 1"]);
    expect(bench.marks).toEqual(["buffered"]);
  });

  test("cuts a parked request by an idle timer, and what is answered then goes nowhere", () => {
    const bench = new Bench({ parkedIdleMs: 1_000 }, /by an idle timer/);
    bench.send(1);
    const handle = bench.take();
    expect(bench.network.nextAtMs).toBe(1_001);
    bench.advance(1_001);
    bench.answer(handle);

    expect(bench.arriving).toEqual(["1002: failure 1"]);
    expect(bench.marks).toEqual(["idle cut"]);
    bench.take();
    expect(bench.network.nextAtMs).toBe(Infinity);
  });

  test("does not cut what was answered in time", () => {
    const bench = new Bench({ parkedIdleMs: 1_000 }, /./);
    bench.send(1);
    bench.answer(bench.take());

    expect(bench.network.nextAtMs).toBe(Infinity);
  });

  test("refuses a request that is too large, also when all else is healed", () => {
    const bench = new Bench({ requestBytesMax: 99 }, /./);
    bench.network.heal();
    bench.send(1);

    expect(bench.arriving).toEqual(["1: answer 1 413"]);
    expect(bench.marks).toEqual(["too large"]);
  });

  test("loses all connections when the middle restarts", () => {
    const faults = { restartCheckMs: 1_000, restartPermille: 10 };
    const bench = new Bench(faults, /the middle restarts at 1000 ms/);
    bench.send(1);
    const handle = bench.take();
    bench.send(2);
    bench.advance(1_000);
    bench.answer(handle);

    expect(bench.arriving).toEqual(["1002: failure 1", "1002: failure 2"]);
    expect(bench.marks).toEqual(["middle restarts"]);
    bench.advance(3_000);
    expect(bench.play.picked.map(({ label }) => label)).toEqual([
      "the middle restarts at 1000 ms",
      "the middle restarts at 2000 ms",
      "the middle restarts at 3000 ms",
    ]);
  });

  test("forgets what a server held that is gone", () => {
    const bench = new Bench({}, /./);
    bench.send(1);
    bench.take();
    bench.send(2);
    bench.network.dropHeld();

    expect(bench.http.held.size).toBe(0);
    expect(bench.arriving).toEqual(["2: request 2", "3: failure 1"]);
  });

  test.each([
    [/is lost while/, "cut off", []],
    [/nothing/, "held up", ["1151: request 1"]],
  ])("loses what is sent while the network is cut, or holds it up: %s", (harm, mark, arriving) => {
    const partitions = {
      checkMs: 1_000,
      permille: 10,
      lengthMinMs: 150,
      lengthMaxMs: 150,
      cuts: ["up"] as const,
    };
    const bench = new Bench({}, new RegExp(`the network is cut at 1000 ms|${harm.source}`), {
      partitions,
    });
    bench.advance(1_000);
    bench.send(1);

    expect(bench.arriving).toEqual(arriving);
    expect(bench.marks).toEqual(["partition", "partition up", mark]);
  });

  test("carries what is sent after a cut has healed at once, whatever the cut held up", () => {
    const partitions = {
      checkMs: 1_000,
      permille: 10,
      lengthMinMs: 60_000,
      lengthMaxMs: 60_000,
      cuts: ["both"] as const,
    };
    const up = { ...PERFECT_LINE, bytesPerSecond: 1_000_000 };
    const bench = new Bench({}, /the network is cut at 1000 ms/, { partitions, up });
    bench.advance(1_000);
    bench.send(1);
    bench.network.heal();
    bench.send(2);

    expect(bench.arriving).toEqual(["1001.2: request 2", "61001: request 1"]);
  });

  test("asks whether a request that is given up is recalled, and says where it goes", () => {
    const bench = new Bench({}, /recalled in time/);
    bench.send(1);
    bench.send(2 + CONNECTIONS_OF_ONE_LIFE);

    expect(bench.network.requestSurvives(1)).toBe(false);
    expect(bench.network.requestSurvives(2 + CONNECTIONS_OF_ONE_LIFE)).toBe(false);
    expect(bench.play.picked.map(({ label }) => label)).toEqual([
      "request 1 is recalled in time",
      "request 2 of life 2 is recalled in time",
    ]);
  });

  test("notes what leaves, arrives and is lost", () => {
    const bench = new Bench({ responseLostPermille: 10 }, /lost on an error/);
    bench.send(1);
    bench.answer(bench.take());

    expect(bench.play.notes.map(({ kind, from, text }) => `${from} ${kind} ${text}`)).toEqual([
      "client leaves request 1 [100 bytes]",
      "client arrives ",
      "server leaves answer 1 [100 bytes]",
      "server lost ",
    ]);
  });
});
