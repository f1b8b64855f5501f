/**
 * The inside of a session: turns outputs of the core into messages, promises and events of the
 * application, and its commands into commands of the core. The driver (a client's loop, or the
 * server) hands in outputs, calls `settle` when it has drained the core, and `beforeTransmit` at
 * the end of the tick.
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
import type { SendingState } from "../core/channel-sender.ts";
import { Deque } from "../core/deque.ts";
import { assert, UsageError } from "../core/errors.ts";
import { Channel, type ChannelFacts, decodeLabel, encodeLabel } from "./channel.ts";
import type { Codec, CodecFactory } from "./codec.ts";
import { defer, type Deferred } from "./deferred.ts";
import { ChannelResetError, endedInfo, type EndedInfo, SessionEndedError } from "./errors.ts";
import { Flushes } from "./flushes.ts";
import type { Host } from "./host.ts";
import { Inbox } from "./inbox.ts";
import type { StreamParts } from "./message-stream.ts";
import { isPeersDoing, isPeersLimit } from "./peers-doing.ts";
import type { SavedInbox } from "./saved-session.ts";
import type { LinkName } from "./pipe-carrier.ts";
import type { SessionEvents, SessionPhase, Status } from "./status.ts";
import { LazyMap } from "../core/lazy-map.ts";
import { LazySet } from "../core/lazy-set.ts";

/** What moves the core of a session. */
export interface Driver {
  /** Where it runs. */
  readonly host: Host;
  /** A client's: why another link ended last, or did not come about; empty for neither. */
  readonly linkReason?: string;
  /** The session was given commands: they leave at the end of the tick. */
  touch(): void;
  /** A body's worth of messages waits: it leaves before the tick ends. No listener runs meanwhile. */
  transmit(): void;
  /** Code of the application failed, and not by the peer's doing. */
  report(error: unknown): void;
}

/** How the path is: `failing` is not yet worth telling, `lost` is. */
export type Reach = "working" | "failing" | "lost";

/** From the first failure until the path is back. */
interface Outage {
  readonly atMs: number;
  /** Units that had been resent by then. */
  readonly resent: number;
  /** The application was told. */
  isLost: boolean;
}

/** What is open beside channel 0. */
interface OpenChannel {
  readonly channel: Channel;
  readonly inbox: Inbox;
}

/**
 * So much leaves before the tick ends, that the other side works while more is sent: a quarter of
 * the default high-water mark.
 */
const TRANSMIT_BYTES = 262_144;

/** Of which session an error is: in a chain it need not be the one whose callback throws it. */
const thrownBy: WeakMap<UsageError, SessionHub> = new WeakMap();

export class SessionHub {
  readonly side: RequestSide | ParkSide;
  readonly host: Host;
  readonly inbox: Inbox;
  readonly channels: LazyMap<number, OpenChannel> = new LazyMap();
  status: Status;
  /** By which link the server is heard; a server's own sessions are not told of it. */
  link: LinkName = "poll";
  endedInfo: EndedInfo | undefined;
  readonly #driver: Driver;
  readonly #makeCodec: CodecFactory;
  /** Made when somebody listens. */
  #events: Emitter<SessionEvents> | undefined;
  /** Made when somebody waits. */
  #flushes: Flushes | undefined;
  /** What the application is to be told when the core is drained, in the order of its happening. */
  readonly #news: Deque<() => void> = new Deque();
  /** Inboxes to which messages came, or of which some were consumed, since the last tick ended. */
  readonly #moved: Deque<Inbox> = new Deque();
  /** Channels of which both halves have ended: the core forgets them, and then so does this. */
  readonly #over: LazySet<number> = new LazySet();
  #isFull = false;
  /** When the first message of this tick was sent. */
  #tickMs: number | undefined;
  /** When so much waits to leave, it is not kept until the tick ends. */
  #transmitAtBytes = TRANSMIT_BYTES;
  /** By the application. */
  #isClosedHere = false;
  /** The peer has abandoned a channel. */
  #wasChannelReset = false;
  #room: Deferred<void> | undefined;
  #opening: Deferred<void> | undefined;
  #ending: Promise<EndedInfo> | undefined;
  /** Resolves it; nothing rejects it. */
  #tellEnding: ((info: EndedInfo) => void) | undefined;
  #outage: Outage | undefined;

