/**
 * A client, a server and the HTTP between them: the test bench for dialogues, for random runs and
 * for exploration. Each side has its own clock. Commands, deliveries and timers are steps; after
 * every step the side that was touched is drained, and the log notes what its application saw.
 *
 * What the applications receive is compared at once with what was sent (promise 1).
 */
import {
  type ApplicationOutput,
  type DeliveryMode,
  type EndedOutput,
  Endpoint,
  type EndpointOptions,
  LiteralRequestSide,
  RequestSide,
  type RequestOptions,
  type ServerSession,
  UsageError,
} from "../core/index.ts";
import type { ParkSide } from "../core/index.ts";
import type { Choices } from "./choices.ts";
import { CONNECTIONS_OF_ONE_LIFE, type Item, SimulatedHttp } from "./http.ts";
import { isSamePayload, makePayload, numberOf } from "./payloads.ts";

/** The two sides of a pair. */
export type SideName = "client" | "server";

/** A promise of the library is broken; `message` says which and how. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** What an application does. */
export type Command =
  | {
      readonly kind: "send";
      readonly bytes: number;
      readonly channel?: number;
      readonly key?: number;
    }
  | { readonly kind: "open"; readonly mode: DeliveryMode; readonly ttlMs?: number }
  | { readonly kind: "finish"; readonly channel: number }
  | { readonly kind: "reset"; readonly channel: number }
  | { readonly kind: "close" }
  | { readonly kind: "abort" };

/** What one side sent on one channel, and what of it the other side received. */
export interface Stream {
  /** Who sent it. */
  readonly from: SideName;
  /** The channel's number. */
  readonly channel: number;
  /** How the channel delivers. */
  mode: DeliveryMode;
  /** Messages may be given up. */
  mayGiveUp: boolean;
  /** Either side reset the channel: nothing more need arrive. */
  isReset: boolean;
  /** Sizes of what was sent, by number. */
  readonly bytes: number[];
  /** Keys of what was sent, by number. */
  readonly keys: number[];
  /** How many were received. */
  receivedCount: number;
  /** Numbers of what was received, where they may come in any order. */
  readonly received: Set<number>;
  /** Numbers received last: by key on `latest` channels, under 0 on ordered ones. */
  readonly lastByKey: Map<number, number>;
  /** Messages that were given up before they were sent, as the sender was told. */
  neverSent: number;
  /** Messages that were given up after they were sent. */
  givenUpSent: number;
}

/** What an application has seen and done. */
export interface SideLog {
  /** Kinds of what it was told besides messages, in order. */
  readonly events: string[];
  /** Channels it may send on. */
  readonly channels: Set<number>;
  /** Delivered and not consumed, by channel, with explicit consumption. */
  readonly unconsumed: Map<number, number>;
  /** How the session ended for it; undefined while it lives. */
  ended: EndedOutput | undefined;
}

/** How items travel; without one they wait until a step takes them. */
export interface Router {
  /** A body has just left; the router may lose, delay, double or damage it. */
  handleSent(item: Item): void;
  /** The client gives an exchange up: whether its request arrives all the same. */
  requestSurvives(exchange: number): boolean;
}

/** Cores, applications and faults of a pair. */
export interface PairOptions {
  /** Options of the client's core. */
  readonly client?: Partial<RequestOptions>;
  /** Options of the server's core. */
  readonly server?: Partial<EndpointOptions>;
  /** What the client's application does, in this order, at any time. */
  readonly clientScript?: readonly Command[];
  /** The same at the server. */
  readonly serverScript?: readonly Command[];
  /** How many bodies may be lost. */
  readonly losses?: number;
  /** How many requests may arrive twice. */
  readonly duplicates?: number;
  /**
   * How many timers may fire while something is still on its way, as if the network were slower
   * than the timer; default: any number. Timers that are due already and those that fire while
   * nothing moves are free.
   */
  readonly hurries?: number;
  /** Timers that `steps` does not offer. */
  readonly timersExcluded?: readonly string[];
  /** False: a tick may end later than the step that began it, so bodies and commands may join. */
  readonly eagerTicks?: boolean;
}

