/**
 * A `Sender` and a `Receiver` without a link between them: bodies and acknowledgements wait in two
 * lists from which a test takes any, keeps any, or loses any. Every check that must hold after
 * every event stands in `checkAlways`; those for a healed line in `heal`.
 */
import assert from "node:assert/strict";
import type {
  Ack,
  ChannelWindow,
  DeliveryMode,
  NumberedFrame,
  Window,
} from "../../src/core/body.ts";
import { ChannelSender } from "../../src/core/channel-sender.ts";
import type { Deque } from "../../src/core/deque.ts";
import { resendAll } from "../../src/core/literal.ts";
import type { SessionOptions } from "../../src/core/options.ts";
import { SESSION_DEFAULTS } from "../../src/core/limits.ts";
import { Receiver, type ReceiverEvent } from "../../src/core/receiver.ts";
import { NO_KEY, UNIT_MESSAGE, UNIT_PART } from "../../src/core/send-ring.ts";
import { Sender } from "../../src/core/sender.ts";

/** Options so small that every limit is met soon. */
export const SMALL: SessionOptions = {
  ...SESSION_DEFAULTS,
  channelsMax: 3,
  channelUnits: 3,
  channelBytes: 16_384,
  windowMessages: 7 * 3 + 10,
  windowBytes: 7 * 16_384 + 40_000,
  messageBytesMax: 65_536,
  assemblyBytesMax: 70_000,
};

interface Accepted {
  readonly payload: Uint8Array;
  readonly key: number;
}

/** What a test knows about one channel. */
interface Record {
  readonly mode: DeliveryMode;
  readonly ttlMs: number;
  readonly accepted: Accepted[];
  /** Numbers of the accepted messages that were delivered, in the order of delivery. */
  readonly delivered: number[];
  neverSent: number;
  sentGivenUp: number;
  isFinished: boolean;
  isReset: boolean;
  sawFinish: boolean;
}

interface Forward {
  readonly transmission: number;
  readonly frames: NumberedFrame[];
  readonly blocked: { blocked?: Window | undefined; channelsBlocked: readonly ChannelWindow[] };
}

interface Backward {
  readonly ack: Ack;
  readonly window: Window | undefined;
  readonly channelWindows: readonly ChannelWindow[];
}

/** A payload that carries its number, and whose other bytes tell a mix-up. */
export function numbered(number: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(4, bytes)).fill(number * 7 + 1);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
}

function numberOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(0);
}

export class LossyPair {
  readonly options: SessionOptions;
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly records: Map<number, Record> = new Map();
  readonly forward: Forward[] = [];
  readonly backward: Backward[] = [];
  nowMs = 1;
  nextTransmission = 1;
  isFinished = false;
  sawPeerFinish = false;

  constructor(options: SessionOptions) {
    this.options = options;
    this.receiver = new Receiver(options, 0);
    this.sender = new Sender(this.receiver.window);
    this.addChannel(0, "ordered", Infinity);
  }

  private addChannel(id: number, mode: DeliveryMode, ttlMs: number): ChannelSender {
    const { channelUnits, channelBytes } = this.options;
    const channel = new ChannelSender(id, mode, ttlMs, channelUnits, channelBytes);
    this.sender.addChannel(channel);
    this.records.set(id, {
      mode,
      ttlMs,
      accepted: [],
      delivered: [],
      neverSent: 0,
      sentGivenUp: 0,
      isFinished: false,
      isReset: false,
      sawFinish: false,
    });
    return channel;
  }

  // --- what can happen ------------------------------------------------------------------------

  open(mode: DeliveryMode, ttlMs: number): void {
    const id = 2 * this.records.size;
    if (this.isFinished || this.records.size > this.options.channelsMax) return;
    this.sender.open(this.addChannel(id, mode, ttlMs), new Uint8Array(3));
  }

  send(pick: number, bytes: number, key: number): void {
    const channel = this.pickChannel(pick);
    const record = this.records.get(channel.id) as Record;
    if (channel.state !== "open" || this.isFinished) return;
    const payload = numbered(record.accepted.length, bytes);
    record.accepted.push({ payload, key });
    const messageKey = record.mode === "latest" ? key : NO_KEY;
    this.sender.accept(this.nowMs, channel, payload, messageKey);
  }

