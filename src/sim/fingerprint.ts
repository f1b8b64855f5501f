/**
 * When two states of a pair count as the same. A table says of every field of every class how it
 * enters, and why; a field that is not in the table is an error, so that nothing is left out by
 * oversight. What makes the state space finite:
 *
 * - exchange numbers enter by their rank among those that still matter;
 * - times enter as "armed or not", and as the order in which each side's timers would fire;
 * - counters for statistics and estimates of the path stay out.
 */
import {
  type Body,
  type NumberedFrame,
  type RequestSide,
  type ParkSide,
  readBody,
  readHead,
} from "../core/index.ts";
import type { Pair } from "./pair.ts";

type How =
  /** The value itself, with all that it consists of. */
  | "as is"
  /** Not at all. */
  | "out"
  /** A time: whether it is one that will come. */
  | "armed"
  /** Whether there is a value. */
  | "present"
  /** A count of which 0, 1 and more are told apart. */
  | "few"
  /** A set of exchanges: which of those that matter are in it. */
  | "exchanges"
  /** An exchange up to which all are meant. */
  | "through"
  /** As "through", where the server may ever want another number than 1. */
  | "wanted"
  /** What bodies are under way, by exchange. */
  | "flights"
  /** The columns of the send ring, without the empty slots. */
  | "ring"
  /** The open exchanges. */
  | "open"
  /** Requests that the server holds: exchange, and whether the client still waits. */
  | "held";

type Rule = readonly [how: How, why: string];
type Table = Readonly<Record<string, Readonly<Record<string, Rule>>>>;

const STATISTICS: Rule = ["out", "statistics"];
const CONSTANT: Rule = ["out", "never changes"];
const TIME: Rule = ["out", "deadlines enter by the order of the timers"];
const ESTIMATE: Rule = ["out", "bounds of the estimate are equal, so it has one value"];
const STATE: Rule = ["as is", "decides what happens next"];

const HALF: Readonly<Record<string, Rule>> = {
  state: STATE,
  sender: STATE,
  receiver: STATE,
  roundTrip: ESTIMATE,
  peer: ["present", "one value for one configuration"],
  sessionId: CONSTANT,
  settings: CONSTANT,
  transmissions: STATE,
  notices: STATE,
  endedOutput: STATE,
  nowMs: TIME,
  lastHeardMs: TIME,
  pausedUntilMs: ["out", "the timers tell"],
  closeAtMs: ["armed", "the timer for closing is not explored"],
  closer: STATE,
  probeAtMs: ["armed", "when it is due is told by the order of the timers"],
  probes: ["out", "stretches a wait that is at its bound already"],
  resendBaseMs: TIME,
  bodyBytesLimit: ["out", "bodies here are far smaller than any limit"],
  bodyBytesCeiling: ["out", "bodies here are far smaller than any limit"],
  unreadableInRow: STATE,
  isAboveHighWater: STATE,
  endingChannels: STATE,
  ownChannels: STATE,
  role: CONSTANT,
  bodiesSent: STATISTICS,
  bodiesReceived: STATISTICS,
  bodiesUnreadable: STATISTICS,
  options: CONSTANT,
  incarnation: STATE,
  parkedWanted: STATE,
};

