/**
 * The network between one client and one server: a line in each direction, times at which it is
 * cut, and HTTP with its vices on top. It says when and in which shape a body arrives, and holds
 * neither cores nor sessions: whoever has them tells it the time, hands it what was sent, and takes
 * from its `http` what has arrived.
 *
 * A world moves it like this: set `nowMs`, call `handleTimeout` when `nextAtMs` has come, hand each
 * item to `handleSent`, and call `handleArrived` before an item is taken.
 *
 * Invariant: with all options 0 and after `heal()` no question is asked.
 */
import { CONNECTIONS_OF_ONE_LIFE, ERROR_PAGE, type Item, type SimulatedHttp } from "../http.ts";
import { checkOptions, nested, optional, type Rules } from "../option-checks.ts";
import type { PipeItem, Way } from "../pipes.ts";
import type { Play } from "../play.ts";
import { BodyTexts } from "./body-texts.ts";
import { type HttpFaults, type HttpMark, HTTP_RULES, NO_HTTP_FAULTS } from "./http-faults.ts";
import { Line, LINE_RULES, type LineMark, type LineOptions, PERFECT_LINE } from "./line.ts";
import {
  NO_PIPE_FAULTS,
  PIPE_FAULT_RULES,
  type PipeFaultMark,
  type PipeFaults,
} from "./pipe-faults.ts";
import { PipeNetwork } from "./pipe-network.ts";
import {
  checkLengths,
  NO_PARTITIONS,
  PARTITION_RULES,
  type PartitionMark,
  type PartitionOptions,
  Partitions,
} from "./partitions.ts";

/** What a network is like. */
export interface NetworkOptions {
  /** From the client to the server. */
  readonly up: LineOptions;
  /** From the server to the client. */
  readonly down: LineOptions;
  /** Hosts and proxies. */
  readonly http: HttpFaults;
  /** Times at which nothing passes. */
  readonly partitions: PartitionOptions;
  /** Connections that last. Default `NO_PIPE_FAULTS`. */
  readonly pipes?: PipeFaults;
}

/** Nothing goes wrong, and a body takes a millisecond. */
export const PERFECT_NETWORK: NetworkOptions = {
  up: PERFECT_LINE,
  down: PERFECT_LINE,
  http: NO_HTTP_FAULTS,
  partitions: NO_PARTITIONS,
};

const RULES: Rules<NetworkOptions> = {
  up: nested(LINE_RULES),
  down: nested(LINE_RULES),
  http: nested(HTTP_RULES),
  partitions: nested(PARTITION_RULES),
  pipes: optional(nested(PIPE_FAULT_RULES)),
};

/**
 * @internal `name` is where the options stand.
 * @throws UsageError `option_invalid`, `option_unknown`.
 */
export function checkNetworkOptions(options: NetworkOptions, name = ""): void {
  checkOptions(options, RULES, name);
  checkLengths(options.partitions, `${name === "" ? "" : `${name}.`}partitions.`);
}

/** What a network does that is worth counting: the names under which `Play` marks it. */
export type NetworkMark = LineMark | HttpMark | PartitionMark | PipeFaultMark;

/** Who is at the ends, for labels and charts. */
export interface NetworkNames {
  /** Labels begin with it unless it is "client": "alice's request 3 is lost". */
  readonly client: string;
  /** Who answers. */
  readonly server: string;
}

/** What worlds with more than one client tell apart. */
const NAMES: NetworkNames = { client: "client", server: "server" };
const OK = 200;
const TOO_LARGE = 413;
const BAD_GATEWAY = 502;
const GATEWAY_TIMEOUT = 504;
/** Of bodies sent while the network is cut: how many are lost, and do not wait it out. */
const CUT_OFF_PERMILLE = 500;
const ALWAYS_PERMILLE = 1_000;

