/**
 * Walks through the state of a core, of applications and of bodies, and tells a recorder what of it
 * makes a difference, by the table of fields.
 */
import type { EndedOutput, ParkSide, RequestSide } from "../../core/index.ts";
import { LazyMap } from "../../core/lazy-map.ts";
import { LazySet } from "../../core/lazy-set.ts";
import { BODY_BYTES_FLOOR, RATE_BYTES_MIN, WAKE_INTERVAL_MS } from "../../core/limits.ts";
import { UNIT_MESSAGE, UNIT_PART } from "../../core/send-ring.ts";
import { numberOf } from "../payloads.ts";
import type { PairOptions } from "../pair-options.ts";
import { type How, PLAIN, type Rule, STATE, TABLE } from "./fields.ts";
import type { Recorder } from "./print.ts";

/** A stream that has been heard for so long is not held back, however late it is proved. */
const PROVED_MS = 2_000;

/** More are never on their way on a pipe: then some are lost, and it makes no difference how many. */
const COMING_MAX = 8;

type Pipe = NonNullable<ReturnType<RequestSide["pipes"]["get"]>>;
type Ring = RequestSide["sender"]["ring"];
type Queue = NonNullable<ReturnType<RequestSide["sender"]["channels"]["get"]>>["unsent"];
type Flights = RequestSide["sender"]["flights"];

/** What the parts of one side have in common. */
export interface Surroundings {
  readonly pair: PairOptions;
  /** The side's clock. */
  readonly nowMs: number;
  /** The options of the side's core. */
  readonly settings: {
    readonly ackDelayMs: number;
    readonly silenceLimitMs: number;
    readonly holdTimeMs: number;
    readonly parkedQuietMs?: number;
    readonly lostConfirmMs?: number;
  };
  /** Whose flights and exchanges are met; undefined where there are none. */
  readonly half: RequestSide | ParkSide | undefined;
}

/** The fields of each class that enter. */
const plans = new Map<string, readonly (readonly [field: string, how: How])[]>();

/** Tells a recorder what of a state makes a difference. */
export class Walk {
  private readonly to: Recorder;
  private readonly around: Surroundings;
  private readonly stepMs: number;

  constructor(to: Recorder, around: Surroundings) {
    this.to = to;
    this.around = around;
    this.stepMs = around.pair.clockStepMs ?? 1;
  }

  value(value: unknown): void {
    if (typeof value === "number") this.to.number(value);
    else if (typeof value !== "object" || value === null) this.to.text(String(value));
    else if (Array.isArray(value)) this.sequence(value);
    else if (value instanceof Map) this.sequence([...value].flat(1));
    else if (value instanceof Set) this.sequence([...value]);
    else if (value instanceof Uint8Array) this.sequence([...value]);
    else this.object(value);
  }

  private sequence(values: readonly unknown[]): void {
    this.to.text("[");
    this.to.number(values.length);
    for (const each of values) this.value(each);
  }

  private object(object: object): void {
    const { name } = object.constructor;
    if (name === "Deque") {
      this.sequence(valuesOf(object));
      return;
    }
    if (object instanceof LazyMap || object instanceof LazySet) {
      this.sequence([...object].flat(1));
      return;
    }
    this.to.text("{");
    const values = object as Readonly<Record<string, unknown>>;
    if (name === "Object") {
      for (const field of Object.keys(object)) {
        this.field((PLAIN[field] ?? STATE)[0], values[field], object);
      }
    } else if (isEnded(object)) {
      this.ending((values as { readonly endedOutput?: EndedOutput }).endedOutput);
    } else {
      for (const [field, how] of planFor(name, object)) this.field(how, values[field], object);
    }
    this.to.text("}");
  }

  private field(how: How, value: unknown, owner: object): void {
    const { to } = this;
    switch (how) {
      case "as is":
        this.value(value);
        return;
      case "out":
        return;
      case "name":
        to.name(value as number);
        return;
      case "present":
        to.text(value === undefined ? "-" : "+");
        return;
      case "few":
        to.number(Math.min(2, value as number));
        return;
      case "through":
        to.through(value as number);
        return;
      case "wanted":
        if (this.around.pair.client?.parkedMax !== 1) to.through(value as number);
        return;
      case "members":
        to.members((value as { readonly flat: readonly number[] }).flat);
        return;
      case "over":
        to.members(overOf(owner));
        return;
      case "queue":
        this.queue(value as Queue);
        return;
      case "flights":
        this.flights(value as Flights);
        return;
      case "ring":
        this.ring(owner as Ring);
        return;
      case "open":
        this.open(value as RequestSide["exchanges"]["open"]);
        return;
      case "held":
        this.held(value as ParkSide["parked"]);
        return;
      case "ending":
        this.ending(value as EndedOutput | undefined);
        return;
      case "pipe":
        this.to.number(value as number);
        this.pipe(owner as Pipe);
        return;
      case "from":
        this.from(value as number);
        return;
      case "hearing":
        if (this.around.pair.pipes === undefined) return;
        this.to.text(value === 0 ? "none" : "some");
        this.from(value as number);
        return;
      case "items":
        throw new Error("bodies that are on their way are printed one by one");
      default:
        this.time(how, value, owner);
    }
  }

