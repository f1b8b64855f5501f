/**
 * The inside of a session: turns outputs of the core into messages, promises and events of the
 * application, and its commands into commands of the core. The driver (a client's loop, or the
 * server) hands in outputs, calls `settle` when it has drained the core, and `beforeTransmit` at the
 * end of the tick.
 *
 * Invariant: no code of the application runs before the core is drained.
 */
import { createNanoEvents, type Emitter } from "nanoevents";
import {
  type ApplicationOutput,
  type ChannelOptions,
  type DeliveryMode,
  END_CODES,
  type ParkSide,
  type RequestSide,
} from "../core/index.ts";
import { Channel, type ChannelFacts } from "./channel.ts";
import { nowMs } from "./clock.ts";
import type { CodecFactory } from "./codec.ts";
import { defer, type Deferred } from "./deferred.ts";
import { ChannelResetError, type EndedInfo, rethrow, SessionEndedError } from "./errors.ts";
import { Flushes } from "./flushes.ts";
import { Inbox } from "./inbox.ts";
import type { StreamParts } from "./message-stream.ts";
import type { SavedInbox } from "./saved-session.ts";
import type { SessionEvents, SessionPhase, Status } from "./status.ts";

/** What moves the core of a session. */
export interface Driver {
  /** The session was given commands: they leave at the end of the tick. */
  touch(): void;
}

/** What is open beside channel 0. */
interface OpenChannel {
  readonly id: number;
  readonly channel: Channel;
  readonly inbox: Inbox;
}

const label = { encoder: new TextEncoder(), decoder: new TextDecoder() };

export class SessionHub {
  readonly side: RequestSide | ParkSide;
  readonly events: Emitter<SessionEvents> = createNanoEvents();
  readonly inbox: Inbox;
  readonly channels: Map<number, OpenChannel> = new Map();
  status: Status = { state: "opening", reason: "", sinceMs: Date.now() };
  endedInfo: EndedInfo | undefined;
  readonly #driver: Driver;
  readonly #makeCodec: CodecFactory;
  readonly #flushes: Flushes = new Flushes();
  /** What the application is to be told when the core is drained. */
  #news: (() => void)[] = [];
  /** Inboxes with something new in them. */
  readonly #fresh: Set<Inbox> = new Set();
  #isFull = false;
  #room: Deferred<void> | undefined;
  #opening: Deferred<void> | undefined;
  #ending: Deferred<EndedInfo> | undefined;
  /** While the path is down: since when, and how many units had been resent by then. */
  #lost: { readonly atMs: number; readonly resent: number } | undefined;

  constructor(side: RequestSide | ParkSide, driver: Driver, makeCodec: CodecFactory) {
    this.side = side;
    this.#driver = driver;
    this.#makeCodec = makeCodec;
    this.inbox = new Inbox(makeCodec(), this);
  }

  // --- commands of the application ------------------------------------------------------------

  send(payload: Uint8Array, channelId: number, key: number | undefined): boolean {
    const hasRoom = this.side.send(nowMs(), payload, channelId, key);
    if (!hasRoom) this.#isFull = true;
    this.touch();
    return hasRoom;
  }

