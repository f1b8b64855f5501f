/** When a command that runs until it is stopped should stop. */

/**
 * Resolves at SIGINT or SIGTERM, when nobody reads what is printed any more, or after `afterMs`. A
 * second signal ends the process as it would have without this.
 */
export function stopRequested(afterMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = afterMs === undefined ? undefined : setTimeout(() => stop(), afterMs);
    const stop = (): void => {
      clearTimeout(timer);
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    // It stays, so that what is printed after it does no harm.
    process.stdout.on("error", stop);
  });
}