  constructor(side: RequestSide | ParkSide, driver: Driver, makeCodec: CodecFactory) {
    this.side = side;
    this.host = driver.host;
    this.status = { state: "opening", reason: "", sinceMs: this.host.wallMs() };
    this.#driver = driver;
    this.#makeCodec = makeCodec;
    this.inbox = new Inbox(0, makeCodec, this);
  }

  get linkReason(): string {
    return this.#driver.linkReason ?? "";
  }

  // --- commands of the application ------------------------------------------------------------

  send(payload: Uint8Array, channelId: number, key: number | undefined): boolean {
    // A clock is dear next to a message, and all messages of a tick are as good as sent at once.
    this.#tickMs ??= this.host.nowMs();
    let hasRoom = false;
    try {
      hasRoom = this.side.send(this.#tickMs, payload, channelId, key);
    } catch (error) {
      throw this.#traced(error);
    }
    if (!hasRoom) this.#isFull = true;
    this.touch();
    if (this.side.unsentBytes >= this.#transmitAtBytes) this.#transmit();
    return hasRoom;
  }

  isWritable(channelId: number): boolean {
    const { state } = this.side;
    return (state === "opening" || state === "open") && this.#stateOf(channelId) === "open";
  }

  get ready(): Promise<void> {
    if (!this.#isFull) return Promise.resolve();
    this.#room ??= defer();
    return this.#room.promise;
  }

  openChannel(name: string, options: ChannelOptions): Channel {
    const bytes = encodeLabel(name);
    let id = 0;
    try {
      id = this.side.openChannel(this.host.nowMs(), bytes, options);
    } catch (error) {
      throw this.#traced(error);
    }
    this.touch();
    return this.addChannel(id, { label: name, mode: options.mode ?? "ordered", isOwn: true });
  }

  finishChannel(id: number): void {
    if (this.#stateOf(id) !== "open") return;
    this.side.finishChannel(this.host.nowMs(), id);
    this.#considerOver(id);
    this.touch();
  }

  resetChannel(id: number, code: number): void {
    const state = this.#stateOf(id);
    if (state === undefined || state === "reset") return;
    this.side.resetChannel(this.host.nowMs(), id, code);
    this.#dropChannel(id, new ChannelResetError(code));
    this.touch();
  }

  setTimeToLive(id: number, ttlMs: number): void {
    this.side.setTimeToLive(id, ttlMs);
  }

  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.endedInfo === undefined) {
        this.#flushes ??= new Flushes();
        this.#flushes.add(this.side, resolve, reject);
        this.#flushes.check(this.side);
      } else if (this.endedInfo.reason === "closed") resolve();
      else reject(new SessionEndedError(this.endedInfo));
    });
  }

  close(): Promise<EndedInfo> {
    this.#isClosedHere = true;
    if (this.side.state === "opening" || this.side.state === "open") {
      this.side.close(this.host.nowMs());
      this.#updateStatus(this.status.reason);
      this.touch();
    }
    return this.ending;
  }

  abortHere(code: number, reason: string): void {
    this.#isClosedHere = true;
    this.abort(code, reason);
  }

  abort(code: number, reason: string): void {
    if (this.side.state === "ended") return;
    this.side.abort(this.host.nowMs(), code, reason);
    // At once, as `send` refuses from now on; listeners hear of it when the core is drained.
    this.#setStatus("ended", "aborted");
    this.touch();
  }

  on<Name extends keyof SessionEvents>(name: Name, listener: SessionEvents[Name]): () => void {
    this.#events ??= createNanoEvents();
    return this.#events.on(name, listener);
  }

