/** A client and a server in one process, over a memory carrier: the bench of these tests. */
import { onTestFinished, vi } from "vitest";
import {
  type ClientOptions,
  type ClientSession,
  connectOver,
} from "../../src/session/client-session.ts";
import type { CodecFactory } from "../../src/session/codec.ts";
import { platform } from "../../src/session/host.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";

type Settings = Partial<ServerOptions<unknown, unknown>>;

export interface Pair {
  readonly server: SessionServer;
  readonly carrier: MemoryCarrier;
  readonly client: ClientSession;
  /** The server's end, as soon as there is one. */
  readonly peer: Promise<PeerSession>;
}

/** Begins a session; the test's end aborts it. */
export function begin(
  settings: Settings = {},
  options: ClientOptions & { readonly codec?: CodecFactory } = {},
): Pair {
  let welcome: (session: PeerSession) => void = () => {};
  const peer = new Promise<PeerSession>((resolve) => {
    welcome = resolve;
  });
  const server = new SessionServer({
    // So that no test overlooks one.
    onError: platform.rethrow,
    ...settings,
    onSession(session, from) {
      welcome(session);
      return settings.onSession?.(session, from);
    },
  });
  const carrier = new MemoryCarrier(server);
  const { codec = msgpack, ...limits } = options;
  const client = connectOver(carrier, codec, limits);
  onTestFinished(() => {
    client.abort();
    server.abort();
  });
  return { server, carrier, client, peer };
}

/** The same, with both ends open. */
export async function open(
  settings: Settings = {},
  options: ClientOptions & { readonly codec?: CodecFactory } = {},
): Promise<Omit<Pair, "peer"> & { readonly peer: PeerSession }> {
  const pair = begin(settings, options);
  const peer = await pair.peer;
  await pair.client.opened;
  return { ...pair, peer };
}

/** Waits, in ticks, for what no event tells. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tick = 0; tick < 20_000; tick++) {
    if (condition()) return;
    await nextTick();
  }
  throw new Error("It did not come true");
}

export function nextTick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let tick = 0; tick < 20; tick++) await nextTick();
}

/** Time stands still until `pass` moves it; ticks go on. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Lets time pass, in steps small enough for everything to happen in its turn. */
export async function pass(ms: number, stepMs = Math.max(1, ms / 50)): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await vi.advanceTimersByTimeAsync(Math.min(stepMs, ms - passed));
    for (let tick = 0; tick < 6; tick++) await nextTick();
  }
}

/** Takes so many messages. */
export async function take(from: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  if (count === 0) return messages;
  for await (const message of from) {
    messages.push(message);
    if (messages.length === count) break;
  }
  return messages;
}

/** What is thrown where the host sees it, instead of ending the test. */
export function catchUncaught(): unknown[] {
  const caught: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const onError = (error: unknown): void => void caught.push(error);
  process.on("uncaughtException", onError);
  onTestFinished(() => {
    process.off("uncaughtException", onError);
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  return caught;
}

/** A promise that is rejected is what the test wants; its error. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

/** What a function throws. */
export function thrown(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("It did not throw");
}