const TABLE: Table = {
  RequestSide: {
    ...HALF,
    exchanges: STATE,
    parkedWantedFrom: ["wanted", "older answers are told from newer ones"],
    secret: CONSTANT,
    lastAnswered: ["out", "for the server's estimate of the round trip only"],
    lastAnsweredAtMs: TIME,
    retryAtMs: ["out", "the timer to retry tells"],
    failuresInRow: ["few", "the first retry is immediate, later ones wait equally long"],
    failuresCountedTo: ["through", "which failures are of one event"],
    unansweredInRow: ["out", "its limit is switched off"],
    doubtedSinceMs: ["armed", "whether the session is in doubt"],
    wakeAtMs: ["armed", "when it is due is told by the order of the timers"],
    wokenAtMs: TIME,
    random: ["out", "decides only how long a wait is, and the number of the next life"],
    predecessors: STATE,
    firstOfLife: ["through", "what was said to the life before"],
    abandoned: STATE,
    savedUntilMs: ["out", "the timer to retry tells"],
  },
  ParkSide: {
    ...HALF,
    parked: ["held", "handles are renamed"],
    leftOver: ["held", "handles are renamed"],
    answered: ["exchanges", "nobody asks about exchanges that are gone"],
    over: ["exchanges", "nobody asks about exchanges that are gone"],
    overThrough: ["through", "nobody asks about exchanges that are gone"],
    isStarved: STATE,
    starvedAtMs: TIME,
    answerTimes: ["out", "for the estimate of the round trip only"],
    mustStateOpened: STATE,
    isOpenedOwed: STATE,
    messagesSinceMs: ["out", "the literal procedure is not explored"],
    isAdmitted: STATE,
    isRefused: STATE,
    pauses: ["present", "whether the server drains"],
    lastWord: ["present", "one value for one way to end"],
  },
  Exchanges: {
    next: ["out", "all others are relative to it"],
    open: ["open", "numbers by their rank, times by the order of the timers"],
    over: ["out", "what is below `next` and not open"],
  },
  Sender: {
    ring: STATE,
    channels: STATE,
    store: ["out", "where payloads lie"],
    turns: STATE,
    facts: STATE,
    inFlight: STATE,
    givingUp: STATE,
    seqMax: STATE,
    bytesMax: STATE,
    bytesNumbered: STATE,
    unsentBytes: STATE,
    unsentCount: STATE,
    finishCode: STATE,
    finishQueued: STATE,
    finishSeq: STATE,
    resetsKnown: STATE,
    messagesSent: STATISTICS,
    sharedUntil: ["out", "decides only which fate is told at the end"],
  },
  InFlight: {
    ring: ["out", "in `Sender`"],
    flights: ["flights", "numbers by their rank"],
    due: STATE,
    peerReceived: STATE,
    unitsResent: STATISTICS,
  },
  GivingUp: {
    ring: ["out", "in `Sender`"],
    counts: STATE,
    expiring: STATE,
  },
  Turns: { ready: STATE, stopped: STATE },
  ChannelSender: {
    id: STATE,
    mode: STATE,
    ttlMs: STATE,
    state: STATE,
    nextIndex: STATE,
    unsent: STATE,
    sharedUntil: ["out", "decides only which fate is told at the end"],
    unsentKeys: STATE,
    unsentDeadlines: STATE,
    unsentByKey: STATE,
    unsentBytes: STATE,
    partOffset: STATE,
    sent: STATE,
    sentByKey: STATE,
    units: STATE,
    unitsMax: STATE,
    bytes: STATE,
    bytesMax: STATE,
    outstanding: STATE,
    openSeq: STATE,
    resetSeq: STATE,
    openPending: STATE,
    isReady: STATE,
  },
  SendRing: {
    base: STATE,
    next: STATE,
    payloadBytes: STATE,
    mask: ["out", "room for slots"],
    units: ["ring", "the slots that are filled"],
    kinds: ["out", "with the units"],
    received: ["out", "with the units"],
    channels: ["out", "with the units"],
    indexes: ["out", "with the units"],
    keys: ["out", "with the units"],
    offsets: ["out", "where payloads lie"],
    sizes: ["out", "with the units"],
    transmissions: ["out", "with the units"],
    departures: ["out", "decides only which fate is told at the end"],
  },
  PayloadQueue: {
    head: ["out", "positions are relative"],
    tail: ["out", "positions are relative"],
    sources: ["out", "contents follow from the index"],
    offsets: ["out", "where payloads lie"],
    sizes: ["out", "contents follow from the index; the count is in `unsentCount`"],
  },
  Receiver: {
    received: STATE,
    held: STATE,
    channels: STATE,
    opened: STATE,
    events: STATE,
    windows: STATE,
    parts: STATE,
    ackOwedSinceMs: ["armed", "when it is due is told by the order of the timers"],
    heldStated: STATE,
    finishSeq: STATE,
    finishCode: STATE,
    nextOwnChannel: STATE,
    finishPassedOn: STATE,
    duplicates: STATISTICS,
    delivered: STATISTICS,
    refused: STATISTICS,
    options: CONSTANT,
    peerParity: CONSTANT,
  },
  ReceiveWindows: {
    seqMax: STATE,
    seqStated: STATE,
    bytesMax: STATE,
    bytesStated: STATE,
    bytesReceived: STATE,
    seqsConsumed: STATE,
    bytesConsumed: STATE,
    peerBlocked: STATE,
    raised: STATE,
    unitsToLend: STATE,
    bytesToLend: STATE,
    options: CONSTANT,
  },
  PartStore: {
    bytes: STATE,
    isFreed: STATE,
    stalled: STATE,
    bytesMax: CONSTANT,
  },
  ChannelReceiver: {
    id: STATE,
    mode: STATE,
    isReset: STATE,
    indexEnd: STATE,
    isOwnHalfEnded: STATE,
    isFinished: STATE,
    nextIndex: STATE,
    waiting: STATE,
    settled: STATE,
    latestByKey: STATE,
    keysSweptThrough: STATE,
    assemblies: STATE,
    stalled: STATE,
    units: STATE,
    unitsConsumed: STATE,
    unitsMax: STATE,
    unitsStated: STATE,
    bytes: STATE,
    bytesConsumed: STATE,
    bytesMax: STATE,
    bytesStated: STATE,
    isPeerBlocked: STATE,
    unitsLent: STATE,
    bytesLent: STATE,
    unconsumed: STATE,
  },
  Ranges: { flat: STATE },
  Endpoint: {
    sessions: STATE,
    tombstones: ["present", "whether any; there is one session"],
    perAddress: STATE,
    touched: STATE,
    own: STATE,
    timers: ["out", "the order of the timers tells"],
    pending: STATE,
    pauses: ["present", "whether the server drains"],
    nowMs: TIME,
    options: CONSTANT,
  },
  Pair: {
    client: ["out", "described on its own"],
    server: ["out", "described on its own"],
    connectionBase: ["out", "reloads are not explored"],
    http: STATE,
    session: ["out", "in `server`"],
    clocks: TIME,
    logs: STATE,
    streams: STATE,
    wakeAt: ["out", "the order of the timers tells"],
    done: STATE,
    lossesLeft: STATE,
    duplicatesLeft: STATE,
    hurriesLeft: STATE,
    reloadsLeft: STATE,
    wakesLeft: STATE,
    options: CONSTANT,
    router: CONSTANT,
    reactor: CONSTANT,
  },
  SimulatedHttp: {
    items: ["out", "listed by exchange and content, in any order"],
    waiting: ["exchanges", "numbers by their rank"],
    held: ["out", "with what the server holds"],
    nextId: ["out", "names only"],
    nextHandle: ["out", "names only"],
  },
};