  get opening(): Promise<void> {
    if (this.#opening === undefined) {
      this.#opening = defer();
      // Who only looks at the property need not hear how the session ends.
      this.#opening.promise.catch(() => {});
      if (this.side.peer !== undefined) this.#opening.resolve();
      else if (this.endedInfo !== undefined) {
        this.#opening.reject(new SessionEndedError(this.endedInfo));
      }
    }
    return this.#opening.promise;
  }

  get ending(): Promise<EndedInfo> {
    if (this.endedInfo !== undefined) return Promise.resolve(this.endedInfo);
    this.#ending ??= new Promise((resolve) => (this.#tellEnding = resolve));
    return this.#ending;
  }

  touch(): void {
    this.#driver.touch();
  }

  /**
   * Code of the application failed: it is told, unless it is the peer's doing, which costs the
   * session at most. Returns whether it was told.
   */
  report(error: unknown): boolean {
    const hub = this.#throwerOf(error);
    const isLimit = isPeersLimit(error);
    if (isLimit) hub.abort(END_CODES.limit, error.code);
    const isTold = !isLimit && !hub.#isPeersDoing(error, hub === this);
    if (isTold) this.#driver.report(error);
    return isTold;
  }

  /**
   * Nobody serves this session any more: it must not go on as if somebody did. One that the peer
   * is closing, and that failed for that alone, ends as it would have.
   */
  failService(error: unknown): void {
    const isTold = this.report(error);
    // Another one's events tell of its end, but not that it has cost this session its service.
    if (!isTold && this.#throwerOf(error) !== this) this.#driver.report(error);
    const isClosing = this.side.state === "closing" && this.#isPeersDoing(error, true);
    if (!isClosing) this.abort(END_CODES.application, "service_failed");
  }

  /** Whose command has thrown it. */
  #throwerOf(error: unknown): SessionHub {
    return (error instanceof UsageError ? thrownBy.get(error) : undefined) ?? this;
  }

  #isPeersDoing(error: unknown, isOwn: boolean): boolean {
    const { state } = this.side;
    const { endedInfo: ended } = this;
    const [isClosedHere, wasChannelReset] = [this.#isClosedHere, this.#wasChannelReset];
    return isPeersDoing(error, { state, endedInfo: ended, isClosedHere, wasChannelReset }, isOwn);
  }

  // --- for the driver -------------------------------------------------------------------------

  /** An output of the core. Nothing of the application runs here. */
  handleOutput(output: ApplicationOutput): void {
    switch (output.kind) {
      case "opened":
        this.#opening?.resolve();
        this.noteReach("working", "");
        break;
      case "deliver":
        this.#deliver(output.channel, output.payloads);
        // At its end, what nobody has taken lets go of the body.
        this.touch();
        break;
      case "channel-opened":
        this.#welcomeChannel(output.channel, output.mode, output.label);
        break;
      case "channel-finished":
        this.#endInbox(this.inboxOf(output.channel));
        this.#considerOver(output.channel);
        break;
      case "channel-reset":
        this.#wasChannelReset = true;
        this.#dropChannel(output.channel, new ChannelResetError(output.code));
        break;
      case "peer-finished":
        this.#endInbox(this.inbox);
        this.#updateStatus(this.status.reason);
        break;
      case "given-up":
        this.#tellGivenUp(output.channel, output.neverSent, output.sent);
        break;
      case "writable":
        this.#makeRoom();
        break;
      case "pipe-offered":
      case "pipe-joined":
      case "pipe-ending":
      case "pipe-gone":
        // The driver's.
        break;
      case "ended": {
        this.#end(endedInfo(output, (id) => this.#labelOf(id), this.status.reason));
      }
    }
  }

  /** Calls back when the core is drained, after what the application is to be told already. */
  tell(news: () => void): void {
    this.#news.push(news);
  }

  /** Messages were consumed: the core is told at the end of the tick. */
  noteConsumed(inbox: Inbox): void {
    this.#noteMoved(inbox);
    this.touch();
  }