  // --- times ----------------------------------------------------------------------------------

  private time(how: How, value: unknown, owner: object): void {
    const { nowMs, settings } = this.around;
    const { timersExcluded = [] } = this.around.pair;
    const atMs = value as number;
    switch (how) {
      case "until":
        this.until(atMs);
        return;
      case "untils":
        for (const each of valuesOf(value as object)) this.until(each as number);
        return;
      case "close":
        if (timersExcluded.includes("close")) this.to.text(atMs === Infinity ? "-" : "+");
        else this.until(atMs);
        return;
      case "silence":
        if (!timersExcluded.includes("silence")) this.until(atMs + settings.silenceLimitMs);
        return;
      case "since ack":
        this.until(atMs + settings.ackDelayMs);
        return;
      case "since doubt":
        this.until(atMs + (settings.lostConfirmMs ?? 0));
        return;
      case "since wake":
        this.until(atMs + WAKE_INTERVAL_MS);
        return;
      case "alive":
        this.until((this.around.half as unknown as OpenHalf).aliveDueAtMs ?? Infinity);
        return;
      case "since quiet":
        // With one wanted there is none to be taken back.
        if ((owner as ParkSide).parkedWanted > 1) this.until(atMs + (settings.parkedQuietMs ?? 0));
        return;
      default:
        throw new Error(`no time: ${how} at ${nowMs}`);
    }
  }

  /** How many steps of the clock are left until then; 0: the time has come. */
  private until(atMs: number): void {
    const leftMs = atMs - this.around.nowMs;
    this.to.number(leftMs <= 0 ? 0 : Math.ceil(leftMs / this.stepMs));
  }

  // --- exchanges ------------------------------------------------------------------------------

  private flights(flights: Flights): void {
    this.to.number(flights.size);
    for (const { transmission, runs, bytes, isFull, sentAtMs } of flights.values()) {
      this.transmission(transmission, flights);
      this.value(runs);
      this.to.text(isFull ? "f" : "-");
      const open = this.around.half as unknown as OpenHalf;
      const waitMs = open.roundTrip.overdueAfterMs(bytes);
      this.to.number(Math.ceil(waitMs / this.stepMs));
      this.until(Math.max(sentAtMs, open.resendBaseMs) + waitMs);
      // How large the next bodies are if it is lost, and what it says of the rate if it is not.
      const half = Math.floor(Math.min(bytes, open.bodyBytesLimit) / 2);
      this.to.number(Math.max(BODY_BYTES_FLOOR, half));
      if (bytes < RATE_BYTES_MIN) continue;
      this.to.number(bytes);
      this.to.number(this.around.nowMs - sentAtMs);
    }
  }

  /** Those of exchanges have their numbers; those on pipes are told apart by their order. */
  private transmission(transmission: number, flights: Flights): void {
    if (transmission < 0) {
      this.to.name(transmission);
      this.to.number([...flights.keys()].indexOf(transmission));
      return;
    }
    this.to.keep(transmission);
    this.to.rank(transmission);
  }

  private from(exchange: number): void {
    if (exchange === Infinity) {
      this.to.text("-");
      return;
    }
    this.to.keep(exchange);
    this.to.rank(exchange);
  }

  // --- pipes ----------------------------------------------------------------------------------

  private pipe(pipe: Pipe): void {
    const { to } = this;
    const half = this.around.half as unknown as OpenHalf;
    const inside = pipe as unknown as OpenPipe;
    to.name(pipe.bodiesSent);
    to.name(pipe.bodiesReceived);
    to.number(Math.min(1, pipe.bodiesSent));
    to.number(Math.min(2, pipe.bodiesReceived));
    to.number(Math.max(0, Math.min(COMING_MAX, inside.expected - pipe.bodiesReceived)));
    const { joined } = this.around.half as RequestSide | ParkSide;
    // How long a stream has been heard, until it is joined.
    if (pipe.link !== joined && !pipe.isDuplex && pipe.bodiesReceived > 0) {
      to.number(Math.min(PROVED_MS, this.around.nowMs - pipe.firstHeardAtMs));
    }
    this.until(half.pipeDueAtMs(pipe));
    this.until(half.proofAtMs?.(pipe) ?? Infinity);
    this.until(half.pipeSilentAtMs(pipe));
    this.until(half.missedAtMs(pipe));
    this.until(half.stalledAtMs(pipe));
    this.until(pipe.askedAtMs);
    // When it is spoken on by itself, whatever is due before.
    this.until(pipe.provokedAtMs + this.around.settings.holdTimeMs);
    this.until(half.dummyDueAtMs(pipe));
    const flights = (this.around.half as RequestSide | ParkSide).sender.flights;
    const order = [...flights.keys()];
    for (const flight of valuesOf(inside.waiting)) {
      const { transmission, sentAtMs } = flight as { transmission: number; sentAtMs: number };
      to.number(order.indexOf(transmission));
      this.until(sentAtMs + half.roundTrip.overdueAfterMs(0));
    }
  }

