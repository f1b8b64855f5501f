/** What `begin` tells first, or undefined when the time is over. */
export function firstWithin<Result>(
  timeoutMs: number,
  begin: (done: (result: Result) => void) => void,
): Promise<Result | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    begin((result) => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}
