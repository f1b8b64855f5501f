// Turns among pages, with locks as browsers have them; pages are asked for in order.

import { afterEach, describe, expect, test, vi } from "vitest";
import { FetchCarrier } from "../../src/http/fetch-carrier.ts";
import { sharedTurns } from "../../src/http/shared-turns.ts";
import type { Turns } from "../../src/session/carrier.ts";
import { until } from "../waiting.ts";

const SLOTS = 4;
const ORIGIN = "http://127.0.0.1:1";

/** Web Locks, as far as they are used: exclusive, in the order of asking, abortable. */
class FakeLocks {
  readonly #held: Map<string, (() => void)[]> = new Map();

  async request<Result>(
    name: string,
    { signal }: { readonly signal: AbortSignal },
    use: () => Result,
  ): Promise<Awaited<Result>> {
    const waiting = this.#held.get(name);
    if (waiting !== undefined) {
      await new Promise<void>((resolve, reject) => {
        waiting.push(resolve);
        signal.addEventListener("abort", () => {
          if (!waiting.includes(resolve)) return;
          waiting.splice(waiting.indexOf(resolve), 1);
          reject(signal.reason as Error);
        });
      });
    } else {
      signal.throwIfAborted();
      this.#held.set(name, []);
    }
    try {
      return await use();
    } finally {
      const next = this.#held.get(name)?.shift();
      if (next === undefined) this.#held.delete(name);
      else next();
    }
  }

  get names(): readonly string[] {
    return [...this.#held.keys()];
  }
}

/** A page that asks again and again, as a session does. */
class Asking {
  turns = 0;
  hasTurn = false;
  atMs = 0;
  readonly #shared: Turns;
  readonly #order: number[];
  readonly #number: number;
  giveBack: () => void = () => {};

  constructor(shared: Turns, number: number, order: number[]) {
    this.#shared = shared;
    this.#number = number;
    this.#order = order;
  }

  ask(isAgain: boolean): void {
    this.giveBack = this.#shared.ask(
      () => {
        this.turns++;
        this.hasTurn = true;
        this.atMs = performance.now();
        this.#order.push(this.#number);
      },
      () => {
        this.hasTurn = false;
        this.giveBack();
        if (isAgain) this.ask(true);
      },
    );
  }
}

function install(): FakeLocks {
  const locks = new FakeLocks();
  vi.stubGlobal("navigator", { locks });
  return locks;
}

/** Locks as frames without an origin have them: there, and refused. */
function refusing(locks: FakeLocks, which: "all" | "slots"): Pick<FakeLocks, "request"> {
  return {
    request: (name, options, use) =>
      which === "slots" && name.endsWith("gate")
        ? locks.request(name, options, use)
        : Promise.reject(new DOMException("refused", "SecurityError")),
  };
}

/** So do browsers where pages are to keep nothing. */
function refusingChannels(): never {
  throw new DOMException("refused", "SecurityError");
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function pages(count: number): { readonly all: Asking[]; readonly order: number[] } {
  const order: number[] = [];
  const all = Array.from({ length: count }, (_, number) => {
    const shared = sharedTurns(ORIGIN);
    if (shared === undefined) throw new Error("no turns");
    return new Asking(shared, number, order);
  });
  return { all, order };
}

describe("turns that pages share", () => {
  test("go to four at once, in the order of asking, and round", async () => {
    const locks = install();
    const { all, order } = pages(10);
    for (const page of all) page.ask(true);
    let most = 0;
    await until(() => {
      most = Math.max(most, all.filter(({ hasTurn }) => hasTurn).length);
      return all.every(({ turns }) => turns >= 2);
    }, "two turns for each");
    for (const page of all) page.giveBack();

    expect(most).toBe(SLOTS);
    expect(order.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const turns = all.map((page) => page.turns);
    expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
    await until(() => locks.names.length === 0, "the return of all locks");
  });

  test("last for as long as nobody waits", async () => {
    install();
    const { all } = pages(SLOTS + 1);
    const [last, ...first] = all.toReversed();
    for (const page of first) page.ask(false);
    await until(() => first.every(({ hasTurn }) => hasTurn), "four turns");
    const sinceMs = performance.now();
    last?.ask(false);
    await until(() => last?.hasTurn === true, "a turn of the one that waits");

    expect((last?.atMs ?? 0) - sinceMs).toBeLessThan(5_000);
    expect(first.filter(({ hasTurn }) => hasTurn).length).toBeLessThan(SLOTS);
    for (const page of all) page.giveBack();
  });

  test("go on when who has one gives it back, and when who waits has gone", async () => {
    const locks = install();
    const { all, order } = pages(SLOTS + 3);
    for (const page of all) page.ask(false);
    await until(() => order.length === SLOTS, "four turns");
    all[SLOTS]?.giveBack();
    all[SLOTS + 1]?.giveBack();
    all[0]?.giveBack();
    await until(() => order.length === SLOTS + 1, "the turn of the last");

    expect(order.at(-1)).toBe(SLOTS + 2);
    for (const page of all) page.giveBack();
    await until(() => locks.names.length === 0, "the return of all locks");
  });

  test.each([
    ["at all", "all"],
    ["but for the gate", "slots"],
  ] as const)("are for good where locks are refused %s", async (_what, which) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const locks = install();
    vi.stubGlobal("navigator", { locks: refusing(locks, which) });
    const { all } = pages(SLOTS + 2);
    for (const page of all) page.ask(false);
    await vi.advanceTimersByTimeAsync(0);

    expect(all.map(({ hasTurn }) => hasTurn)).toEqual(all.map(() => true));
    // Nobody asks again and again for what there is.
    expect(vi.getTimerCount()).toBe(0);
    for (const page of all) page.giveBack();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.map(({ turns }) => turns)).toEqual(all.map(() => 1));
    expect(locks.names).toEqual([]);
  });

  test("that are given back before they are refused do not come", async () => {
    vi.stubGlobal("navigator", { locks: refusing(install(), "all") });
    const { all, order } = pages(1);
    for (const page of all) page.ask(false);
    for (const page of all) page.giveBack();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual([]);
  });

  test("are none without locks, and where requests may not be held", () => {
    expect(new FetchCarrier(ORIGIN, { sharesConnections: true }).requests).toBe("parked");
    vi.stubGlobal("navigator", {});
    expect(sharedTurns(ORIGIN)).toBeUndefined();
    install();
    vi.stubGlobal("BroadcastChannel", refusingChannels);
    expect(sharedTurns(ORIGIN)).toBeUndefined();
    vi.unstubAllGlobals();
    install();
    const shared = new FetchCarrier(ORIGIN, { sharesConnections: true });
    expect(shared.requests).toBe("turns");
    expect(shared.pipes.map(({ name }) => name)).not.toContain("stream");
    expect(new FetchCarrier(ORIGIN).turns).toBeUndefined();
    const links = ["stream"] as const;
    expect(new FetchCarrier(ORIGIN, { sharesConnections: true, links }).turns).toBeUndefined();
    const wrong = { sharesConnections: "yes" as unknown as boolean };
    expect(() => new FetchCarrier(ORIGIN, wrong)).toThrow("option_invalid");
  });
});