/** Something that may happen next. */
export type Step =
  | { readonly kind: "deliver"; readonly item: number; readonly label: string }
  | { readonly kind: "timer"; readonly side: SideName; readonly label: string }
  | { readonly kind: "command"; readonly side: SideName; readonly label: string }
  | {
      readonly kind: "consume";
      readonly side: SideName;
      readonly channel: number;
      readonly label: string;
    }
  | { readonly kind: "lose"; readonly item: number; readonly label: string }
  | {
      readonly kind: "fail";
      readonly exchange: number;
      readonly item: number;
      readonly label: string;
    }
  | { readonly kind: "duplicate"; readonly item: number; readonly label: string };

/** A side that asks to be woken now again and again is stuck: bound of ticks without a pause. */
const TICKS_MAX = 100;
const OK = 200;
const TOO_LARGE = 413;
const ORIGIN = { address: "client", principal: "" };
const WELCOME = { accepted: true, principal: "" } as const;
const SERVER_CLOCK_START_MS = 1_000_000;
/** Timers that may be armed with nothing to say. */
const IDLE_TIMERS: readonly string[] = ["exchange", "hold", "silence", "tombstone"];
const SIDES: readonly SideName[] = ["client", "server"];

/**
 * A client's core and a server's with the network between them, moved step by step. Promise 1, what
 * is delivered, is checked at each delivery.
 */
export class Pair {
  /** The client's core; another one after a reload. */
  client: RequestSide;
  /** Connections are numbered on over reloads, as exchanges are not. */
  connectionBase = 0;
  /** The server's core. */
  readonly server: Endpoint;
  /** What is between them. */
  readonly http: SimulatedHttp = new SimulatedHttp();
  /** The server's side of the session, once a request has arrived. */
  session: ServerSession | undefined = undefined;
  /** What time it is at each side, in milliseconds. */
  readonly clocks: Record<SideName, number> = { client: 0, server: SERVER_CLOCK_START_MS };
  /** What each side's application has seen and done. */
  readonly logs: Record<SideName, SideLog> = { client: newLog(), server: newLog() };
  /** What was sent on each channel, by sender and number: `client:0`. */
  readonly streams: Map<string, Stream> = new Map();
  /** When each side wants to be woken, and by which timer. */
  readonly wakeAt: Record<SideName, { atMs: number; timer: string }> = {
    client: { atMs: 0, timer: "transmit" },
    server: { atMs: Infinity, timer: "none" },
  };
  /** How many commands of each script were given. */
  readonly done: Record<SideName, number> = { client: 0, server: 0 };
  /** Losses that `steps` still offers. */
  lossesLeft: number;
  /** Doubled requests that `steps` still offers. */
  duplicatesLeft: number;
  /** Timers that may still fire too early. */
  hurriesLeft: number;
  /** What the pair was made with. */
  readonly options: PairOptions;
  /** How items travel; undefined: they wait until a step takes them. */
  router: Router | undefined = undefined;

  /** Both sides have done nothing yet but the client its opening. */
  constructor(options: PairOptions = {}) {
    this.options = options;
    this.lossesLeft = options.losses ?? 0;
    this.duplicatesLeft = options.duplicates ?? 0;
    this.hurriesLeft = options.hurries ?? Infinity;
    const credentials = { nonce: new Uint8Array(16).fill(7), secret: new Uint8Array(16).fill(9) };
    this.client = new this.clientClass(this.clocks.client, credentials, options.client);
    this.server = new Endpoint(this.clocks.server, options.server);
    this.logs.client.channels.add(0);
    this.logs.server.channels.add(0);
    for (const side of SIDES) this.stream(side, 0);
    this.endTick("client");
  }

  // --- readers --------------------------------------------------------------------------------

  /** One side's half of the session; undefined before the server has one. */
  half(side: SideName): RequestSide | ParkSide | undefined {
    return side === "client" ? this.client : this.session?.side;
  }

