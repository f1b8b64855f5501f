/** Numbered frames made by hand, and receivers to hand them to. */
import type {
  ChannelOpenFrame,
  DeliveryMode,
  MessagesFrame,
  NumberedFrame,
  PartFrame,
  SkipFrame,
} from "../../src/core/body.ts";
import type { SessionOptions } from "../../src/core/options.ts";
import { SESSION_DEFAULTS } from "../../src/core/limits.ts";
import { Receiver, type ReceiverEvent } from "../../src/core/receiver.ts";
import { takeSnapshot } from "../../src/core/snapshot.ts";
import { CORE_CLASSES } from "./core-classes.ts";

/** Whole messages with one payload each from the texts; index as seq where it is not stated. */
export function messages(
  seq: number,
  texts: readonly string[],
  more: Partial<MessagesFrame> = {},
): MessagesFrame {
  const payloads = texts.map((text) => new TextEncoder().encode(text));
  return { kind: "messages", channel: 0, seq, index: seq, payloads, ...more };
}

export function keyed(seq: number, index: number, key: number, text: string): MessagesFrame {
  return messages(seq, [text], { channel: 2, index, keys: [key] });
}

export function part(
  seq: number,
  index: number,
  offset: number,
  bytes: number,
  totalBytes: number,
  more: Partial<PartFrame> = {},
): PartFrame {
  const payload = new Uint8Array(bytes).fill(seq);
  return { kind: "part", channel: 0, seq, index, offset, totalBytes, payload, ...more };
}

export function skip(seq: number, index: number, more: Partial<SkipFrame> = {}): SkipFrame {
  return { kind: "skip", channel: 0, seq, index, count: 1, sharedIndex: false, bytes: 0, ...more };
}

export function opening(seq: number, channel: number, mode: DeliveryMode): ChannelOpenFrame {
  return { kind: "channel-open", seq, channel, mode, label: new Uint8Array(0) };
}

/** A server's receiver, whose peer opens even channels. */
export function receiverOf(options: Partial<SessionOptions> = {}): Receiver {
  return new Receiver({ ...SESSION_DEFAULTS, ...options }, 0);
}

/** Checks and applies one body. */
export function hear(receiver: Receiver, ...frames: readonly NumberedFrame[]): void {
  receiver.check(frames);
  receiver.receive(0, frames);
}

/** Everything that the receiver has for the application. */
export function takeAll(receiver: Receiver): ReceiverEvent[] {
  const events: ReceiverEvent[] = [];
  for (let event = receiver.takeEvent(); event !== undefined; event = receiver.takeEvent()) {
    events.push(event);
  }
  return events;
}

/** What is delivered, as `index:text`, and other events by their kind. */
export function takeTexts(receiver: Receiver): string[] {
  return takeAll(receiver).flatMap((event) => {
    if (event.kind !== "deliver") return [event.kind];
    return event.payloads.map((payload, at) => {
      const text = new TextDecoder().decode(payload);
      return `${event.index + at}:${payload.length > 20 ? payload.length : text}`;
    });
  });
}

/** The code of the protocol error that a body meets, after seeing that nothing has changed. */
export function refusalOf(receiver: Receiver, ...frames: readonly NumberedFrame[]): string {
  const before = takeSnapshot(receiver, CORE_CLASSES);
  let code = "none";
  try {
    receiver.check(frames);
  } catch (error) {
    code = (error as { code: string }).code;
  }
  const after = takeSnapshot(receiver, CORE_CLASSES);
  return JSON.stringify(before) === JSON.stringify(after) ? code : "changed";
}
