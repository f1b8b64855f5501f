/**
 * The end of the tick: after what the application does at once and in promises that are ready. Its
 * replies to a bundle then ride on one answer, and many sends make one body.
 */

type Callback = () => void;

/** Node, Deno and Bun have it; it runs before timers and after input and output. */
declare const setImmediate: ((callback: Callback) => unknown) | undefined;

const queued: Callback[] = [];
let port: MessagePort | undefined;

/** Calls back once, in a later macrotask. */
export function atEndOfTick(callback: Callback): void {
  if (typeof setImmediate === "function") {
    setImmediate(callback);
    return;
  }
  // In browsers a timer would wait 4 ms, and a second in a hidden tab; a message does not.
  if (port === undefined) {
    const channel = new MessageChannel();
    port = channel.port2;
    channel.port1.addEventListener("message", () => queued.shift()?.());
    channel.port1.start();
  }
  queued.push(callback);
  // One message each: an error out of one leaves the others alone.
  port.postMessage(0);
}