  /** What one side sent on one channel. */
  stream(from: SideName, channel: number): Stream {
    const name = `${from}:${channel}`;
    let stream = this.streams.get(name);
    if (stream === undefined) {
      stream = newStream(from, channel);
      this.streams.set(name, stream);
    }
    return stream;
  }

  /** Nothing is on its way, nothing is due, and the applications have nothing left to do. */
  get isQuiet(): boolean {
    if (this.http.items.length > 0) return false;
    return (
      SIDES.every(
        (side) =>
          this.wakeAt[side].atMs > this.clocks[side] && this.nextCommand(side) === undefined,
      ) && this.isConsumed
    );
  }

  private get isConsumed(): boolean {
    return SIDES.every((side) => this.unconsumedChannel(side) === undefined);
  }

  /** Everything accepted was delivered and acknowledged, or the session was closed in order. */
  get isComplete(): boolean {
    const { client, session } = this;
    if (session === undefined) return client.isFlushed && client.state === "open";
    const hasEnded = client.state === "ended";
    if (hasEnded !== (session.side.state === "ended")) return false;
    if (!hasEnded && !(client.isFlushed && session.side.isFlushed)) return false;
    for (const stream of this.streams.values()) {
      if (stream.isReset) continue;
      // What a newer one supersedes is not counted; whether something is missing is told elsewhere.
      if (stream.mode === "latest") continue;
      const givenUp = stream.neverSent + stream.givenUpSent;
      if (stream.receivedCount + givenUp < stream.bytes.length) return false;
    }
    return true;
  }

  /** A request that the client counts on is parked at the server. */
  get isParked(): boolean {
    const { client, session, http } = this;
    if (client.state === "ended") return true;
    return (session?.side.parked ?? []).some(({ exchange, handle }) => {
      const isOverdue = client.exchanges.open.get(exchange)?.isOverdue ?? true;
      const connection = this.connectionBase + exchange;
      const isWaiting = http.held.get(handle) === connection && http.waiting.has(connection);
      return isWaiting && !isOverdue;
    });
  }

  /** Nothing is going to move but what renews the parked request. */
  get isIdle(): boolean {
    return SIDES.every((side) => {
      const { atMs, timer } = this.wakeAt[side];
      return atMs === Infinity || IDLE_TIMERS.includes(timer);
    });
  }

  /** All is done, nothing moves, and the server could speak at any moment. */
  get isAtRest(): boolean {
    // The literal procedure goes on asking: a request follows each answer, and an answer each
    // request that is one too many.
    if (this.options.client?.literal !== undefined) return this.isComplete && this.isConsumed;
    return this.isQuiet && this.isComplete && this.isParked && this.isIdle;
  }

  // --- stepping -------------------------------------------------------------------------------

  /**
   * All that may happen next. The first is harmless and helps: deliver what is on its way, fire
   * what is due, let the applications act, wait for the next timer. Faults come last.
   */
  steps(): Step[] {
    const steps: Step[] = [];
    for (const { id, kind, exchange } of this.http.items) {
      if (kind !== "request") {
        steps.push({ kind: "deliver", item: id, label: `${kind} ${exchange} arrives` });
      }
    }
    for (const { id, kind, exchange } of this.http.items) {
      if (kind === "request") {
        steps.push({ kind: "deliver", item: id, label: `request ${exchange} arrives` });
      }
    }
    const timers = SIDES.filter((side) => this.isTimerOffered(side));
    timers.sort((left, right) => this.remainingMs(left) - this.remainingMs(right));
    const late: Step[] = [];
    for (const side of timers) {
      const label = `${side}'s timer "${this.wakeAt[side].timer}" fires`;
      const isDue = this.remainingMs(side) <= 0;
      (isDue ? steps : late).push({ kind: "timer", side, label });
    }
    for (const side of SIDES) {
      const command = this.nextCommand(side);
      if (command !== undefined) {
        steps.push({ kind: "command", side, label: `${side}: ${command.kind}` });
      }
      const channel = this.unconsumedChannel(side);
      if (channel !== undefined) {
        steps.push({ kind: "consume", side, channel, label: `${side} consumes a message` });
      }
    }
    steps.push(...late);
    this.offerFaults(steps);
    return steps;
  }

