// Tests that judge no mutants, by what stands in their names.

/** Not worth their time for one mutant among thousands: what they show, quicker ones show too. */
const TOO_LONG: readonly string[] = [
  "every changed byte is",
  "random frames are read or refused",
  "every byte of a whole body, changed to anything",
  "lies in every number of the prefix",
  "a million openings",
  "ten thousand openings",
  "sessionsMax holds",
  "pendingMax holds",
  "a body a thousand times",
  "every second for an hour",
  "large messages pass in bodies of bounded size",
  "grow again after an outage",
  "counts that lie make no work",
  "of both halves of reliability goes on",
  "whenever a server crashes",
];
/** They read the sources, which are not as they were written here. */
const OF_SOURCES: readonly string[] = [
  "every timer that the request side can name",
  "every code that the reader can give",
];
const LEFT_OUT: readonly string[] = [...TOO_LONG, ...OF_SOURCES];

/** Whether a test judges mutants. */
export function isJudging({ id }: Named): boolean {
  return !LEFT_OUT.some((words) => id.includes(words));
}

/** @throws Error for words that stand in no name: what they left out is gone, or judges by now. */
export function checkLeftOut(tests: readonly Named[], leftOut: readonly string[] = LEFT_OUT): void {
  const stale = leftOut.filter((words) => !tests.some(({ id }) => id.includes(words)));
  if (stale.length === 0) return;
  throw new Error(`left out of judging, and in no test's name: ${stale.join("; ")}`);
}

interface Named {
  readonly id: string;
}