/** A network, its clock, and what is on its way. */
export class Network {
  /** What time it is; set by the world before anything else is called. */
  nowMs: number;
  /** What is between the two sides. */
  readonly http: SimulatedHttp;
  /** What the network was made with. */
  readonly options: NetworkOptions;
  /** Times at which nothing passes. */
  readonly partitions: Partitions;
  /** From the client to the server. */
  readonly up: Line;
  /** From the server to the client. */
  readonly down: Line;
  /** Is told of connections that go before their answer came; undefined: nobody is. */
  whenGone: ((exchange: number) => void) | undefined = undefined;
  private isHealed = false;
  private restartAtMs: number;
  /** When the middle cuts requests that are unanswered: by exchange. */
  private readonly idleCuts: Map<number, number> = new Map();
  /** Exchanges whose connection is gone; what the server answers goes nowhere. */
  private readonly dead: Set<number> = new Set();
  /** Numbers of the chart: by item. */
  private readonly noted: Map<number, number> = new Map();
  private readonly play: Play;
  private readonly names: NetworkNames;
  private readonly texts: BodyTexts = new BodyTexts();
  private readonly pipes: PipeNetwork;

  /**
   * `http` may hold what was sent already: hand it to `handleSent`. `play` decides. `startMs` is
   * what time it is.
   *
   * @throws UsageError `option_invalid`, `option_unknown`, naming the option: "up.latencyMs".
   */
  constructor(
    http: SimulatedHttp,
    options: NetworkOptions,
    play: Play,
    names: NetworkNames = NAMES,
    startMs = 0,
  ) {
    checkNetworkOptions(options);
    this.nowMs = startMs;
    this.http = http;
    this.options = options;
    this.play = play;
    this.names = names;
    this.up = new Line(options.up, play);
    this.down = new Line(options.down, play);
    this.partitions = new Partitions(options.partitions, play, startMs);
    this.pipes = this.makePipes(startMs);
    const { restartCheckMs, restartPermille } = options.http;
    this.restartAtMs =
      restartCheckMs > 0 && restartPermille > 0 ? startMs + restartCheckMs : Infinity;
  }

  private makePipes(startMs: number): PipeNetwork {
    const { up, down, partitions, texts, names, http } = this;
    const { pipes: options = NO_PIPE_FAULTS } = this.options;
    const latencyMs = this.options.up.latencyMs + this.options.down.latencyMs;
    const around = { pipes: http.pipes, options, lines: { up, down }, latencyMs, ...names };
    return new PipeNetwork({ ...around, partitions, texts }, this.play, startMs);
  }

  /** When `handleTimeout` has something to do; Infinity: never, as it stands. */
  get nextAtMs(): number {
    let atMs = Math.min(this.partitions.nextAtMs, this.restartAtMs, this.pipes.nextAtMs);
    for (const cutAtMs of this.idleCuts.values()) atMs = Math.min(atMs, cutAtMs);
    return atMs;
  }

  /** The item that arrives next, at its `atMs`; undefined: nothing is on its way. */
  get nextItem(): Item | undefined {
    let next: Item | undefined;
    for (const item of this.http.items) {
      if (next === undefined || item.atMs < next.atMs) next = item;
    }
    return next;
  }

  // --- what happens to it ---------------------------------------------------------------------

  /** Time has come to `nowMs`: partitions begin and end, the middle restarts, timers cut. */
  handleTimeout(): void {
    const { partitions, nowMs } = this;
    if (nowMs >= partitions.nextAtMs && partitions.handleTimeout(nowMs)) {
      const { cut } = partitions;
      const text = cut === undefined ? "the network is whole" : `the network is cut: ${cut}`;
      this.play.note(nowMs, this.names.client, text);
    }
    while (nowMs >= this.restartAtMs) {
      const label = `the middle restarts at ${this.restartAtMs} ms`;
      this.restartAtMs += this.options.http.restartCheckMs;
      if (this.happens("middle restarts", this.options.http.restartPermille, label)) {
        this.breakConnections();
      }
    }
    for (const [exchange, cutAtMs] of Array.from(this.idleCuts)) {
      if (cutAtMs <= nowMs) this.cutIdle(exchange);
    }
    this.pipes.nowMs = nowMs;
    this.pipes.handleTimeout();
  }