  private offerFaults(steps: Step[]): void {
    if (this.duplicatesLeft > 0) {
      for (const { id, kind, exchange } of this.http.items) {
        if (kind !== "request") continue;
        steps.push({ kind: "duplicate", item: id, label: `request ${exchange} is doubled` });
      }
    }
    if (this.lossesLeft === 0) return;
    for (const { id, kind, exchange } of this.http.items) {
      steps.push({ kind: "lose", item: id, label: `${kind} ${exchange} is lost unseen` });
      if (!this.http.waiting.has(exchange)) continue;
      const label = `${kind} ${exchange} is lost, and the client sees an error`;
      steps.push({ kind: "fail", exchange, item: id, label });
    }
    for (const exchange of this.http.waiting) {
      const label = `exchange ${exchange} fails at the client; its request lives on`;
      steps.push({ kind: "fail", exchange, item: 0, label });
    }
  }

  /** The side whose core a step touches; undefined: neither. */
  sideOf(step: Step): SideName | undefined {
    switch (step.kind) {
      case "deliver":
        return this.item(step.item).kind === "request" ? "server" : "client";
      case "fail":
        return "client";
      case "lose":
      case "duplicate":
        return undefined;
      default:
        return step.side;
    }
  }

  /** Lets one step happen. */
  apply(step: Step): void {
    switch (step.kind) {
      case "deliver":
        this.deliver(this.item(step.item));
        return;
      case "timer":
        if (this.isHurried(step.side)) this.hurriesLeft--;
        this.fire(step.side);
        return;
      case "command": {
        const command = this.nextCommand(step.side);
        if (command === undefined) throw new Error("no command is left");
        this.done[step.side]++;
        this.command(step.side, command);
        return;
      }
      case "consume":
        this.consume(step.side, step.channel, 1);
        return;
      case "lose":
        this.lossesLeft--;
        this.http.lose(this.item(step.item));
        return;
      case "fail":
        this.lossesLeft--;
        if (step.item !== 0) this.http.lose(this.item(step.item));
        this.deliver(this.http.fail(step.exchange));
        return;
      case "duplicate":
        this.duplicatesLeft--;
        this.http.duplicate(this.item(step.item));
        return;
    }
  }

  /** Takes one of the steps that are possible; undefined when there is none. */
  step(choices: Choices): Step | undefined {
    const steps = this.steps();
    if (steps.length === 0) return undefined;
    const step = steps[choices.pick(steps.length, "step")] as Step;
    this.apply(step);
    return step;
  }

  /**
   * Steps until both sides are at rest with everything delivered and acknowledged.
   *
   * @returns how many steps it took.
   * @throws BrokenPromise when `stepsMax` were not enough (promise 6).
   */
  drive(choices: Choices, stepsMax = 200): number {
    for (let count = 0; count < stepsMax; count++) {
      if (this.isAtRest) return count;
      if (this.step(choices) === undefined) throw new BrokenPromise("6: nothing can happen");
    }
    throw new BrokenPromise(`6: not at rest after ${stepsMax} steps`);
  }

  // --- single events --------------------------------------------------------------------------

  /** An item arrives. */
  deliver(item: Item): void {
    const { http } = this;
    if (item.kind === "request") {
      const handle = http.takeRequest(item);
      this.server.handleRequest(this.clocks.server, handle, item.body, ORIGIN);
      this.settle("server");
      return;
    }
    http.takeAnswer(item);
    const exchange = item.exchange - this.connectionBase;
    const { kind, status, notSent } = item;
    if (kind === "answer" && status === OK) {
      this.client.handleAnswer(this.clocks.client, exchange, item.body);
    } else {
      const how = { tooLarge: status === TOO_LARGE, notSent };
      this.client.handleFailure(this.clocks.client, exchange, how);
    }
    this.settle("client");
  }