/** Fields of plain objects that are not state of the protocol. */
const PLAIN: Readonly<Record<string, Rule>> = {
  id: ["out", "of a session: a name"],
  secret: CONSTANT,
  origin: ["out", "one client with one principal"],
  verdictAtMs: ["armed", "whether a verdict is awaited"],
  wakeAtMs: TIME,
  timerPosition: TIME,
};

/** Reads parsed bodies again and again: the same bytes give the same. */
const bodies = new WeakMap<Uint8Array, Body | undefined>();

/** A number below 2^53 that two states share if they count as the same. */
export function fingerprint(pair: Pair): number {
  return hash(describe(pair));
}

/** The text of which the fingerprint is made. */
export function describe(pair: Pair): string {
  return new Description(pair).text;
}

/** The text of a side that was described before, and among which exchanges. */
const sides = new WeakMap<object, { readonly live: string; readonly text: string }>();
/** The fields of a class that enter. */
const plans = new Map<string, readonly (readonly [field: string, how: How])[]>();

class Description {
  private parts: string[] = [];
  private readonly live: readonly number[];
  private readonly pair: Pair;
  /** The half that is being described, for the flights of its ring. */
  private flights: ReadonlyMap<number, unknown> = new Map();

  constructor(pair: Pair) {
    this.pair = pair;
    this.live = liveExchanges(pair);
    this.value(pair);
    this.items();
    this.side(pair.client, pair.client, pair.clocks.client);
    this.side(pair.server, pair.session?.side, pair.clocks.server);
  }

  /** A side's core with its timers. It is described anew only when it or the exchanges changed. */
  private side(core: object, half: RequestSide | ParkSide | undefined, nowMs: number): void {
    const live = this.live.join();
    const known = sides.get(core);
    if (known !== undefined && known.live === live) {
      this.parts.push(known.text);
      return;
    }
    const before = this.parts;
    this.parts = [];
    this.value(core);
    if (half !== undefined) this.timers(half, nowMs);
    const { text } = this;
    this.parts = before;
    sides.set(core, { live, text });
    this.parts.push(text);
  }