  get ready(): Promise<void> {
    if (!this.#isFull) return Promise.resolve();
    this.#room ??= defer();
    return this.#room.promise;
  }

  openChannel(name: string, options: ChannelOptions): Channel {
    const id = this.side.openChannel(nowMs(), label.encoder.encode(name), options);
    this.touch();
    return this.addChannel(id, { label: name, mode: options.mode ?? "ordered", isOwn: true });
  }

  finishChannel(id: number): void {
    this.side.finishChannel(nowMs(), id);
    this.touch();
  }

  resetChannel(id: number, code: number): void {
    this.side.resetChannel(nowMs(), id, code);
    this.#dropChannel(id, new ChannelResetError(code));
    this.touch();
  }

  setTimeToLive(id: number, ttlMs: number): void {
    this.side.setTimeToLive(id, ttlMs);
  }

  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.endedInfo === undefined) {
        this.#flushes.add(this.side, resolve, reject);
        this.#flushes.check(this.side);
      } else if (this.endedInfo.reason === "closed") resolve();
      else reject(new SessionEndedError(this.endedInfo));
    });
  }

  close(): Promise<EndedInfo> {
    if (this.side.state === "opening" || this.side.state === "open") {
      this.side.close(nowMs());
      this.#updateStatus();
      this.touch();
    }
    return this.ending;
  }

  abort(code: number, reason: string): void {
    if (this.side.state === "ended") return;
    this.side.abort(nowMs(), code, reason);
    this.touch();
  }

  get opening(): Promise<void> {
    if (this.endedInfo !== undefined) return Promise.reject(new SessionEndedError(this.endedInfo));
    if (this.status.state !== "opening") return Promise.resolve();
    this.#opening ??= defer();
    return this.#opening.promise;
  }

  get ending(): Promise<EndedInfo> {
    if (this.endedInfo !== undefined) return Promise.resolve(this.endedInfo);
    this.#ending ??= defer();
    return this.#ending.promise;
  }

  touch(): void {
    this.#driver.touch();
  }

  // --- for the driver -------------------------------------------------------------------------

  /** An output of the core. Nothing of the application runs here. */
  handleOutput(output: ApplicationOutput): void {
    switch (output.kind) {
      case "opened":
        this.#opening?.resolve();
        this.#setStatus("open", "");
        break;
      case "deliver":
        this.#deliver(output.channel, output.payloads);
        break;
      case "channel-opened":
        this.#welcomeChannel(output.channel, output.mode, output.label);
        break;
      case "channel-finished":
        this.#endInbox(this.channels.get(output.channel)?.inbox);
        break;
      case "channel-reset":
        this.#dropChannel(output.channel, new ChannelResetError(output.code));
        break;
      case "peer-finished":
        this.#endInbox(this.inbox);
        this.#updateStatus();
        break;
      case "given-up":
        this.#tellGivenUp(output.channel, output.neverSent, output.sent);
        break;
      case "writable":
        this.#makeRoom();
        break;
      case "ended": {
        const { kind: _, ...info } = output;
        this.#end(info);
      }
    }
  }

  /** Calls back before all that the application is told from now on, when the core is drained. */
  tell(news: () => void): void {
    this.#news.push(news);
  }

  /** The core is drained: the application hears the news and gets its messages. */
  settle(): void {
    this.#flushes.check(this.side);
    this.#forgetChannels();
    const news = this.#news;
    this.#news = [];
    for (const tell of news) call(tell);
    for (const inbox of this.#fresh) {
      this.#fresh.delete(inbox);
      inbox.dispatch();
    }
  }

  /** The tick ends: what was consumed in it raises windows. */
  beforeTransmit(): void {
    this.#returnCredit(0, this.inbox);
    for (const { id, inbox } of this.channels.values()) this.#returnCredit(id, inbox);
  }

  /** Whether the path works, as far as the driver can tell, and what failed last. */
  noteReach(isReachable: boolean, reason: string): void {
    const { state } = this.status;
    if (state === "ended") return;
    if (state === "opening") {
      if (reason !== this.status.reason) this.#setStatus("opening", reason);
      return;
    }
    if (isReachable === (this.#lost === undefined)) return;
    const { unitsResent } = this.side.stats;
    if (!isReachable) {
      this.#lost = { atMs: nowMs(), resent: unitsResent };
      this.#updateStatus(reason);
      this.#tell("lost", { reason });
    } else if (this.#lost !== undefined) {
      const { atMs, resent } = this.#lost;
      this.#lost = undefined;
      this.#updateStatus();
      const downMs = Math.round(nowMs() - atMs);
      this.#tell("resumed", { replayed: unitsResent - resent, downMs });
    }
  }

  /** Makes the application's view of a channel that the core has. */
  addChannel(id: number, facts: ChannelFacts): Channel {
    const inbox = new Inbox(this.#makeCodec(), this);
    const channel = new Channel(this.partsOf(id, inbox), facts);
    this.channels.set(id, { id, channel, inbox });
    return channel;
  }

  /** Goes on from what a saved session's application had not taken. */
  restore(inboxes: readonly SavedInbox[]): void {
    if (this.side.state !== "opening") this.#updateStatus();
    for (const { channelId, facts, arrived, handedOut } of inboxes) {
      if (facts !== undefined) this.addChannel(channelId, facts);
      this.inboxOf(channelId)?.restore(arrived, handedOut);
    }
  }

  partsOf(channelId: number, inbox: Inbox): StreamParts {
    return { hub: this, channelId, inbox, encoder: this.#makeCodec() };
  }

  inboxOf(channelId: number): Inbox | undefined {
    return channelId === 0 ? this.inbox : this.channels.get(channelId)?.inbox;
  }

  // --- details --------------------------------------------------------------------------------

  #deliver(channelId: number, payloads: readonly Uint8Array[]): void {
    const inbox = this.inboxOf(channelId);
    if (inbox === undefined) return;
    for (const payload of payloads) inbox.arrived.push(payload);
    this.#fresh.add(inbox);
  }

  #welcomeChannel(id: number, mode: DeliveryMode, name: Uint8Array): void {
    const channel = this.addChannel(id, { label: label.decoder.decode(name), mode, isOwn: false });
    this.#tell("channel", channel);
  }

  #tellGivenUp(channelId: number, neverSent: number, sent: number): void {
    const name = this.channels.get(channelId)?.channel.label ?? "";
    this.#tell("givenUp", { label: name, neverSent, sent });
  }

  #makeRoom(): void {
    this.#isFull = false;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #end(info: EndedInfo): void {
    this.endedInfo = info;
    const isRegular =
      info.reason === "closed" || (info.reason === "aborted" && info.code < END_CODES.protocol);
    const error = isRegular ? undefined : new SessionEndedError(info);
    for (const { inbox } of this.channels.values()) this.#endInbox(inbox, error);
    this.#endInbox(this.inbox, error);
    this.#makeRoom();
    this.#flushes.end(info);
    this.#opening?.reject(new SessionEndedError(info));
    this.#ending?.resolve(info);
    this.#setStatus("ended", info.reason);
    this.#tell("ended", info);
  }

  #endInbox(inbox: Inbox | undefined, error?: Error): void {
    if (inbox === undefined) return;
    inbox.end(error);
    this.#fresh.add(inbox);
  }

  /** What nobody has taken of an abandoned channel is dropped. */
  #dropChannel(id: number, error: Error): void {
    const inbox = this.channels.get(id)?.inbox;
    inbox?.arrived.clear();
    this.#endInbox(inbox, error);
  }

  /** Lets go of channels that the core has forgotten, when the application has all of them. */
  #forgetChannels(): void {
    for (const { id, inbox } of this.channels.values()) {
      if (inbox.arrived.size > 0 || this.side.sender.channels.has(id)) continue;
      this.#returnCredit(id, inbox);
      if (inbox.handedOut === 0) this.channels.delete(id);
    }
  }

  #returnCredit(channelId: number, inbox: Inbox): void {
    const consumed = inbox.takeConsumed();
    if (consumed > 0) this.side.consume(nowMs(), channelId, consumed);
  }

  #updateStatus(reason = ""): void {
    const isClosing = this.side.state === "closing";
    const isLost = this.#lost !== undefined;
    this.#setStatus(isClosing ? "closing" : isLost ? "interrupted" : "open", reason);
  }

  #setStatus(state: SessionPhase, reason: string): void {
    const status: Status = { state, reason, sinceMs: Date.now() };
    if (state === this.status.state && reason === this.status.reason) return;
    this.status = status;
    this.#tell("status", status);
  }

  /** Listeners hear of it when the core is drained. */
  #tell<Name extends keyof SessionEvents>(
    name: Name,
    ...args: Parameters<SessionEvents[Name]>
  ): void {
    this.tell(() => {
      for (const listener of this.events.events[name] ?? []) {
        call(() => (listener as (...given: typeof args) => void)(...args));
      }
    });
  }
}

/** The application's errors are the application's. */
function call(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    rethrow(error);
  }
}