  /** A side's next timer fires; its clock alone moves there. */
  fire(side: SideName): void {
    const { atMs } = this.wakeAt[side];
    if (atMs === Infinity) throw new Error(`no timer of the ${side} is armed`);
    this.clocks[side] = Math.max(this.clocks[side], atMs);
    this.tick(side);
    this.settle(side);
  }

  /** An application acts. Returns what `send` returned, or the channel that was opened. */
  command(side: SideName, command: Command): boolean | number {
    const half = this.half(side);
    if (half === undefined) throw new Error("the server has no session yet");
    const result = this.perform(side, half, command);
    if (side === "server" && this.session !== undefined) this.server.touch(this.session);
    this.settle(side);
    return result;
  }

  /** The application of one side is done with the next messages of a channel. */
  consume(side: SideName, channel: number, count: number): void {
    const { unconsumed } = this.logs[side];
    unconsumed.set(channel, (unconsumed.get(channel) ?? 0) - count);
    this.half(side)?.consume(this.clocks[side], channel, count);
    if (side === "server" && this.session !== undefined) this.server.touch(this.session);
    this.settle(side);
  }

  /** The client is saved and resumed, as by the reload of a page: its connections are gone. */
  reload(requestsSurvive = false, seed = 0): void {
    const saved = this.client.save(this.clocks.client);
    for (const connection of this.http.waiting) this.http.abort(connection, requestsSurvive);
    this.connectionBase += CONNECTIONS_OF_ONE_LIFE;
    this.client = this.clientClass.resume(this.clocks.client, saved, seed);
    this.settle("client");
  }

  private get clientClass(): typeof RequestSide {
    return this.options.client?.literal === undefined ? RequestSide : LiteralRequestSide;
  }

  /** The client's host says that the network may be back. */
  wake(): void {
    this.client.handleWake(this.clocks.client);
    this.settle("client");
  }

  private perform(
    side: SideName,
    half: RequestSide | ParkSide,
    command: Command,
  ): boolean | number {
    const nowMs = this.clocks[side];
    const { channels } = this.logs[side];
    switch (command.kind) {
      case "send": {
        const { channel = 0, bytes, key } = command;
        const stream = this.stream(side, channel);
        const payload = makePayload(saltOf(side, channel), stream.bytes.length, bytes);
        const isWritable = half.send(nowMs, payload, channel, key);
        stream.bytes.push(bytes);
        stream.keys.push(key ?? 0);
        return isWritable;
      }
      case "open": {
        const { mode, ttlMs = Infinity } = command;
        const label = Uint8Array.of(1, 2, 3);
        const channel = half.openChannel(nowMs, label, { mode, ttlMs });
        this.noteChannel(side, channel, mode);
        const stream = this.stream(side, channel);
        stream.mayGiveUp = stream.mayGiveUp || ttlMs !== Infinity;
        return channel;
      }
      case "finish":
        half.finishChannel(nowMs, command.channel);
        return channels.delete(command.channel);
      case "reset":
        half.resetChannel(nowMs, command.channel, 1);
        this.noteReset(side, command.channel);
        return true;
      case "close":
        half.close(nowMs);
        return true;
      case "abort":
        half.abort(nowMs);
        return true;
    }
  }

  // --- ticks ----------------------------------------------------------------------------------

  /** Ends the tick now, or drains only and leaves its end to a step of its own. */
  private settle(side: SideName): void {
    if (this.options.eagerTicks === false) this.drain(side);
    else this.endTick(side);
  }

  /** Fires what is due until nothing is. */
  endTick(side: SideName): void {
    this.drain(side);
    for (let ticks = 0; this.wakeAt[side].atMs <= this.clocks[side]; ticks++) {
      if (ticks === TICKS_MAX) throw new BrokenPromise(`6: ${side} wants to be woken without end`);
      this.tick(side);
    }
  }

  private tick(side: SideName): void {
    if (side === "client") this.client.handleTimeout(this.clocks.client);
    else this.server.handleTimeout(this.clocks.server);
    this.drain(side);
  }

  private drain(side: SideName): void {
    if (side === "client") this.drainClient();
    else this.drainServer();
  }