  private open(open: RequestSide["exchanges"]["open"]): void {
    const half = this.around.half as RequestSide;
    this.to.number(open.size);
    for (const exchange of open.values()) {
      const { number, isCarrier, isOverdue, answeredAtMs, sentAtMs, bytes, link } = exchange;
      this.to.keep(number);
      this.to.rank(number);
      this.to.number((isCarrier ? 1 : 0) + (isOverdue ? 2 : 0));
      const statedMs = half.peer?.holdTimeMs ?? this.around.settings.holdTimeMs;
      const holdMs = link === 0 ? statedMs : 0;
      this.to.number(link);
      this.until(sentAtMs + holdMs + half.roundTrip.overdueAfterMs(bytes));
      this.until(answeredAtMs + half.roundTrip.timeoutMs);
    }
  }

  private held(held: readonly { readonly exchange: number; readonly handle: number }[]): void {
    this.to.number(held.length);
    for (const each of held) {
      this.to.keep(each.exchange);
      this.to.rank(each.exchange);
      this.to.name(each.handle);
      const { arrivedAtMs, link } = each as Partial<Parked>;
      if (link !== undefined) this.to.number(link);
      if (arrivedAtMs !== undefined) this.until(arrivedAtMs + this.around.settings.holdTimeMs);
    }
  }

  // --- messages -------------------------------------------------------------------------------

  private ring(ring: Ring): void {
    const { flights } = (this.around.half as RequestSide | ParkSide).sender;
    for (let seq = ring.base; seq < ring.next; seq++) {
      const kind = ring.kind(seq);
      this.to.number(kind);
      this.to.number(ring.channel(seq));
      this.to.number(ring.index(seq));
      this.to.number(ring.bytes(seq));
      this.to.number(ring.key(seq));
      this.to.text(ring.isReceived(seq) ? "r" : "-");
      const transmission = ring.transmission(seq);
      if (flights.has(transmission)) this.transmission(transmission, flights);
      if (kind === UNIT_MESSAGE) this.message(ring.payload(seq));
      else if (kind === UNIT_PART) this.message((ring.unit(seq) as unknown as SentPart).message);
    }
  }

  private queue(queue: Queue): void {
    this.to.number(queue.size);
    for (let at = queue.head; at < queue.tail; at++) this.message(queue.view(at));
  }

  /** Which message it is: what else is in it follows. */
  private message(payload: Uint8Array): void {
    this.to.number(payload.length);
    this.to.number(numberOf(payload) ?? -1);
  }

  private ending(ended: Partial<EndedOutput> | undefined): void {
    if (ended === undefined) {
      this.to.text("lives");
      return;
    }
    this.to.text(`${String(ended.reason)} ${ended.by} ${ended.code}`);
  }
}

/** A set of numbers as ranges. */
interface Flat {
  readonly flat: readonly number[];
}

/** Exchanges that are over, as a park side knows them. */
function overOf(park: object): readonly number[] {
  const { over, overThrough } = park as { readonly over: Flat; readonly overThrough: number };
  return overThrough === 0 ? over.flat : [1, overThrough, ...over.flat];
}

interface Parked {
  readonly arrivedAtMs: number;
  readonly link: number;
}

interface OpenPipe {
  readonly expected: number;
  readonly waiting: object;
}

interface SentPart {
  readonly message: Uint8Array;
}

/** What a half keeps to itself. */
interface OpenHalf {
  readonly roundTrip: RequestSide["roundTrip"];
  readonly resendBaseMs: number;
  readonly bodyBytesLimit: number;
  readonly aliveDueAtMs?: number;
  pipeDueAtMs(pipe: Pipe): number;
  dummyDueAtMs(pipe: Pipe): number;
  pipeSilentAtMs(pipe: Pipe): number;
  missedAtMs(pipe: Pipe): number;
  stalledAtMs(pipe: Pipe): number;
  proofAtMs?(pipe: Pipe): number;
}

function valuesOf(deque: object): unknown[] {
  const { head, tail } = deque as { readonly head: number; readonly tail: number };
  const values: unknown[] = [];
  for (let position = head; position < tail; position++) {
    values.push((deque as { at(position: number): unknown }).at(position));
  }
  return values;
}

/** What an ended half still holds is of no consequence. */
function isEnded(object: object): boolean {
  const { name } = object.constructor;
  if (name !== "RequestSide" && name !== "ParkSide" && name !== "LiteralRequestSide") return false;
  return (object as { readonly state?: string }).state === "ended";
}

/** Which fields of a class enter; all must be in its table. */
function planFor(name: string, object: object): readonly (readonly [string, How])[] {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const table = TABLE[name];
  if (table === undefined) throw new Error(`class without a table: ${name}`);
  const plan: [string, How][] = [];
  for (const field of Object.keys(object)) {
    const rule: Rule | undefined = table[field];
    if (rule === undefined) throw new Error(`field without a rule: ${name}.${field}`);
    if (rule[0] !== "out") plan.push([field, rule[0]]);
  }
  plans.set(name, plan);
  return plan;
}