  finishChannel(pick: number): void {
    const channel = this.pickChannel(pick);
    if (channel.state !== "open" || this.isFinished) return;
    (this.records.get(channel.id) as Record).isFinished = true;
    this.sender.finishChannel(channel);
  }

  /** The sending application abandons a channel. */
  reset(pick: number): void {
    const channel = this.pickChannel(pick);
    if (channel.state === "reset" || channel.id === 0 || this.isFinished) return;
    (this.records.get(channel.id) as Record).isReset = true;
    this.sender.reset(channel, 7);
  }

  /** The receiving application abandons a channel; the sender hears of it at once. */
  refuse(pick: number): void {
    const channel = this.pickChannel(pick);
    const receiving = this.receiver.channels.get(channel.id);
    if (channel.id === 0 || receiving === undefined) return;
    (this.records.get(channel.id) as Record).isReset = true;
    this.receiver.reset(receiving);
    if (channel.state !== "reset") this.sender.reset(channel, undefined);
  }

  finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.sender.finish(9);
  }

  transmit(room: number, units: number): void {
    const transmission = this.nextTransmission++;
    // As bytes would: the sender may use its memory again.
    const filled = this.sender.fill(this.nowMs, transmission, room, units);
    // A copy has what is read, as a body on its way has.
    const frames = structuredClone(filled.map(asRead));
    this.forward.push({ transmission, frames, blocked: this.sender.statement });
  }

  arrive(pick: number, keep: boolean): void {
    if (this.forward.length === 0) return;
    const at = pick % this.forward.length;
    const body = this.forward[at] as Forward;
    if (!keep) this.forward.splice(at, 1);
    this.receiver.check(body.frames);
    this.receiver.handleBlocked(body.blocked.blocked, body.blocked.channelsBlocked);
    this.receiver.receive(this.nowMs, body.frames);
  }

  lose(pick: number): void {
    if (this.forward.length > 0) this.forward.splice(pick % this.forward.length, 1);
  }

  /** A transmission is over, or believed to be. */
  resolve(pick: number): void {
    const flights = [...this.sender.flights.keys()];
    if (flights.length > 0) this.sender.resolve(flights[pick % flights.length] as number);
  }

  acknowledge(): void {
    const { window, channelWindows } = this.receiver.state();
    this.backward.push({ ack: this.receiver.ack, window, channelWindows });
  }

  hearAck(pick: number, keep: boolean): void {
    if (this.backward.length === 0) return;
    const at = pick % this.backward.length;
    const body = this.backward[at] as Backward;
    if (!keep) this.backward.splice(at, 1);
    this.sender.checkAck(body.ack);
    this.sender.handleAck(body.ack);
    if (body.window !== undefined) this.sender.handleWindow(body.window);
    for (const window of body.channelWindows) this.sender.handleChannelWindow(window);
  }

  loseAck(pick: number): void {
    if (this.backward.length > 0) this.backward.splice(pick % this.backward.length, 1);
  }

  take(count: number): void {
    for (let taken = 0; taken < count; taken++) {
      const event = this.receiver.takeEvent();
      if (event === undefined) return;
      this.note(event);
    }
  }

  consume(pick: number, count: number): void {
    const ids = [...this.receiver.channels.keys()];
    const channel = this.receiver.channels.get(ids[pick % ids.length] as number);
    if (channel !== undefined) this.receiver.consume(channel, count);
  }

  wait(ms: number): void {
    this.nowMs += ms;
    if (this.sender.nextExpiryMs <= this.nowMs) this.sender.expire(this.nowMs);
    this.countGivenUp();
  }

  // --- what must hold -------------------------------------------------------------------------

  private note(event: ReceiverEvent): void {
    if (event.kind === "peer-finished") {
      assert.equal(this.isFinished && event.code === 9, true);
      this.sawPeerFinish = true;
      return;
    }
    const record = this.records.get(event.channel) as Record;
    if (event.kind === "channel-finished") {
      assert.equal(record.isFinished && !record.sawFinish, true);
      record.sawFinish = true;
    }
    if (event.kind !== "deliver") return;
    assert.equal(record.sawFinish, false);
    for (const payload of event.payloads) this.noteDelivered(record, payload);
  }

  private noteDelivered(record: Record, payload: Uint8Array): void {
    const number = numberOf(payload);
    const accepted = record.accepted[number] as Accepted;
    if (!equal(payload, accepted.payload)) assert.deepEqual(payload, accepted.payload);
    const last = record.delivered.at(-1) ?? -1;
    if (record.mode === "ordered") {
      // Promise 1: a prefix, or a subsequence where messages may be given up.
      if (record.ttlMs === Infinity) assert.equal(number, last + 1);
      else assert.ok(number > last);
    } else {
      assert.ok(!record.delivered.includes(number));
      if (record.mode === "latest") {
        const ofKey = record.delivered.filter(
          (each) => record.accepted[each]?.key === accepted.key,
        );
        assert.ok(number > Math.max(-1, ...ofKey));
      }
    }
    record.delivered.push(number);
  }

  private countGivenUp(): void {
    for (const [id, { neverSent, sent }] of this.sender.givenUp) {
      const record = this.records.get(id) as Record;
      record.neverSent += neverSent;
      record.sentGivenUp += sent;
    }
    this.sender.givenUp.clear();
  }

  private pickChannel(pick: number): ChannelSender {
    const ids = [...this.sender.channels.keys()];
    return this.sender.channels.get(ids[pick % ids.length] as number) as ChannelSender;
  }

  /** What holds after every event. */
  checkAlways(): void {
    this.checkScheduler();
    this.checkBuffer();
    this.checkLoans();
    const { receiver } = this;
    assert.ok(receiver.received.count <= 256);
    assert.ok(receiver.heldThrough <= receiver.received.through);
    assert.ok(receiver.parts.bytes <= this.options.assemblyBytesMax);
  }

  /** A channel with something to send waits in exactly one place. */
  private checkScheduler(): void {
    const { turns: inside } = this.sender as unknown as {
      turns: {
        queue: Deque<ChannelSender>;
        stopped: Set<number>;
      };
    };
    const { queue } = inside;
    const ready = Array.from({ length: queue.size }, (_, at) => queue.at(queue.head + at));
    assert.equal(new Set(ready).size, ready.length);
    const channels = [...this.sender.channels.values()];
    const waiting = channels.filter(({ hasUnsent }) => hasUnsent);
    assert.deepEqual(new Set(this.sender.channelsWaiting), new Set(waiting));
    for (const channel of channels) {
      const isReady = ready.includes(channel);
      assert.equal(channel.isReady, isReady);
      if (channel.hasUnsent) assert.notEqual(isReady, inside.stopped.has(channel.id));
    }
  }

  /** Promise 2: what is counted as buffered is what could still be sent. */
  private checkBuffer(): void {
    const { sender } = this;
    let bytes = 0;
    for (let seq = sender.ring.base; seq < sender.ring.next; seq++) {
      const kind = sender.ring.kind(seq);
      if (kind === UNIT_MESSAGE || kind === UNIT_PART) bytes += sender.ring.bytes(seq);
    }
    let unsentBytes = 0;
    let unsentCount = 0;
    for (const channel of sender.channels.values()) {
      let channelBytes = 0 - channel.partOffset;
      for (let at = channel.unsent.head; at < channel.unsent.tail; at++) {
        channelBytes += channel.unsent.bytes(at);
      }
      assert.equal(channel.unsentBytes, channelBytes);
      unsentBytes += channelBytes;
      unsentCount += channel.unsent.size;
    }
    assert.equal(sender.unsentBytes, unsentBytes);
    assert.equal(sender.unsentCount, unsentCount);
    assert.equal(sender.bufferedBytes, bytes + unsentBytes);
  }

  /** [WIN-7]: what the channels may still use fits the session's window. */
  private checkLoans(): void {
    let units = 0;
    let bytes = 0;
    for (const channel of this.receiver.channels.values()) {
      if (channel.isReset) continue;
      units += channel.unitsMax - channel.unitsConsumed;
      bytes += channel.bytesMax - channel.bytesConsumed;
    }
    assert.ok(units <= this.options.windowMessages);
    assert.ok(bytes <= this.options.windowBytes);
  }

  /** The line works and the application takes everything: then nothing may be left. */
  heal(): void {
    this.forward.length = 0;
    this.backward.length = 0;
    for (let round = 0; !this.sender.isFlushed; round++) {
      assert.ok(round < 400);
      this.wait(1);
      resendAll(this.sender);
      this.transmit(40_000, 1_000);
      this.arrive(0, false);
      this.takeAll();
      this.acknowledge();
      this.hearAck(0, false);
      this.checkAlways();
    }
    this.takeAll();
  }

  private takeAll(): void {
    this.take(Infinity);
    for (const channel of this.receiver.channels.values()) {
      this.receiver.consume(channel, channel.unconsumed.size);
      // Consuming may let stalled messages be assembled.
      this.take(Infinity);
      this.receiver.consume(channel, channel.unconsumed.size);
    }
  }

  /** After healing: everything arrived or was given up, and no credit is lost. */
  checkHealed(): void {
    const { receiver, sender, options } = this;
    this.countGivenUp();
    assert.equal(receiver.received.through, sender.ring.next - 1);
    assert.equal(receiver.seqMax, options.windowMessages + receiver.received.through);
    assert.equal(receiver.bytesReceived, sender.bytesNumbered);
    assert.equal(receiver.bytesMax, options.windowBytes + receiver.bytesReceived);
    assert.equal(receiver.parts.bytes, 0);
    for (const [id, record] of this.records) this.checkHealedChannel(id, record);
    assert.equal(this.sawPeerFinish, this.isFinished);
    assert.equal(sender.bufferedBytes, 0);
    assert.deepEqual(sender.fates, { neverSent: [], unknown: [] });
  }

  private checkHealedChannel(id: number, record: Record): void {
    const receiving = this.receiver.channels.get(id);
    const sending = this.sender.channels.get(id) as ChannelSender;
    assert.ok(receiving !== undefined);
    assert.equal(sending.outstanding, 0);
    assert.equal(receiving.waiting.size + receiving.assemblies.size, 0);
    assert.equal(receiving.isReset, record.isReset);
    if (record.isReset) return;
    assert.equal(receiving.units, sending.units);
    assert.equal(receiving.bytes, sending.bytes);
    assert.equal(receiving.unitsConsumed, receiving.units);
    assert.equal(receiving.bytesConsumed, receiving.bytes);
    assert.equal(record.sawFinish, record.isFinished);
    if (record.mode !== "latest" && record.ttlMs === Infinity) {
      assert.equal(record.delivered.length, record.accepted.length);
    }
    // A message counted as sent and given up may have arrived all the same.
    const missing = record.accepted.length - record.delivered.length;
    // What a newer message of its key superseded after it was sent is not counted.
    const isCounted = record.mode !== "latest";
    if (isCounted) assert.ok(missing <= record.neverSent + record.sentGivenUp);
    assert.ok(record.delivered.length <= record.accepted.length - record.neverSent);
    if (record.mode === "latest" && record.ttlMs === Infinity) this.checkLatest(record);
  }

  /** The newest message of each key arrives, whatever became of the others. */
  private checkLatest(record: Record): void {
    const newest = new Map(record.accepted.map(({ key }, number) => [key, number]));
    for (const number of newest.values()) assert.ok(record.delivered.includes(number));
  }
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** A frame as a reader makes it: with payloads, which the sender's knows by their places. */
function asRead(frame: NumberedFrame): NumberedFrame {
  if (frame.kind !== "messages") return frame;
  const { kind, channel, seq, index, keys, payloads } = frame;
  return { kind, channel, seq, index, ...(keys === undefined ? {} : { keys }), payloads };
}