  private drainClient(): void {
    for (;;) {
      const output = this.client.poll();
      if (output.kind === "timeout") {
        this.wakeAt.client = { atMs: output.atMs, timer: output.timer };
        return;
      }
      if (output.kind === "request") {
        const connection = this.connectionBase + output.exchange;
        const item = this.http.sendRequest(connection, output.body);
        this.router?.handleSent(item);
      } else if (output.kind === "abort") {
        const connection = this.connectionBase + output.exchange;
        const survives = this.router?.requestSurvives(connection) ?? false;
        this.http.abort(connection, survives);
      } else {
        this.noteOutput("client", output);
      }
    }
  }

  private drainServer(): void {
    for (;;) {
      const output = this.server.poll();
      if (output.kind === "timeout") {
        const timer = this.session === undefined ? output.timer : this.sessionTimer(output.timer);
        this.wakeAt.server = { atMs: output.atMs, timer };
        return;
      }
      if (output.kind === "respond") {
        const item = this.http.sendAnswer(output.handle, output.body);
        if (item !== undefined) this.router?.handleSent(item);
      } else if (output.kind === "session") {
        this.session ??= output.session;
        if (this.session === output.session) this.noteOutput("server", output.output);
        else throw new BrokenPromise("1: a second session was opened by the same client");
      } else {
        this.session ??= output.session;
        this.server.handleVerdict(this.clocks.server, output.session, WELCOME);
      }
    }
  }

  /** The name of the session's own timer: the endpoint knows only when. */
  private sessionTimer(timer: string): string {
    const side = this.session?.side;
    if (side === undefined || side.state === "ended" || timer === "tombstone") return timer;
    const output = side.poll();
    if (output.kind !== "timeout") throw new Error("the endpoint left a session undrained");
    return output.timer;
  }

  // --- what the applications see --------------------------------------------------------------

  private noteOutput(side: SideName, output: ApplicationOutput): void {
    const log = this.logs[side];
    const peer = side === "client" ? "server" : "client";
    switch (output.kind) {
      case "deliver": {
        const { channel, payloads } = output;
        const stream = this.stream(peer, channel);
        for (const payload of payloads) noteDelivered(stream, payload);
        if (this.options[side]?.consume === "explicit") {
          const before = log.unconsumed.get(channel) ?? 0;
          log.unconsumed.set(channel, before + payloads.length);
        }
        return;
      }
      case "given-up": {
        const stream = this.stream(side, output.channel);
        if (!stream.isReset && !stream.mayGiveUp) {
          throw new BrokenPromise("1: messages of a lasting channel were given up");
        }
        stream.neverSent += output.neverSent;
        stream.givenUpSent += output.sent;
        return;
      }
      case "channel-opened":
        this.noteChannel(side, output.channel, output.mode);
        break;
      case "channel-reset":
        this.noteReset(side, output.channel);
        break;
      case "ended":
        this.noteEnded(side, output);
        break;
      default:
        break;
    }
    log.events.push(output.kind);
  }

  private noteChannel(side: SideName, channel: number, mode: DeliveryMode): void {
    this.logs[side].channels.add(channel);
    for (const from of SIDES) {
      const stream = this.stream(from, channel);
      stream.mode = mode;
      stream.mayGiveUp = stream.mayGiveUp || mode === "latest";
    }
  }

  private noteReset(side: SideName, channel: number): void {
    this.logs[side].channels.delete(channel);
    for (const from of SIDES) this.stream(from, channel).isReset = true;
  }

  /** Promise 3: what certainly was not delivered was not. */
  private noteEnded(side: SideName, ended: EndedOutput): void {
    const log = this.logs[side];
    if (log.ended !== undefined) throw new BrokenPromise(`3: ${side} ended twice`);
    log.ended = ended;
    log.unconsumed.clear();
    for (const { channel, payload } of ended.neverSent) {
      const number = numberOf(payload);
      const stream = this.stream(side, channel);
      if (number !== undefined && hasReceived(stream, number)) {
        throw new BrokenPromise(`3: message ${number} was "never sent" and yet delivered`);
      }
    }
    if (ended.reason !== "closed") return;
    if (ended.neverSent.length + ended.unknown.length > 0) {
      throw new BrokenPromise("3: closed, and yet messages are unaccounted for");
    }
  }

