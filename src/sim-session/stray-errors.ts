/**
 * Promises of the program that are rejected with nobody to hear it. The host tells of them, and a
 * test runner listens; but while a world runs, they are a finding of that run, which a driver may
 * expect, shrink and repeat. So whoever else listens is kept out for that time.
 */

type Listener = (error: unknown) => void;

const EVENT = "unhandledRejection";

/** The part of Node's `process` that this needs. */
interface NodeProcess {
  listeners(event: typeof EVENT): Listener[];
  on(event: typeof EVENT, listener: Listener): unknown;
  off(event: typeof EVENT, listener: Listener): unknown;
  removeAllListeners(event: typeof EVENT): unknown;
}

interface Rejection {
  readonly reason: unknown;
  preventDefault(): void;
  stopImmediatePropagation(): void;
}

/** Listeners of runs that are over: two runs may overlap, and each puts back what it found. */
const over: WeakSet<Listener> = new WeakSet();

/** The part of a host that this needs: Node has a process, pages and workers have events. */
export interface StrayErrorScope {
  readonly process?: Partial<NodeProcess> | undefined;
  addEventListener?(type: string, listener: Listener, options: { capture: true }): void;
  removeEventListener?(type: string, listener: Listener, options: { capture: true }): void;
}

/** Hears of such errors until the function that it returns is called. */
export function watchStrayErrors(
  onError: Listener,
  scope: StrayErrorScope = globalThis as StrayErrorScope,
): () => void {
  const { process } = scope;
  if (typeof process?.removeAllListeners === "function") {
    return watchNode(process as NodeProcess, onError);
  }
  const listener = (event: unknown): void => {
    const rejection = event as Rejection;
    rejection.preventDefault();
    rejection.stopImmediatePropagation();
    onError(rejection.reason);
  };
  scope.addEventListener?.("unhandledrejection", listener, { capture: true });
  return () => {
    scope.removeEventListener?.("unhandledrejection", listener, { capture: true });
  };
}

function watchNode(process: NodeProcess, onError: Listener): () => void {
  const others = process.listeners(EVENT);
  const listener = (error: unknown): void => onError(error);
  process.removeAllListeners(EVENT);
  process.on(EVENT, listener);
  return () => {
    over.add(listener);
    process.off(EVENT, listener);
    for (const other of others) if (!over.has(other)) process.on(EVENT, other);
  };
}
