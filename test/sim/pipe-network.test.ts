// What a network does to pipes, one thing at a time.

import { expect, test } from "vitest";
import {
  type Choices,
  Network,
  type NetworkOptions,
  NO_PIPE_FAULTS,
  PERFECT_LINE,
  PERFECT_NETWORK,
  type PipeFaults,
  type PipeItem,
  type PipeKind,
  Play,
  SimulatedHttp,
  type SimulatedPipe,
  type Way,
} from "../../src/sim/index.ts";

const BODY = Uint8Array.of(1, 2, 3);

/** How a question is answered. */
type Answer = (label: string) => number;

/** A network whose chosen questions are answered by 1, or as is said, and all others by 0. */
class Bench {
  readonly http: SimulatedHttp = new SimulatedHttp();
  readonly network: Network;
  readonly play: Play;

  constructor(
    faults: Partial<PipeFaults>,
    harm: RegExp | Answer,
    others: Partial<NetworkOptions> = {},
  ) {
    const answer: Answer = typeof harm === "function" ? harm : (label) => Number(harm.test(label));
    const choices: Choices = {
      pick: (count, label) => Math.min(answer(label), count - 1),
    };
    this.play = new Play(choices);
    const pipes = { ...NO_PIPE_FAULTS, ...faults };
    this.network = new Network(this.http, { ...PERFECT_NETWORK, ...others, pipes }, this.play);
  }

  begin(kind: PipeKind = "duplex"): SimulatedPipe {
    const { pipes } = this.http;
    return pipes.begin(kind, pipes.count + 1);
  }

  send(pipe: SimulatedPipe, way: Way, body: Uint8Array = BODY): void {
    const { pipes } = this.http;
    const item =
      way === "up"
        ? pipes.transmit("client", pipe.link, body)
        : pipes.transmit("server", pipe.number, body);
    if (item !== undefined) this.network.handlePipeSent(pipe.number, way, item);
  }

  hangUp({ number, link }: SimulatedPipe): void {
    const item = this.http.pipes.hangUp("client", link);
    if (item !== undefined) this.network.handlePipeSent(number, "up", item);
  }

  /** What is on its way there, as it will arrive. */
  on({ number }: SimulatedPipe, way: Way): string[] {
    const items: readonly PipeItem[] = this.http.pipes.all.get(number)?.[way] ?? [];
    return items.map(({ kind, atMs }) => `${atMs}: ${kind}`);
  }

  take({ number }: SimulatedPipe, way: Way): void {
    const [item] = this.http.pipes.all.get(number)?.[way] ?? [];
    if (item === undefined) throw new Error("nothing is on its way");
    this.network.nowMs = Math.max(this.network.nowMs, item.atMs);
    this.network.handlePipeArrived(number, way, item);
    this.http.pipes.take(number, way);
  }

  get marks(): string[] {
    return [...this.play.marks.keys()];
  }
}

test("a pipe that nothing happens to carries both ways, and nothing is asked", () => {
  const bench = new Bench({}, /./);
  const pipe = bench.begin();

  bench.send(pipe, "up");
  bench.network.nowMs = 5;
  bench.send(pipe, "down");

  expect(bench.on(pipe, "up")).toEqual(["1: body"]);
  expect(bench.on(pipe, "down")).toEqual(["6: body"]);
  expect(bench.network.pipeOpensAtMs()).toBe(7);
  expect(bench.play.picked).toEqual([]);
});

test("what a line loses is sent again, and what is behind it waits", () => {
  const up = { ...PERFECT_LINE, loss: 100 };
  const bench = new Bench({}, /body 1 up on pipe 1 is lost/, { up });
  const pipe = bench.begin();

  bench.send(pipe, "up");
  bench.send(pipe, "up");

  expect(bench.on(pipe, "up")).toEqual(["201: body", "201: body"]);
  expect(bench.marks).toEqual(["lost"]);
});

test("a narrow line carries one thing after the other", () => {
  const down = { ...PERFECT_LINE, bytesPerSecond: 1_000, queueBytesMax: 0 };
  const bench = new Bench({}, /./, { down });
  const pipe = bench.begin();

  bench.send(pipe, "down", new Uint8Array(100));
  bench.send(pipe, "down", new Uint8Array(100));

  expect(bench.on(pipe, "down")).toEqual(["101: body", "201: body"]);
});

test.each([
  ["neither", 0, ["12: end"], ["12: end"]],
  ["the server", 1, [], ["12: end"]],
  ["the client", 2, ["12: end"], []],
  ["both", 3, [], []],
])("a pipe breaks with what is on it, and %s is not told", (_, answer, up, down) => {
  const faults = { breaksPermille: 5, halfOpenPermille: 500, toldWithinMs: 10 };
  const bench = new Bench(faults, (label) => {
    if (label.includes("who is not told")) return answer;
    if (label.includes("is told of its end after")) return 10;
    return Number(label.endsWith("body 2 down on pipe 1 breaks it"));
  });
  const pipe = bench.begin();
  bench.send(pipe, "up");
  bench.send(pipe, "down");

  bench.send(pipe, "down");
  bench.send(pipe, "down");

  expect(bench.on(pipe, "up")).toEqual(up);
  expect(bench.on(pipe, "down")).toEqual(down);
  expect(bench.marks).toContain("pipe breaks with bodies on it");
  expect(bench.marks.includes("pipe half-open")).toBe(answer !== 0);
});