  /** The client begins a connection for a pipe: when it is up; Infinity: never. */
  pipeOpensAtMs(): number {
    this.pipes.nowMs = this.nowMs;
    return this.pipes.openAtMs();
  }

  /** Something has just left on a pipe. */
  handlePipeSent(number: number, way: Way, item: PipeItem): void {
    this.pipes.nowMs = this.nowMs;
    this.pipes.handleSent(number, way, item);
  }

  /** What comes next on a pipe is about to be taken by its receiver. */
  handlePipeArrived(number: number, way: Way, item: PipeItem): void {
    this.pipes.nowMs = this.nowMs;
    this.pipes.handleArrived(number, way, item);
  }

  /** A body has just left. */
  handleSent(item: Item): void {
    if (item.kind === "request") this.sendRequest(item);
    else if (item.kind === "answer") this.sendAnswer(item);
  }

  /** An item is about to be taken by its receiver. */
  handleArrived(item: Item): void {
    const { kind, exchange, status } = item;
    const number = this.noted.get(item.id);
    this.noted.delete(item.id);
    if (number !== undefined) this.play.arrives(this.nowMs, number);
    if (kind === "request") {
      const { parkedIdleMs } = this.options.http;
      if (!this.isHealed && parkedIdleMs !== Infinity && !this.dead.has(exchange)) {
        this.idleCuts.set(exchange, this.nowMs + parkedIdleMs);
      }
      return;
    }
    if (number === undefined && this.play.isNoting) {
      const text = kind === "failure" ? "fails" : `is answered by the middle: ${status}`;
      const request = this.nameOf("request", exchange);
      this.play.note(this.nowMs, this.names.client, `${request} ${text}`);
    }
    this.forget(exchange);
  }

  /** The client's core gives an exchange up: whether its request arrives all the same. */
  requestSurvives(exchange: number): boolean {
    this.play.mark("given up");
    const label = `${this.nameOf("request", exchange)} is recalled in time`;
    const isRecalled = !this.isHealed && this.play.pick(2, label) === 1;
    this.handleHungUp(exchange, !isRecalled);
    return !isRecalled;
  }

  /** The client's process closes a connection, or is gone: whether its request arrives is known. */
  handleHungUp(exchange: number, requestArrives: boolean): void {
    for (const { id, kind, exchange: its } of this.http.items) {
      if (its === exchange && !(requestArrives && kind === "request")) this.noteLost(id, "hung up");
    }
    this.forget(exchange);
    this.whenGone?.(exchange);
  }

  // --- commands -------------------------------------------------------------------------------

  /** From now on nothing goes wrong any more; latency, rate and size limits stay. */
  heal(): void {
    this.isHealed = true;
    this.up.heal();
    this.down.heal();
    this.partitions.heal();
    this.pipes.heal();
    this.restartAtMs = Infinity;
    this.idleCuts.clear();
    this.play.note(this.nowMs, this.names.client, "from here on nothing goes wrong");
  }

  /** All connections die, with what is on them: a proxy in between is restarted, for one. */
  breakConnections(): void {
    for (const { id, kind } of this.http.items.slice()) {
      if (kind !== "failure") this.lose(id);
    }
    for (const exchange of Array.from(this.http.waiting)) this.cutConnection(exchange);
    this.pipes.nowMs = this.nowMs;
    this.pipes.breakAll();
  }

  /** The server's process is gone: nobody answers what it held. */
  dropHeld(): void {
    for (const exchange of this.http.dropHeld()) this.cutConnection(exchange);
  }

  // --- requests -------------------------------------------------------------------------------

