/**
 * A client, a server and the HTTP between them: the test bench for dialogues, for random runs and
 * for exploration. Each side has its own clock. Commands, deliveries and timers are steps; after
 * every step the side that was touched is drained, and the log notes what its application saw.
 *
 * A step touches one core at most: it hands the core an event, and then carries out what came of
 * it, the reaction. Who has seen the same core react to the same event before may put another
 * `reactor` in the cores' place.
 *
 * What the applications receive is compared at once with what was sent (promise 1).
 */
import {
  type ApplicationOutput,
  type DeliveryMode,
  type EndedOutput,
  UsageError,
} from "../core/index.ts";
import {
  BrokenPromise,
  type Command,
  hasReceived,
  newLog,
  newStream,
  nextPayload,
  noteDelivered,
  type SideLog,
  SIDES,
  type SideName,
  type Stream,
} from "./applications.ts";
import type { Choices } from "./choices.ts";
import { ConnectedCores } from "./connected-cores.ts";
import type { CoreEvent, Reaction } from "./cores.ts";
import { CONNECTIONS_OF_ONE_LIFE, type Item } from "./http.ts";
import type { PairOptions } from "./pair-options.ts";
import { numberOf } from "./payloads.ts";
import { sideOf, type Step, stepsOf } from "./steps.ts";

const OK = 200;
const TOO_LARGE = 413;
const NO_BYTES = new Uint8Array(0);

/**
 * A client's core and a server's with the network between them, moved step by step. Promise 1, what
 * is delivered, is checked at each delivery.
 */
export class Pair extends ConnectedCores {
  /** What each side's application has seen and done. */
  logs: Record<SideName, SideLog> = { client: newLog(), server: newLog() };
  /** What was sent on each channel, by sender and number: `client:0`. */
  streams: Map<string, Stream> = new Map();
  /** How many commands of each script were given. */
  readonly done: Record<SideName, number> = { client: 0, server: 0 };
  /** Losses that `steps` still offers. */
  lossesLeft: number;
  /** Doubled requests that `steps` still offers. */
  duplicatesLeft: number;
  /** Timers that may still fire too early. */
  hurriesLeft: number;
  /** Reloads that `steps` still offers. */
  reloadsLeft: number;
  /** Wakes that `steps` still offers. */
  wakesLeft: number;
  /** Pipes that `steps` still lets break. */
  breaksLeft: number;

  /** Nothing is done yet but the client's opening. @throws UsageError as both cores do. */
  constructor(options: PairOptions = {}) {
    super(options);
    this.lossesLeft = options.losses ?? 0;
    this.duplicatesLeft = options.duplicates ?? 0;
    this.hurriesLeft = options.hurries ?? Infinity;
    this.reloadsLeft = options.reloads ?? 0;
    this.wakesLeft = options.wakes ?? 0;
    this.breaksLeft = options.pipeBreaks ?? 0;
    this.logs.client.channels.add(0);
    this.logs.server.channels.add(0);
    for (const side of SIDES) this.stream(side, 0);
    this.endTick("client");
  }

