// Threads of TypeScript: what they say comes, and one that falls silent for good is no success.

import { expect, test } from "vitest";
import { lastWord, startThread } from "./worker-thread.ts";

function threadOf(source: string): ReturnType<typeof startThread> {
  const head = 'import { parentPort } from "node:worker_threads";';
  return startThread(new URL(`data:text/javascript,${encodeURIComponent(head + source)}`), {});
}

test("a thread is heard until its last word, also where it leaves at once", async () => {
  const heard: string[] = [];
  const worker = threadOf('for (const word of ["one", "two"]) parentPort.postMessage(word);');

  const word = await lastWord<string>(worker, (each) => {
    heard.push(each);
    return each === "two";
  });

  expect(word).toBe("two");
  expect(heard).toEqual(["one", "two"]);
});

test("a thread that leaves without its last word is told of", async () => {
  const worker = threadOf('parentPort.postMessage("one"); process.exit(3);');

  await expect(lastWord(worker, (word) => word === "two")).rejects.toThrow(/left with 3/);
});

test("a thread that throws is told of, with what it threw", async () => {
  const worker = threadOf('throw new RangeError("too far");');

  await expect(lastWord(worker, () => true)).rejects.toThrow(/too far/);
});