  private sendRequest(item: Item): void {
    const { exchange, body } = item;
    const { requestBytesMax } = this.options.http;
    const name = this.nameOf("request", exchange);
    this.noteLeaving(item, this.names.client, this.names.server, name);
    if (body.length > requestBytesMax) {
      this.play.mark("too large");
      this.lose(item.id);
      this.answerFromMiddle(exchange, TOO_LARGE, this.nowMs);
      return;
    }
    if (!this.isHealed && !this.survivesHosts(item, name)) return;
    this.transmit(item, name, this.nowMs);
  }

  /** What hosts and proxies do to a request. False: it goes no further. */
  private survivesHosts(item: Item, name: string): boolean {
    const { exchange } = item;
    const faults = this.options.http;
    if (this.happens("request fails", faults.requestFailsPermille, `${name} fails`)) {
      const isKnown = this.play.pick(2, `${name} fails, and may have left its host`) === 0;
      this.lose(item.id);
      this.http.fail(exchange, this.errorAtMs(name), isKnown);
      return false;
    }
    if (this.happens("client aborts", faults.clientAbortPermille, `${name} is cut by its host`)) {
      this.http.fail(exchange, this.errorAtMs(name));
      if (this.play.pick(2, `${name} is cut before it arrives`) === 1) return this.lose(item.id);
      this.whenGone?.(exchange);
    }
    if (this.happens("page", faults.pagePermille, `${name} is answered with a page`)) {
      this.answerFromMiddle(exchange, OK, this.errorAtMs(name));
      if (this.play.pick(2, `${name} goes no further than the page`) === 1) {
        return this.lose(item.id);
      }
    }
    if (this.happens("gateway", faults.gatewayPermille, `${name} is answered by the middle`)) {
      const isTimeout = this.play.pick(2, `${name} is answered 504 instead of 502`) === 1;
      const status = isTimeout ? GATEWAY_TIMEOUT : BAD_GATEWAY;
      this.answerFromMiddle(exchange, status, this.errorAtMs(name));
      if (this.play.pick(2, `${name} goes no further than the middle`) === 1) {
        return this.lose(item.id);
      }
    }
    if (this.happens("replayed", faults.replayPermille, `${name} is sent again by the middle`)) {
      const afterMs = this.play.pick(faults.replayMs + 1, `${name} is sent again after ms`);
      const copy = this.http.duplicate(item);
      this.copyNote(item, copy);
      this.transmit(copy, `the replay of ${name}`, this.nowMs + afterMs);
    }
    return true;
  }

  // --- answers --------------------------------------------------------------------------------

  private sendAnswer(item: Item): void {
    const { exchange } = item;
    const name = this.nameOf("answer", exchange);
    this.idleCuts.delete(exchange);
    this.noteLeaving(item, this.names.server, this.names.client, name);
    if (this.dead.has(exchange)) {
      this.lose(item.id);
      return;
    }
    let fromMs = this.nowMs;
    if (!this.isHealed) {
      const { responseLostPermille, bufferPermille, bufferMs } = this.options.http;
      if (this.happens("answer lost", responseLostPermille, `${name} is lost on an error`)) {
        this.lose(item.id);
        this.http.fail(exchange, this.errorAtMs(name));
        return;
      }
      if (this.happens("buffered", bufferPermille, `${name} is held back`)) {
        fromMs += 1 + this.play.pick(Math.max(1, bufferMs), `${name} is held back for ms`);
      }
    }
    this.transmit(item, name, fromMs);
  }

  private answerFromMiddle(exchange: number, status: number, atMs: number): void {
    this.http.answerWith(exchange, ERROR_PAGE, atMs + this.options.down.latencyMs, status);
  }

  // --- the lines ------------------------------------------------------------------------------