  // --- readers --------------------------------------------------------------------------------

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
    return !this.isMoving && SIDES.every((side) => this.isIdleAt(side)) && this.isConsumed;
  }

  /** Nothing is due at a side, and its application has nothing left to do. */
  private isIdleAt(side: SideName): boolean {
    return this.wakeAt[side].atMs > this.clocks[side] && this.nextCommand(side) === undefined;
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

  /** Both sides know that an application broke the session off: then messages may be missing. */
  private get isCutOff(): boolean {
    const { clientScript = [], serverScript = [] } = this.options;
    const mayBeCutOff = [...clientScript, ...serverScript].some(({ kind }) => kind === "abort");
    return mayBeCutOff && SIDES.every((side) => this.logs[side].ended !== undefined);
  }

  /** The server can speak: on a pipe that works, or a request that the client counts on is parked. */
  get isParked(): boolean {
    const { client, session, http } = this;
    if (client.state === "ended") return true;
    if (client.joined !== 0) return this.isPiped;
    return (session?.side.parked ?? []).some(({ exchange, handle }) => {
      const isOverdue = client.exchanges.open.get(exchange)?.isOverdue ?? true;
      const connection = this.connectionBase + exchange;
      const isWaiting = http.held.get(handle) === connection && http.waiting.has(connection);
      return isWaiting && !isOverdue;
    });
  }

  /** All is done, nothing moves, and the server could speak at any moment. */
  get isAtRest(): boolean {
    // The literal procedure goes on asking: a request follows each answer, and an answer each
    // request that is one too many.
    if (this.options.client?.literal !== undefined) return this.isComplete && this.isConsumed;
    const isOver = this.isComplete || this.isCutOff;
    const isQuiet = this.isPiped ? this.isIdlyTalking : this.isQuiet;
    return isQuiet && isOver && this.isParked && this.isIdle;
  }

  /** As quiet as where both sides say now and then that they are there. */
  private get isIdlyTalking(): boolean {
    return SIDES.every((side) => this.isIdleAt(side)) && this.isConsumed && !this.isCarrying;
  }

  // --- stepping -------------------------------------------------------------------------------

  /**
   * All that may happen next. The first is harmless and helps: deliver what is on its way, fire
   * what is due, let the applications act, wait for the next timer. Faults come last.
   */
  steps(): Step[] {
    return stepsOf(this);
  }

  /** The side whose core a step touches; undefined: neither. */
  sideOf(step: Step): SideName | undefined {
    return sideOf(this, step);
  }

  /** Lets one step happen. @throws UsageError `state_invalid` for one that is not among `steps`. */
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
        if (command === undefined) throw new UsageError("state_invalid", "no command is left");
        this.done[step.side]++;
        this.command(step.side, command);
        return;
      }
      case "consume":
        this.consume(step.side, step.channel, 1);
        return;
      case "reload":
        this.reloadsLeft--;
        this.reload(step.requestsSurvive);
        return;
      case "wake":
        this.wakesLeft--;
        this.wake();
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
      case "deliver-pipe":
        this.deliverOnPipe(step.number, step.way);
        return;
      case "open-pipe":
        if (step.pipe === "duplex") this.openPipe();
        else this.offerPipe();
        return;
      case "break-pipe":
        this.breaksLeft--;
        this.breakPipe(step.number, step.told);
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
    const { body } = item;
    if (item.kind === "request") {
      const handle = http.takeRequest(item);
      this.react("server", { kind: "request", handle, body });
      return;
    }
    http.takeAnswer(item);
    const exchange = item.exchange - this.connectionBase;
    const { kind, status, notSent } = item;
    if (kind === "answer" && status === OK) {
      this.react("client", { kind: "answer", exchange, body });
    } else {
      const how = { tooLarge: status === TOO_LARGE, notSent };
      this.react("client", { kind: "failure", exchange, how });
    }
  }

  /** A side's next timer fires; its clock alone moves there. @throws UsageError `state_invalid`. */
  fire(side: SideName): void {
    const atMs = this.wakeMs(side);
    if (atMs === Infinity)
      throw new UsageError("state_invalid", `no timer of the ${side} is armed`);
    this.clocks[side] = Math.max(this.clocks[side], atMs);
    this.react(side, { kind: "timeout" });
  }

  /**
   * An application acts. Returns what `send` returned, or the channel that was opened.
   *
   * @throws UsageError as the core does; `state_invalid` while the server has no session.
   */
  command(side: SideName, command: Command): boolean | number {
    if (this.half(side) === undefined)
      throw new UsageError("state_invalid", "the server has no session yet");
    const isSending = command.kind === "send";
    const payload = isSending
      ? nextPayload(this.stream(side, command.channel ?? 0), command.bytes)
      : NO_BYTES;
    const reaction = this.reactionToCommand(side, { kind: "command", command, payload });
    this.noteCommand(side, command, reaction.result);
    this.carryOut(side, reaction);
    return reaction.result;
  }

  /** The application of one side is done with the next messages of a channel. */
  consume(side: SideName, channel: number, count: number): void {
    const reaction = this.reactionTo(side, { kind: "consume", channel, count });
    const { unconsumed } = this.logs[side];
    unconsumed.set(channel, (unconsumed.get(channel) ?? 0) - count);
    this.carryOut(side, reaction);
  }

  /** The client is saved and resumed, as by the reload of a page: its connections are gone. */
  reload(requestsSurvive = false, seed = 0): void {
    for (const connection of this.http.waiting) this.http.abort(connection, requestsSurvive);
    this.endPipes("client");
    const reaction = this.reactionTo("client", { kind: "reload", seed });
    this.connectionBase += CONNECTIONS_OF_ONE_LIFE;
    this.carryOut("client", reaction);
  }

  /** The server's host says that the connection of a request has gone, answered or not. */
  tellGone(handle: number): void {
    this.http.close(handle);
    this.react("server", { kind: "gone", handle });
  }

  /** The client's host says that the network may be back. */
  wake(): void {
    this.react("client", { kind: "wake" });
  }

  /** Fires what is due until nothing is. */
  endTick(side: SideName): void {
    this.carryOut(side, this.runCore(side, { kind: "start" }));
  }

  // --- cores ----------------------------------------------------------------------------------

  /** A command that is refused changes nothing, but time has passed for the core. */
  private reactionToCommand(side: SideName, event: CoreEvent): Reaction {
    try {
      return this.reactionTo(side, event);
    } catch (error) {
      if (error instanceof UsageError) this.endTick(side);
      throw error;
    }
  }

  // --- what comes of it -----------------------------------------------------------------------

  /** An application has done something. */
  protected noteCommand(side: SideName, command: Command, result: boolean | number): void {
    switch (command.kind) {
      case "send": {
        const stream = this.stream(side, command.channel ?? 0);
        stream.bytes.push(command.bytes);
        stream.keys.push(command.key ?? 0);
        return;
      }
      case "open": {
        const channel = result as number;
        this.noteChannel(side, channel, command.mode);
        const stream = this.stream(side, channel);
        stream.mayGiveUp = stream.mayGiveUp || (command.ttlMs ?? Infinity) !== Infinity;
        return;
      }
      case "finish":
        this.logs[side].channels.delete(command.channel);
        return;
      case "reset":
        this.noteReset(side, command.channel);
        return;
      case "close":
      case "abort":
        return;
    }
  }

  /** An application is told something. */
  protected override noteOutput(side: SideName, output: ApplicationOutput): void {
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
    if (item === undefined) throw new UsageError("state_invalid", `item ${id} is not on its way`);
    return item;
  }

  /** Whether the side's timer would fire before what is on its way arrives, or is due. */
  isHurried(side: SideName): boolean {
    if (this.remainingMs(side) <= 0) return false;
    if (this.options.timersFree?.includes(this.wakeAt[side].timer) === true) return false;
    return this.isMoving || SIDES.some((each) => this.remainingMs(each) <= 0);
  }

  /** What an application does next; undefined when it does nothing more. */
  nextCommand(side: SideName): Command | undefined {
    const half = this.half(side);
    if (half === undefined || (half.state !== "opening" && half.state !== "open")) return undefined;
    const script = side === "client" ? this.options.clientScript : this.options.serverScript;
    return script?.[this.done[side]];
  }

  /** A channel of which something was delivered and is not consumed. */
  unconsumedChannel(side: SideName): number | undefined {
    for (const [channel, count] of this.logs[side].unconsumed) if (count > 0) return channel;
    return undefined;
  }
}