  get text(): string {
    return this.parts.join(" ");
  }

  private value(value: unknown): void {
    if (typeof value !== "object" || value === null) this.parts.push(String(value));
    else if (Array.isArray(value)) this.sequence(value);
    else if (value instanceof Map) this.sequence([...value].flat(1));
    else if (value instanceof Set) this.sequence([...value]);
    else if (value instanceof Uint8Array) this.parts.push(value.join(","));
    else this.object(value);
  }

  private sequence(values: readonly unknown[]): void {
    this.parts.push("[");
    for (const each of values) this.value(each);
    this.parts.push("]");
  }

  private object(object: object): void {
    const { name } = object.constructor;
    if (name === "Deque") {
      const deque = object as { head: number; tail: number; at(position: number): unknown };
      this.parts.push("[");
      for (let at = deque.head; at < deque.tail; at++) this.value(deque.at(at));
      this.parts.push("]");
      return;
    }
    if (name === "Sender") this.flights = (object as RequestSide["sender"]).flights;
    this.parts.push("{");
    if (name === "Object") {
      for (const [field, value] of Object.entries(object)) {
        this.field((PLAIN[field] ?? STATE)[0], value, object);
      }
    } else {
      const values = object as Readonly<Record<string, unknown>>;
      for (const [field, how] of planFor(name, object)) this.field(how, values[field], object);
    }
    this.parts.push("}");
  }

  private field(how: How, value: unknown, owner: object): void {
    switch (how) {
      case "as is":
        this.value(value);
        return;
      case "out":
        return;
      case "armed":
        this.parts.push(value === Infinity ? "-" : "+");
        return;
      case "present": {
        const isPresent = value instanceof Map ? value.size > 0 : value !== undefined;
        this.parts.push(isPresent ? "+" : "-");
        return;
      }
      case "few":
        this.parts.push(String(Math.min(2, value as number)));
        return;
      case "through":
        this.parts.push(this.rank(value as number));
        return;
      case "wanted":
        if (this.pair.options.client?.parkedMax !== 1) this.parts.push(this.rank(value as number));
        return;
      case "exchanges":
        this.parts.push(this.membership((number) => (value as Set<number>).has(number)));
        return;
      case "flights":
        for (const { transmission, runs } of (value as RequestSide["sender"]["flights"]).values()) {
          this.parts.push(`f${this.rank(transmission)}:${runs.join(",")}`);
        }
        return;
      case "ring":
        this.ring(owner as RequestSide["sender"]["ring"]);
        return;
      case "open":
        for (const each of (value as RequestSide["exchanges"]["open"]).values()) {
          const { number, isCarrier, isOverdue, answeredAtMs } = each;
          const isAnswered = answeredAtMs !== Infinity;
          this.parts.push(`x${this.rank(number)}${isCarrier}${isOverdue}${isAnswered}`);
        }
        return;
      case "held":
        for (const { exchange } of value as { readonly exchange: number }[]) {
          this.parts.push(`h${this.rank(exchange)}`);
        }
        return;
    }
  }

  private ring(ring: RequestSide["sender"]["ring"]): void {
    for (let seq = ring.base; seq < ring.next; seq++) {
      const transmission = ring.transmission(seq);
      const flight = this.flights.has(transmission) ? this.rank(transmission) : "-";
      const { kind, channel, index, bytes, key } = {
        kind: ring.kind(seq),
        channel: ring.channel(seq),
        index: ring.index(seq),
        bytes: ring.bytes(seq),
        key: ring.key(seq),
      };
      const isReceived = ring.isReceived(seq);
      this.parts.push(`u${kind},${channel},${index},${bytes},${key},${isReceived},${flight}`);
    }
  }

  /** How many of the exchanges that matter lie below, and whether it is one of them. */
  private rank(number: number): string {
    let below = 0;
    while (below < this.live.length && (this.live[below] as number) < number) below++;
    return this.live[below] === number ? `=${below}` : `<${below}`;
  }

  private membership(isMember: (number: number) => boolean): string {
    let text = "e";
    for (const number of this.live) text += isMember(number) ? "1" : "0";
    return text;
  }