  /** The item goes over its line, and arrives once, twice or never. */
  private transmit(item: Item, name: string, fromMs: number): void {
    const direction = item.kind === "request" ? "up" : "down";
    let heldUntilMs = fromMs;
    if (this.partitions.isCut(direction)) {
      if (this.happens("cut off", CUT_OFF_PERMILLE, `${name} is lost while the network is cut`)) {
        this.lose(item.id);
        return;
      }
      // TCP sends it again when the network is back.
      this.play.mark("held up");
      heldUntilMs = Math.max(heldUntilMs, this.partitions.endAtMs);
    }
    const [first, second] = this[direction].carry(this.nowMs, item.body, name, heldUntilMs);
    if (second !== undefined) {
      const copy = this.http.duplicate(item, second.atMs);
      this.copyNote(item, copy);
      if (second.body !== item.body) this.http.replaceBody(copy, second.body);
    }
    if (first === undefined) {
      this.lose(item.id);
      return;
    }
    const scheduled = this.http.schedule(item, first.atMs);
    if (first.body !== item.body) this.http.replaceBody(scheduled, first.body);
  }

  // --- connections ----------------------------------------------------------------------------

  /** The client sees an error; what the server answers goes nowhere. */
  private cutConnection(exchange: number): void {
    if (!this.http.waiting.has(exchange)) return;
    this.idleCuts.delete(exchange);
    this.dead.add(exchange);
    this.http.fail(exchange, this.errorAtMs(this.nameOf("request", exchange)));
    this.whenGone?.(exchange);
  }

  /** The middle has waited long enough for an answer. */
  private cutIdle(exchange: number): void {
    this.idleCuts.delete(exchange);
    if (!this.http.waiting.has(exchange)) return;
    const name = this.nameOf("request", exchange);
    if (!this.happens("idle cut", ALWAYS_PERMILLE, `${name} is cut by an idle timer`)) return;
    this.dead.add(exchange);
    this.whenGone?.(exchange);
    if (this.play.pick(2, `${name} is cut with a 504`) === 1) {
      this.answerFromMiddle(exchange, GATEWAY_TIMEOUT, this.nowMs);
    } else {
      this.http.fail(exchange, this.nowMs + this.options.down.latencyMs);
    }
  }

  private forget(exchange: number): void {
    this.idleCuts.delete(exchange);
    this.dead.delete(exchange);
  }

  /** When the client sees an error that is decided now. */
  private errorAtMs(name: string): number {
    const { errorMs } = this.options.http;
    const { up, down } = this.options;
    const lateMs =
      errorMs === 0 || this.isHealed
        ? 0
        : this.play.pick(errorMs + 1, `${name}: the error after ms`);
    return this.nowMs + up.latencyMs + down.latencyMs + lateMs;
  }

  // --- details --------------------------------------------------------------------------------

  private happens(mark: NetworkMark, permille: number, label: string): boolean {
    return permille > 0 && !this.isHealed && this.play.happens(mark, label, permille);
  }

  private lose(id: number): false {
    const item = this.http.items.find((each) => each.id === id);
    if (item !== undefined) this.http.lose(item);
    this.noteLost(id, "");
    return false;
  }

  /** @internal "request 3", and for later lives and other clients whose it is. */
  nameOf(kind: string, exchange: number): string {
    const life = Math.floor(exchange / CONNECTIONS_OF_ONE_LIFE);
    const name = `${kind} ${exchange % CONNECTIONS_OF_ONE_LIFE}`;
    const owner = this.names.client === NAMES.client ? "" : `${this.names.client}'s `;
    return life === 0 ? `${owner}${name}` : `${owner}${name} of life ${life + 1}`;
  }

  private noteLeaving(item: Item, from: string, to: string, name: string): void {
    if (!this.play.isNoting) return;
    const text = `${name} ${this.texts.describe(item.body)}`;
    this.noted.set(item.id, this.play.leaves(this.nowMs, from, to, text));
  }

  private noteLost(id: number, text: string): void {
    const number = this.noted.get(id);
    if (number === undefined) return;
    this.noted.delete(id);
    this.play.vanishes(this.nowMs, number, text);
  }

  private copyNote(item: Item, copy: Item): void {
    const number = this.noted.get(item.id);
    if (number !== undefined) this.noted.set(copy.id, number);
  }
}
