/**
 * The end of the tick: after what the application does at once and in promises that are ready. Its
 * replies to a bundle then ride on one answer, and many sends make one body.
 */

type Callback = () => void;

/** Node, Deno and Bun have it; it runs before timers and after input and output. */
declare const setImmediate: ((callback: Callback) => unknown) | undefined;

let queued: Callback[] = [];
let port: MessagePort | undefined;

/** Calls back once, in a later macrotask. */
export function atEndOfTick(callback: Callback): void {
  if (typeof setImmediate === "function") {
    setImmediate(callback);
    return;
  }
  // In browsers a timer would wait 4 ms, and a second in a hidden tab; a message does not.
  queued.push(callback);
  if (port === undefined) {
    const channel = new MessageChannel();
    port = channel.port2;
    channel.port1.addEventListener("message", runQueued);
    channel.port1.start();
  }
  if (queued.length === 1) port.postMessage(0);
}

function runQueued(): void {
  const callbacks = queued;
  queued = [];
  for (const callback of callbacks) callback();
}