  /** What is on its way, in an order that does not tell when it left. */
  private items(): void {
    const { items } = this.pair.http;
    const texts = items.map(({ kind, exchange, body }) => {
      return `${kind}${this.rank(exchange)}${kind === "failure" ? "" : this.body(body)}`;
    });
    this.parts.push(...texts.toSorted());
  }

  private body(bytes: Uint8Array): string {
    const body = parse(bytes, this.pair);
    if (body === undefined) return bytes.join(",");
    const { request, answer, numbered, ...others } = body;
    const before = this.parts.length;
    this.value(others);
    for (const frame of numbered) this.frame(frame);
    if (request !== undefined) {
      this.parts.push(this.rank(request.exchange));
      const { overThrough, over } = request;
      this.parts.push(this.membership((each) => each <= overThrough || isIn(over, each)));
    }
    if (answer !== undefined) {
      this.parts.push(this.rank(answer.exchange), String(answer.parkedWanted));
      this.parts.push(this.membership((each) => isIn(answer.answered, each)));
      this.parts.push(this.membership((each) => answer.parked.includes(each)));
    }
    return this.parts.splice(before).join(" ");
  }

  private frame(frame: NumberedFrame): void {
    if (frame.kind === "messages") {
      const { seq, channel, index, payloads } = frame;
      this.parts.push(`m${seq},${channel},${index},${payloads.map((each) => each.length).join()}`);
    } else {
      this.value(frame);
    }
  }

  /** The armed timers in the order of their firing, with a mark after those that are due. */
  private timers(half: RequestSide | ParkSide, nowMs: number): void {
    const { timersExcluded = [] } = this.pair.options;
    const armed: { readonly name: string; readonly atMs: number }[] = [];
    const open = half as unknown as {
      considerTimers(consider: (name: string, atMs: number) => void): void;
    };
    open.considerTimers((name, atMs) => {
      if (atMs === Infinity || timersExcluded.includes(name)) return;
      armed.push({ name, atMs: Math.max(atMs, nowMs) });
    });
    armed.sort((left, right) => left.atMs - right.atMs || (left.name < right.name ? -1 : 1));
    let before = nowMs;
    for (const { name, atMs } of armed) {
      this.parts.push(atMs > before ? `,${name}` : name);
      before = atMs;
    }
    this.parts.push(";");
  }
}

/** Which fields of a class enter; all must be in its table. */
function planFor(name: string, object: object): readonly (readonly [string, How])[] {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const table = TABLE[name];
  if (table === undefined) throw new Error(`class without a table: ${name}`);
  const plan: [string, How][] = [];
  for (const field of Object.keys(object)) {
    const rule = table[field];
    if (rule === undefined) throw new Error(`field without a rule: ${name}.${field}`);
    if (rule[0] !== "out") plan.push([field, rule[0]]);
  }
  plans.set(name, plan);
  return plan;
}

/** Exchanges that anything may still happen to, ascending. */
function liveExchanges(pair: Pair): number[] {
  const live = new Set<number>(pair.client.exchanges.open.keys());
  for (const { exchange } of pair.http.items) live.add(exchange);
  for (const exchange of pair.http.held.values()) live.add(exchange);
  for (const transmission of pair.session?.side.sender.flights.keys() ?? []) live.add(transmission);
  return [...live].toSorted((left, right) => left - right);
}

function parse(bytes: Uint8Array, pair: Pair): Body | undefined {
  if (bodies.has(bytes)) return bodies.get(bytes);
  let body: Body | undefined;
  try {
    const { sessionId } = pair.client as unknown as { readonly sessionId: Uint8Array };
    body = readBody(bytes, readHead(bytes, bytes.length), sessionId);
  } catch {
    body = undefined;
  }
  bodies.set(bytes, body);
  return body;
}

function isIn(ranges: readonly number[], number: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (number >= (ranges[at] as number) && number <= (ranges[at + 1] as number)) return true;
  }
  return false;
}

/** cyrb53 (bryc, public domain): 53 bits, so that a million states hardly ever meet. */
function hash(text: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    low = Math.imul(low ^ unit, 2_654_435_761);
    high = Math.imul(high ^ unit, 1_597_334_677);
  }
  low =
    Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  high =
    Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  return 4_294_967_296 * (high & 0x1f_ffff) + (low >>> 0);
}