  /** The core is drained: the application hears the news and gets its messages. */
  settle(): void {
    this.#flushes?.check(this.side);
    this.#forgetChannels();
    for (let tell = this.#news.shift(); tell; tell = this.#news.shift()) this.#call(tell);
  }

  /** The tick ends: what was consumed in it raises windows. */
  beforeTransmit(nowMs: number): void {
    this.#tickMs = undefined;
    this.#transmitAtBytes = TRANSMIT_BYTES;
    for (let inbox = this.#moved.shift(); inbox; inbox = this.#moved.shift()) {
      inbox.isMoved = false;
      inbox.own();
      this.#returnCredit(nowMs, inbox);
    }
  }

  /** The server is heard by this link now. */
  noteLink(name: LinkName): void {
    if (name === this.link) return;
    this.link = name;
    this.tell(() => this.#tell("link", name));
  }

  /** How the path is, as far as the driver can tell, and what failed last. */
  noteReach(reach: Reach, reason: string): void {
    if (this.endedInfo !== undefined) return;
    const { side } = this;
    const before = this.#outage;
    if (reach === "working") {
      this.#outage = undefined;
      this.#updateStatus(reason);
      if (before?.isLost !== true) return;
      const downMs = Math.round(this.host.nowMs() - before.atMs);
      this.#tell("resumed", { replayed: side.stats.unitsResent - before.resent, downMs });
      return;
    }
    const outage = before ?? {
      atMs: this.host.nowMs(),
      resent: side.stats.unitsResent,
      isLost: false,
    };
    this.#outage = outage;
    const isNews = reach === "lost" && !outage.isLost;
    if (isNews) outage.isLost = true;
    this.#updateStatus(reason);
    if (isNews) this.#tell("lost", { reason });
  }

  /** Makes the application's view of a channel that the core has. */
  addChannel(id: number, facts: ChannelFacts): Channel {
    const inbox = new Inbox(id, this.#makeCodec, this);
    const channel = new Channel(this.partsOf(id, inbox), facts);
    this.channels.set(id, { channel, inbox });
    return channel;
  }

  /** Goes on from what a saved session's application had not taken. */
  restore(inboxes: readonly SavedInbox[]): void {
    this.#updateStatus("");
    for (const { channelId, facts, ...content } of inboxes) {
      if (facts !== undefined) this.addChannel(channelId, facts);
      this.inboxOf(channelId).restore(content);
      if (facts !== undefined) this.#considerOver(channelId);
    }
  }

  partsOf(channelId: number, inbox: Inbox): StreamParts {
    return { hub: this, channelId, inbox };
  }

  /** By the first message it is known whether the channel may give messages up. */
  makeEncoder(channelId: number): Codec {
    const isLossless = this.side.sender.channels.get(channelId)?.givesUp === false;
    return this.#makeCodec({ isLossless });
  }

  /** A channel has its inbox for as long as the core knows it, and longer. */
  inboxOf(channelId: number): Inbox {
    const inbox = channelId === 0 ? this.inbox : this.channels.get(channelId)?.inbox;
    assert(inbox !== undefined, "channel_without_inbox");
    return inbox;
  }

  // --- details --------------------------------------------------------------------------------

  /** Of this side's half of a channel; undefined when it is gone. */
  #stateOf(channelId: number): SendingState | undefined {
    if (this.side.state === "ended") return undefined;
    return this.side.sender.channels.get(channelId)?.state;
  }

  /** Once for each so many bytes: what then still waits has to wait for its peer. */
  #transmit(): void {
    this.#driver.transmit();
    this.#transmitAtBytes = this.side.unsentBytes + TRANSMIT_BYTES;
  }

  /** Remembers of a command's error whose it is. */
  #traced(error: unknown): unknown {
    if (error instanceof UsageError) thrownBy.set(error, this);
    return error;
  }