  // --- details --------------------------------------------------------------------------------

  private item(id: number): Item {
    const item = this.http.items.find((each) => each.id === id);
    if (item === undefined) throw new Error(`item is not on its way: ${id}`);
    return item;
  }

  private remainingMs(side: SideName): number {
    return this.wakeAt[side].atMs - this.clocks[side];
  }

  private isTimerOffered(side: SideName): boolean {
    const { atMs, timer } = this.wakeAt[side];
    if (atMs === Infinity) return false;
    if (this.hurriesLeft === 0 && this.isHurried(side)) return false;
    return !(this.options.timersExcluded ?? []).includes(timer);
  }

  /** Whether the side's timer would fire before what is on its way arrives, or is due. */
  private isHurried(side: SideName): boolean {
    if (this.remainingMs(side) <= 0) return false;
    return this.http.items.length > 0 || SIDES.some((each) => this.remainingMs(each) <= 0);
  }

  private nextCommand(side: SideName): Command | undefined {
    const half = this.half(side);
    if (half === undefined || (half.state !== "opening" && half.state !== "open")) return undefined;
    const script = side === "client" ? this.options.clientScript : this.options.serverScript;
    return script?.[this.done[side]];
  }

  private unconsumedChannel(side: SideName): number | undefined {
    for (const [channel, count] of this.logs[side].unconsumed) if (count > 0) return channel;
    return undefined;
  }
}

function newLog(): SideLog {
  return { events: [], channels: new Set(), unconsumed: new Map(), ended: undefined };
}

function newStream(from: SideName, channel: number): Stream {
  return {
    from,
    channel,
    mode: "ordered",
    mayGiveUp: false,
    isReset: false,
    bytes: [],
    keys: [],
    receivedCount: 0,
    received: new Set(),
    lastByKey: new Map(),
    neverSent: 0,
    givenUpSent: 0,
  };
}

function saltOf(from: SideName, channel: number): number {
  return channel * 2 + (from === "client" ? 0 : 1);
}

/** Whether all that is received comes in order and without a gap. */
function isGapless(stream: Stream): boolean {
  return stream.mode === "ordered" && !stream.mayGiveUp;
}

function hasReceived(stream: Stream, number: number): boolean {
  return isGapless(stream) ? number < stream.receivedCount : stream.received.has(number);
}

/** Promise 1, at the moment of delivery. */
function noteDelivered(stream: Stream, payload: Uint8Array): void {
  const where = `${stream.from}'s channel ${stream.channel}`;
  const gapless = isGapless(stream);
  const number = gapless ? stream.receivedCount : (numberOf(payload) ?? -1);
  const bytes = stream.bytes[number];
  if (bytes === undefined) throw new BrokenPromise(`1: ${where}: a message that was never sent`);
  const expected = makePayload(saltOf(stream.from, stream.channel), number, bytes);
  if (!isSamePayload(payload, expected)) {
    const came = numberOf(payload);
    throw new BrokenPromise(`1: ${where}: ${came} came in the place of ${number}, or was altered`);
  }
  stream.receivedCount++;
  if (gapless) return;
  if (stream.received.has(number)) throw new BrokenPromise(`1: ${where}: ${number} came twice`);
  stream.received.add(number);
  if (stream.mode === "unordered") return;
  const key = stream.mode === "latest" ? (stream.keys[number] as number) : 0;
  if ((stream.lastByKey.get(key) ?? -1) > number) {
    throw new BrokenPromise(`1: ${where}: ${number} came after a newer one`);
  }
  stream.lastByKey.set(key, number);
}

/** Whether an error is the application's own doing, as far as a simulation provokes it. */
export function isRefusal(error: unknown): boolean {
  return error instanceof UsageError;
}