test("the end of a pipe is told behind what has left, or not at all", () => {
  const told = new Bench({ halfOpenPermille: 500 }, /nothing/);
  const pipe = told.begin();
  told.send(pipe, "up");
  told.hangUp(pipe);
  expect(told.on(pipe, "up")).toEqual(["1: body", "1: end"]);

  const untold = new Bench({ halfOpenPermille: 500 }, /end 1 up on pipe 1 is not told/);
  const other = untold.begin();
  untold.hangUp(other);
  expect(untold.on(other, "up")).toEqual([]);
});

test("a stream is held back until enough has come, and then comes all at once", () => {
  const bench = new Bench({ heldBackPermille: 500, heldBackBytes: 6 }, /is held back/);
  const pipe = bench.begin("stream");

  bench.send(pipe, "down");
  expect(bench.on(pipe, "down")).toEqual(["Infinity: body"]);
  bench.network.nowMs = 100;
  bench.send(pipe, "down");

  expect(bench.on(pipe, "down")).toEqual(["101: body", "101: body"]);
});

test("a stream that is held back stays so when all else is healed, and pipes are not held back", () => {
  const bench = new Bench({ heldBackPermille: 500 }, /is held back/);
  const stream = bench.begin("stream");
  bench.send(stream, "down");
  const duplex = bench.begin();
  bench.send(duplex, "down");

  bench.network.heal();
  bench.send(stream, "down");

  expect(bench.on(stream, "down")).toEqual([]);
  expect(bench.on(duplex, "down")).toEqual(["1: body"]);
});

test.each([
  ["down", 0, true, false],
  ["up", 1, false, true],
  ["either way", 2, true, true],
])("a mute pipe carries nothing %s", (_, answer, isDownDeaf, isUpDeaf) => {
  const bench = new Bench({ mutePermille: 100 }, (label) =>
    label.includes("carries nothing") ? answer : Number(label.includes("is mute")),
  );
  const pipe = bench.begin();

  bench.send(pipe, "up");
  bench.send(pipe, "down");

  expect(bench.on(pipe, "down")).toEqual(isDownDeaf ? [] : ["1: body"]);
  expect(bench.on(pipe, "up")).toEqual(isUpDeaf ? [] : ["1: body"]);
});

test("a pipe that is silent for too long breaks", () => {
  const bench = new Bench({ idleMs: 1_000 }, /nothing/);
  const pipe = bench.begin();
  bench.send(pipe, "up");
  expect(bench.network.nextAtMs).toBe(1_000);
  bench.take(pipe, "up");
  expect(bench.network.nextAtMs).toBe(1_001);

  bench.network.nowMs = 1_001;
  bench.network.handleTimeout();

  expect(bench.on(pipe, "down")).toEqual(["1003: end"]);
  expect(bench.marks).toEqual(["pipe idle"]);
  expect(bench.network.nextAtMs).toBe(Infinity);
});

test("a connection opens late or never, while not all is healed", () => {
  const late = new Bench({ opensWithinMs: 300 }, (label) =>
    label.includes("opens later") ? 250 : 0,
  );
  expect(late.network.pipeOpensAtMs()).toBe(252);

  const never = new Bench({ neverOpensPermille: 100 }, /never opens/);
  expect(never.network.pipeOpensAtMs()).toBe(Infinity);
  never.network.heal();
  expect(never.network.pipeOpensAtMs()).toBe(2);
});

test("a body is damaged, and arrives", () => {
  const bench = new Bench({ damagedPermille: 5 }, /is damaged$/);
  const pipe = bench.begin();

  bench.send(pipe, "up");

  const [item] = bench.http.pipes.all.get(1)?.up ?? [];
  expect([...(item?.body ?? [])]).toEqual([0x81, 2, 3]);
});

test("while the network is cut a body waits, or breaks its pipe", () => {
  const partitions = {
    checkMs: 10,
    permille: 500,
    lengthMinMs: 100,
    lengthMaxMs: 100,
    cuts: ["both"] as const,
  };
  for (const [harm, expected] of [
    [/is cut at/, ["111: body"]],
    [/is cut at|breaks it while/, ["12: end"]],
  ] as const) {
    const bench = new Bench({}, harm, { partitions });
    bench.network.nowMs = 10;
    bench.network.handleTimeout();
    const pipe = bench.begin();

    bench.send(pipe, "up");

    expect(bench.on(pipe, "up")).toEqual(expected);
  }
});

test("when a proxy restarts all pipes break", () => {
  const bench = new Bench({}, /nothing/);
  const pipes = [bench.begin(), bench.begin("stream")];
  for (const pipe of pipes) bench.send(pipe, "up");

  bench.network.breakConnections();

  for (const pipe of pipes) expect(bench.on(pipe, "up")).toEqual(["2: end"]);
});
