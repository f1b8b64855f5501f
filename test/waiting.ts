/** Waiting for what sockets bring: for events, and never without a limit. */
import type { Session, SessionEvents } from "../src/session/index.ts";

/** Longer than anything here takes on a loaded machine. */
export const LIMIT_MS = 20_000;

/** Where the host gives no event, one looks again after so long. */
const LOOK_AGAIN_MS = 5;

/** The promise, or an error that names what did not come. */
export async function soon<Result>(
  promise: Promise<Result>,
  what: string,
  limitMs: number = LIMIT_MS,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`Waited ${limitMs} ms in vain: ${what}`);
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Until the condition holds, which the host has no event for. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`Waited ${LIMIT_MS} ms in vain: ${what}`);
    await pause(LOOK_AGAIN_MS);
  }
}

/** For senders that keep a pace; no assertion waits like this. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What a session's listeners are told next. */
export function told<Name extends keyof SessionEvents>(
  session: Pick<Session, "on">,
  name: Name,
): Promise<Parameters<SessionEvents[Name]>[0]> {
  const news = new Promise<Parameters<SessionEvents[Name]>[0]>((resolve) => {
    const listener = (info: Parameters<SessionEvents[Name]>[0]): void => {
      unlisten();
      resolve(info);
    };
    const unlisten = session.on(name, listener as SessionEvents[Name]);
  });
  return soon(news, `the event ${name}`);
}

/** The next messages of a stream. */
export function take<Message>(stream: AsyncIterable<Message>, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  const taking = async (): Promise<Message[]> => {
    if (count === 0) return messages;
    for await (const message of stream) {
      messages.push(message);
      if (messages.length === count) break;
    }
    return messages;
  };
  return soon(taking(), `${count} messages`).catch((error: unknown) => {
    throw new Error(`After ${messages.length} messages`, { cause: error });
  });
}

/** All messages until the stream ends. */
export function takeAll<Message>(stream: AsyncIterable<Message>): Promise<Message[]> {
  const taking = async (): Promise<Message[]> => {
    const messages: Message[] = [];
    for await (const message of stream) messages.push(message);
    return messages;
  };
  return soon(taking(), "the end of a stream");
}

/** 0, 1, 2, ... */
export function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, at) => at);
}