  #deliver(channelId: number, payloads: readonly Uint8Array[]): void {
    const inbox = this.inboxOf(channelId);
    inbox.push(payloads);
    this.#noteMoved(inbox);
    this.#refresh(inbox);
  }

  #noteMoved(inbox: Inbox): void {
    if (inbox.isMoved) return;
    inbox.isMoved = true;
    this.#moved.push(inbox);
  }

  #refresh(inbox: Inbox): void {
    if (inbox.isFresh) return;
    inbox.isFresh = true;
    this.tell(() => {
      inbox.isFresh = false;
      inbox.dispatch();
    });
  }

  #welcomeChannel(id: number, mode: DeliveryMode, name: Uint8Array): void {
    const channel = this.addChannel(id, { label: decodeLabel(name), mode, isOwn: false });
    this.#tell("channel", channel);
  }

  #tellGivenUp(channelId: number, neverSent: number, sent: number): void {
    this.#tell("givenUp", { label: this.#labelOf(channelId), neverSent, sent });
  }

  /** "" for channel 0, and for one that is forgotten. */
  #labelOf(channelId: number): string {
    return this.channels.get(channelId)?.channel.label ?? "";
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
    // An abort of this side's ends loops, but the peer has not finished.
    const unfinished = info.reason === "closed" ? undefined : new SessionEndedError(info);
    const inboxes = [...this.channels.values()].map(({ inbox }) => inbox);
    for (const inbox of [...inboxes, this.inbox]) this.#endInbox(inbox, error, unfinished);
    this.#makeRoom();
    this.#flushes?.end(info);
    this.#opening?.reject(new SessionEndedError(info));
    this.#tellEnding?.(info);
    this.#setStatus("ended", info.reason);
    this.#tell("ended", info);
  }

  #endInbox(inbox: Inbox, error?: Error, unfinished?: Error): void {
    inbox.end(error, unfinished);
    this.#refresh(inbox);
  }

  /** What nobody has taken of an abandoned channel is dropped. */
  #dropChannel(id: number, error: Error): void {
    const inbox = this.inboxOf(id);
    inbox.arrived.clear();
    this.#endInbox(inbox, error);
    this.#considerOver(id);
  }

  /** Lets go of channels that the core has forgotten, when the application has all of them. */
  #forgetChannels(): void {
    for (const id of this.#over) {
      const inbox = this.inboxOf(id);
      if (inbox.arrived.size > 0 || this.side.sender.channels.has(id)) continue;
      this.#returnCredit(this.host.nowMs(), inbox);
      if (inbox.handedOut > 0) continue;
      this.channels.delete(id);
      this.#over.delete(id);
    }
  }

  #considerOver(id: number): void {
    if (this.inboxOf(id).isEnded && this.#stateOf(id) !== "open") this.#over.add(id);
  }

  #returnCredit(nowMs: number, inbox: Inbox): void {
    const consumed = inbox.takeConsumed();
    if (consumed > 0) this.side.consume(nowMs, inbox.channelId, consumed);
  }

  #updateStatus(reason: string): void {
    const isOpening = this.side.peer === undefined;
    const isLost = this.#outage?.isLost === true;
    const why = isOpening || isLost ? reason : "";
    if (this.side.state === "closing") this.#setStatus("closing", why);
    else if (isOpening) this.#setStatus("opening", why);
    else this.#setStatus(isLost ? "interrupted" : "open", why);
  }

  #setStatus(state: SessionPhase, reason: string): void {
    const before = this.status;
    if (state === before.state && reason === before.reason) return;
    const sinceMs = state === before.state ? before.sinceMs : this.host.wallMs();
    const status: Status = { state, reason, sinceMs };
    this.status = status;
    this.#tell("status", status);
  }

  /** Listeners hear of it when the core is drained. */
  #tell<Name extends keyof SessionEvents>(
    name: Name,
    ...args: Parameters<SessionEvents[Name]>
  ): void {
    this.tell(() => {
      // A copy: who begins to listen now has not missed this one.
      for (const listener of this.#events?.events[name]?.slice() ?? []) {
        this.#call(() => {
          const result: unknown = (listener as (...given: typeof args) => unknown)(...args);
          if (result instanceof Promise) result.catch((error: unknown) => this.report(error));
        });
      }
    });
  }

  /** The application's errors are the application's. */
  #call(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.report(error);
    }
  }
}
