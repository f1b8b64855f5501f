// For how long requests may be held: learned from those that are cut, in a time of its own.

import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Outcome, ExchangeSignal } from "../../src/session/carrier.ts";
import { connectOver } from "../../src/session/client-session.ts";
import { HoldTime } from "../../src/session/hold-time.ts";
import { platform } from "../../src/session/host.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { pass, settle, stopTime } from "./pair.ts";

beforeEach(stopTime);

/** A request that leaves at a time, and is cut after another. */
function cut(holds: HoldTime, sentAtMs: number, heldMs: number): void {
  holds.noteCut(sentAtMs + heldMs, holds.begin(sentAtMs));
}

describe("the time after which requests are cut", () => {
  test("is known when two have been cut one after the other after about the same time", () => {
    const holds = new HoldTime();
    expect(holds.begin(0).renewAtMs).toBe(Infinity);
    cut(holds, 0, 2_010);
    expect(holds.limitMs).toBe(Infinity);
    cut(holds, 2_010, 2_000);
    expect(holds.limitMs).toBe(1_500);
    expect(holds.begin(4_010)).toEqual({ sentAtMs: 4_010, renewAtMs: 5_510, isTrial: false });
  });

  test.each([
    ["different times", [0, 9_000], [9_000, 4_000]],
    ["one and the same time", [0, 2_000], [10, 1_990]],
    ["accidents that come soon", [0, 900], [900, 900]],
  ] as const)("is not learned from %s", (_what, [first, after], [second, afterThat]) => {
    const holds = new HoldTime();
    const terms = [holds.begin(first), holds.begin(second)] as const;
    holds.noteCut(first + after, terms[0]);
    holds.noteCut(second + afterThat, terms[1]);
    expect(holds.limitMs).toBe(Infinity);
  });

  test("is not learned where a request was held for longer in between", () => {
    const holds = new HoldTime();
    cut(holds, 0, 2_000);
    holds.noteAnswered(27_000, holds.begin(2_000));
    cut(holds, 27_000, 2_000);
    expect(holds.limitMs).toBe(Infinity);
    cut(holds, 29_000, 2_000);
    expect(holds.limitMs).toBe(1_500);
  });

  test("is learned anew where requests are cut in spite of it", () => {
    const holds = new HoldTime();
    cut(holds, 0, 20_000);
    cut(holds, 20_000, 20_000);
    expect(holds.limitMs).toBe(15_000);
    cut(holds, 40_000, 5_000);
    cut(holds, 45_000, 5_000);
    expect(holds.limitMs).toBe(3_750);
  });

  test("leaves less of it where requests are cut after it all the same", () => {
    const holds = new HoldTime();
    const limits: number[] = [];
    for (let atMs = 0; limits.length < 6; atMs += 4_000) {
      cut(holds, atMs, 2_000);
      cut(holds, atMs + 2_000, 2_000);
      limits.push(holds.limitMs);
    }
    expect(limits).toEqual([1_500, 1_125, 843.75, 632.8125, 500, 500]);
    holds.noteAnswered(1_000_000, { sentAtMs: 0, renewAtMs: Infinity, isTrial: true });
    cut(holds, 1_000_000, 2_000);
    cut(holds, 1_002_000, 2_000);
    expect(holds.limitMs).toBe(1_500);
  });

  test("does not count requests that left before it was learned", () => {
    const holds = new HoldTime();
    const early = [holds.begin(3_500), holds.begin(3_600)] as const;
    cut(holds, 0, 2_000);
    cut(holds, 2_000, 2_000);
    for (const term of early) holds.noteCut(7_000, term);
    cut(holds, 7_000, 3_400);
    expect(holds.limitMs).toBe(1_500);
  });
});

describe("after a while one request finds out whether it still is so", () => {
  const MINUTE_MS = 60_000;

  function learned(): HoldTime {
    const holds = new HoldTime();
    cut(holds, -4_000, 2_000);
    cut(holds, -2_000, 2_000);
    return holds;
  }

  test("one at a time, and less often each time that it is", () => {
    const holds = learned();
    expect(holds.begin(10 * MINUTE_MS - 1).isTrial).toBe(false);
    const trial = holds.begin(10 * MINUTE_MS);
    expect(trial).toMatchObject({ renewAtMs: Infinity, isTrial: true });
    expect(holds.begin(10 * MINUTE_MS).isTrial).toBe(false);
    holds.noteCut(10 * MINUTE_MS + 2_000, trial);
    expect(holds.limitMs).toBe(1_500);
    expect(holds.begin(30 * MINUTE_MS + 1_999).isTrial).toBe(false);
    let atMs = 30 * MINUTE_MS + 2_000;
    for (const minutes of [40, 60, 60]) {
      const next = holds.begin(atMs);
      expect(next.isTrial).toBe(true);
      holds.noteCut(atMs, { ...next, sentAtMs: atMs - 2_000 });
      atMs += minutes * MINUTE_MS;
      expect(holds.begin(atMs - 1).isTrial).toBe(false);
    }
  });

  test("and when it is answered later than that, everything is forgotten", () => {
    const holds = learned();
    const trial = holds.begin(10 * MINUTE_MS);
    holds.noteAnswered(10 * MINUTE_MS + 25_000, trial);
    expect(holds.limitMs).toBe(Infinity);
    expect(holds.begin(60 * MINUTE_MS)).toMatchObject({ renewAtMs: Infinity, isTrial: false });
  });

  test("and when it is answered sooner, the next one does", () => {
    const holds = learned();
    const trial = holds.begin(10 * MINUTE_MS);
    holds.noteAnswered(10 * MINUTE_MS + 100, trial);
    expect(holds.begin(10 * MINUTE_MS + 100).isTrial).toBe(true);
  });

  test("and when it is cut later, that is the time", () => {
    const holds = learned();
    holds.noteCut(10 * MINUTE_MS + 8_000, holds.begin(10 * MINUTE_MS));
    expect(holds.limitMs).toBe(6_000);
  });

  test("and when it fails by accident, it is tried again later", () => {
    const holds = learned();
    holds.noteCut(10 * MINUTE_MS + 1_200, holds.begin(10 * MINUTE_MS));
    expect(holds.limitMs).toBe(1_500);
    expect(holds.begin(20 * MINUTE_MS).isTrial).toBe(true);
  });
});

