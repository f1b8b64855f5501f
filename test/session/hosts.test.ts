// What a session asks of its host: the end of a tick, a timer, a clock. Browsers have no
// setImmediate, and their timers are numbers.

import { expect, onTestFinished, test, vi } from "vitest";
import { nowMs } from "../../src/session/clock.ts";
import { platform, unref } from "../../src/session/host.ts";
import { WakeTimer } from "../../src/session/wake-timer.ts";
import { catchUncaught } from "./pair.ts";

test("Without setImmediate the end of a tick is a message's, after promises, in order", async () => {
  vi.stubGlobal("setImmediate", undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const caught = catchUncaught();
  const { atEndOfTick } = await import("../../src/session/tick.ts");
  const order: string[] = [];
  const { promise, resolve } = deferred();
  atEndOfTick(() => order.push("first"));
  atEndOfTick(() => {
    order.push("second");
    atEndOfTick(() => {
      order.push("of the next tick");
      resolve();
    });
    throw new Error("of the second");
  });
  atEndOfTick(() => order.push("third"));
  void Promise.resolve()
    .then(() => order.push("promise"))
    .then(() => order.push("its follower"));
  order.push("now");
  await promise;
  expect(order).toEqual([
    "now",
    "promise",
    "its follower",
    "first",
    "second",
    "third",
    "of the next tick",
  ]);
  expect(caught).toEqual([new Error("of the second")]);
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

test("A timer that is put off is armed anew when it fires, one put forward is set", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const startMs = nowMs();
  const woken: number[] = [];
  const timer = new WakeTimer(platform, () => woken.push(Math.round(nowMs() - startMs)), true);
  timer.set(startMs + 100, nowMs());
  timer.set(startMs + 500, nowMs());
  expect(vi.getTimerCount()).toBe(1);
  timer.set(startMs + 50, nowMs());
  timer.set(startMs + 150, nowMs());
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(200);
  expect(woken).toEqual([150]);
  timer.set(startMs, nowMs());
  vi.advanceTimersByTime(0);
  expect(woken).toEqual([150, 200]);
  timer.set(startMs + 300, nowMs());
  timer.set(Infinity, nowMs());
  vi.advanceTimersByTime(200);
  expect(vi.getTimerCount()).toBe(0);
  timer.set(startMs + 1_000, nowMs());
  timer.clear();
  vi.advanceTimersByTime(2_000);
  expect(woken).toHaveLength(2);
});

test("A timer for a time beyond what hosts take wakes early instead of at once", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const onWake = vi.fn<() => void>();
  new WakeTimer(platform, onWake, false).set(nowMs() + 2 ** 40, nowMs());
  vi.advanceTimersByTime(2 ** 31 - 2);
  expect(onWake).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onWake).toHaveBeenCalledOnce();
});

test("A timer that is a number is left as it is", () => {
  expect(() => unref(5)).not.toThrow();
});

test("The clock counts from 1970, so that a saved time means the same in another process", () => {
  expect(Math.abs(nowMs() - Date.now())).toBeLessThan(60_000);
});