/** Somebody on the way cuts requests that are not answered in time. */
class ImpatientLine extends MemoryCarrier {
  readonly origin: string;
  /** After so long; by a failure, or an empty answer. */
  cutAfterMs = 2_000;
  isEmpty = false;
  /** Each way to whoever cuts them takes so long. */
  wayMs = 0;
  cutShort = 0;

  constructor(server: SessionServer, origin: string) {
    super(server);
    this.origin = origin;
  }

  override async exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    await passed(this.wayMs);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => {
        this.cutShort++;
        if (this.isEmpty) resolve({ kind: "answer", bytes: new Uint8Array() });
        else resolve({ kind: "failure", reason: "http_504", isTooLarge: false });
      }, this.cutAfterMs);
    });
    const outcome = await Promise.race([late, super.exchange(body, signal)]);
    clearTimeout(timer);
    await passed(this.wayMs);
    return outcome;
  }
}

function passed(ms: number): Promise<void> | undefined {
  return ms === 0 ? undefined : new Promise((resolve) => void setTimeout(resolve, ms));
}

describe("a session whose requests are cut after 2 s", () => {
  function join(origin = "http://impatient.example"): {
    line: ImpatientLine;
    heard: unknown[];
    peer: () => PeerSession | undefined;
    lost: unknown[];
  } {
    let peer: PeerSession | undefined;
    const server = new SessionServer({
      onError: platform.rethrow,
      onSession: (session) => void (peer = session),
    });
    const line = new ImpatientLine(server, origin);
    const session = connectOver(line, msgpack);
    const [heard, lost]: unknown[][] = [[], []];
    session.onBundle((messages) => void heard?.push(...messages));
    session.on("lost", (info) => void lost?.push(info));
    onTestFinished(() => {
      session.abort();
      server.abort();
    });
    return { line, heard: heard ?? [], peer: () => peer, lost: lost ?? [] };
  }

  test.each([false, true])(
    "has none cut any more after the second (empty: %s)",
    async (isEmpty) => {
      const { line, heard, peer, lost } = join(`http://impatient-${String(isEmpty)}.example`);
      line.isEmpty = isEmpty;
      await pass(6_000, 50);
      expect(line.cutShort).toBeLessThanOrEqual(3);
      const { cutShort } = line;
      const before = line.exchanges;
      for (let minute = 0; minute < 5; minute++) {
        await pass(60_000, 100);
        peer()?.send(minute);
      }
      await settle();
      expect(line.cutShort).toBe(cutShort);
      // One each 1.5 s, and no more.
      expect(line.exchanges - before).toBeGreaterThan(190);
      expect(line.exchanges - before).toBeLessThan(215);
      expect(heard).toEqual([0, 1, 2, 3, 4]);
      expect(lost).toEqual([]);
    },
  );

  test("has none cut any more where a round trip takes half as long, either", async () => {
    const { line } = join("http://far-away.example");
    line.wayMs = 500;
    await pass(60_000, 50);
    const { cutShort } = line;
    expect(cutShort).toBeGreaterThan(2);
    await pass(120_000, 50);
    expect(line.cutShort).toBe(cutShort);
  });

  test("spares the next session of its origin that", async () => {
    join();
    await pass(10_000, 50);
    const { line } = join();
    await pass(60_000, 100);
    expect(line.cutShort).toBe(0);
  });

  test("holds requests for as long as the server likes when nobody cuts them any more", async () => {
    const { line } = join("http://patient-again.example");
    await pass(10_000, 50);
    line.cutAfterMs = 100_000_000;
    await pass(700_000, 200);
    const before = line.exchanges;
    await pass(250_000, 200);
    expect(line.exchanges - before).toBeLessThan(12);
  });
});
