/**
 * What the logs of a soak must show, whatever the library says of itself. H is a half that has sent
 * a message on a channel, P any half at the other end of its session.
 *
 * 1. *Nothing else arrives.* What P receives was sent by H before, on that channel, as it is.
 * 2. *Once.* P receives it once. Where a server that has forgotten the session takes an opening for
 *    a new one, there are two P, in different processes: what rides on openings (`earlyMessages`)
 *    may then come to both, and nothing else.
 * 3. *In order.* On an ordered channel P receives 0, 1, 2 and so on. Where messages expire there
 *    may be gaps, on a `latest` channel too, there in order for each key; on an unordered one any
 *    order.
 * 4. *Never sent* means not received by anybody. Fates are of messages that were sent, each once.
 * 5. *Everything else* that H has sent before its end was received, unless
 *    - its channel was abandoned by either side;
 *    - its channel gives up: then no more are missing than H was told were given up, and no fewer
 *      than were told never sent. On `latest` there may be more, which a newer one of the same key
 *      has overtaken; but the newest of each key is not among them;
 *    - P's process was killed and P does not hold by `consumed`: it may have held the message in
 *      memory, acknowledged and not yet taken. It held no more than its windows had room for: of
 *      all channels together `windowMessages`, `windowBytes` of those that go whole, and
 *      `assemblyBytesMax` of those in parts. Which ones it held the logs cannot say, so a loss of
 *      another cause would hide among them; halves that hold by `consumed` are excused nothing.
 * 6. *Closed* means no fates, and that H has received everything that P has sent.
 * 7. *Ends.* Every half is told one, unless its process was killed or its server restarted: for a
 *    reason that this run can give. `lost` follows the end of P or of its process, `peer-ended`
 *    that of P, `aborted` the own command.
 * 8. *Processes* leave with a word, unless they are killed.
 */
import type { ChannelHistory, Half, History, Place, Received, Sent } from "./history.ts";
import { SESSION_OPTIONS, WHOLE_BYTES_MAX } from "./limits.ts";

export interface Traffic {
  readonly sent: number;
  readonly received: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface Judgement {
  readonly lines: number;
  readonly sessions: number;
  /** What clients sent, and what servers received of it. */
  readonly up: Traffic;
  /** The other way. */
  readonly down: Traffic;
  /** Halves by the reason of their end. */
  readonly ends: Readonly<Record<string, number>>;
  /** Messages in lists of fates. */
  readonly neverSent: number;
  readonly unknown: number;
  /** Of which their senders were told that they were given up. */
  readonly givenUp: number;
  /** Acknowledged and not taken, when the process that held them in memory was killed. */
  readonly lostWithProcesses: number;
  /** Rode on an opening that a server took for a new one. */
  readonly repeatedOpenings: number;
  /** Whatever breaks a rule, one sentence each, with the line. */
  readonly off: readonly string[];
}

/** Reasons that no run should give: nobody breaks the protocol, refuses or succeeds anybody. */
const REASONS_WRONG: ReadonlySet<string> = new Set([
  "protocol",
  "version",
  "unreadable",
  "refused",
  "superseded",
]);

export function judge(history: History): Judgement {
  const judging = new Judge(history);
  for (const half of history.halves.values()) {
    judging.arrivals(half);
    judging.end(half);
    judging.fates(half);
  }
  judging.processes();
  return judging.judgement;
}

class Judge {
  readonly off: string[];
  readonly #history: History;
  /** By the name of the session. */
  readonly #sessions: Map<string, Half[]> = new Map();
  readonly #ends: Record<string, number> = {};
  readonly #counts = { neverSent: 0, unknown: 0, givenUp: 0, lostWithProcesses: 0, repeated: 0 };

  constructor(history: History) {
    this.#history = history;
    this.off = [...history.off];
    for (const half of history.halves.values()) {
      const halves = this.#sessions.get(half.session) ?? [];
      this.#sessions.set(half.session, [...halves, half]);
    }
  }

  get judgement(): Judgement {
    const { lines, bytesSent, bytesReceived } = this.#history;
    const { neverSent, unknown, givenUp, lostWithProcesses, repeated } = this.#counts;
    const traffic = (from: Half["side"], to: Half["side"]): Traffic => ({
      sent: this.#total(from, ({ sent }) => sent.length),
      received: this.#total(to, ({ received }) => received.length),
      bytesSent: bytesSent[from],
      bytesReceived: bytesReceived[to],
    });
    return {
      lines,
      sessions: this.#sessions.size,
      up: traffic("client", "server"),
      down: traffic("server", "client"),
      ends: this.#ends,
      neverSent,
      unknown,
      givenUp,
      lostWithProcesses,
      repeatedOpenings: repeated,
      off: this.off,
    };
  }

  #total(side: Half["side"], read: (channel: ChannelHistory) => number): number {
    let total = 0;
    for (const half of this.#history.halves.values()) {
      if (half.side !== side) continue;
      for (const channel of half.channels.values()) total += read(channel);
    }
    return total;
  }

  // --- 1, 2, 3 --------------------------------------------------------------------------------

  arrivals(half: Half): void {
    const senders = new Set<string>();
    for (const [label, { received }] of half.channels) {
      const orders = new Map<string, Order>();
      for (const each of received) {
        const sender = this.#senderOf(half, label, each);
        if (sender === undefined) continue;
        senders.add(sender.name);
        const channel = sender.channels.get(label) as ChannelHistory;
        const order = orders.get(each.from) ?? new Order(channel);
        orders.set(each.from, order);
        const wrong = order.take(each);
        if (wrong !== undefined) this.#tell(each.place, `receives ${nameOf(label, each)} ${wrong}`);
      }
    }
    if (senders.size > 1) {
      this.#tell(half.place, `begins ${half.name}, which receives from ${[...senders].join(", ")}`);
    }
    if (half.side === "client") this.#openings(half);
  }

  #senderOf(half: Half, label: string, each: Received): Half | undefined {
    const what = `receives ${nameOf(label, each)} of ${each.from}`;
    const sender = this.#history.halves.get(each.from);
    if (sender === undefined) {
      this.#tell(each.place, `${what}, who never was`);
      return undefined;
    }
    if (sender.session !== half.session || sender.side === half.side) {
      this.#tell(each.place, `${what}, who is not at the other end of ${half.name}`);
      return undefined;
    }
    const sent = sender.channels.get(label)?.sent[each.n];
    if (sent === undefined) {
      this.#tell(each.place, `${what}, who never sent it`);
      return undefined;
    }
    if (sent.digest !== each.digest || sent.key !== each.key) {
      this.#tell(each.place, `${what}, which is not what ${sent.place} sends`);
    }
    return sender;
  }

  /** A session has several servers' halves where its opening came to one that had forgotten it. */
  #openings(client: Half): void {
    const servers = this.#partnersOf(client);
    const inProcess = new Set<string>();
    for (const { process, name, place } of servers) {
      if (inProcess.has(process)) this.#tell(place, `begins ${name} in ${process} once more`);
      inProcess.add(process);
    }
    const takers = servers.filter((half) => receivedOf(half) > 0);
    if (takers.length < 2) return;
    if (!client.isEarly) {
      this.#tell(client.place, `begins ${client.name}, whose messages came to several servers`);
    }
    const totals = takers.map(receivedOf).toSorted((one, other) => one - other);
    for (const total of totals.slice(0, -1)) this.#counts.repeated += total;
  }

  // --- 4, 5, 6 --------------------------------------------------------------------------------

  fates(half: Half): void {
    const { end } = half;
    if (end === undefined) return;
    const fates = this.#readFates(half);
    if (end.reason === "closed" && end.neverSent.length + end.unknown.length > 0) {
      this.#tell(end.place, `tells fates of ${half.name}, which is closed`);
    }
    const partners = this.#partnersOf(half);
    const held: Sent[] = [];
    for (const [label, channel] of half.channels) {
      const arrived = new Map<number, Place>();
      for (const partner of partners) {
        for (const { from, n, place } of partner.channels.get(label)?.received ?? []) {
          if (from === half.name) arrived.set(n, place);
        }
      }
      const ofChannel = fates.get(label) ?? new Map<number, string>();
      for (const [n, fate] of ofChannel) {
        if (fate === "never sent" && arrived.has(n)) {
          const what = `tells that ${nameOf(label, { n })} was never sent`;
          this.#tell(end.place, `${what}, but ${arrived.get(n)} receives it`);
        }
      }
      // What this half sent, as far as no list has it, and all of it where the other end says so.
      const isClosedThere = partners.some((partner) => partner.end?.reason === "closed");
      const missing = channel.sent.flatMap((_, n) => {
        return arrived.has(n) || (ofChannel.has(n) && !isClosedThere) ? [] : [n];
      });
      held.push(...this.#missing(half, label, missing, ofChannel));
    }
    this.#held(half, held);
  }

  #readFates(half: Half): Map<string, Map<number, string>> {
    const fates = new Map<string, Map<number, string>>();
    const { end } = half;
    if (end === undefined) return fates;
    const lists = { "never sent": end.neverSent, unknown: end.unknown };
    for (const [fate, list] of Object.entries(lists)) {
      for (const [label, n] of list) {
        const ofChannel = fates.get(label) ?? new Map<number, string>();
        fates.set(label, ofChannel);
        const what = `tells that ${nameOf(label, { n })} is ${fate}`;
        const isSent = half.channels.get(label)?.sent[n] !== undefined;
        if (!isSent) this.#tell(end.place, `${what}, which ${half.name} has not sent`);
        if (ofChannel.has(n)) this.#tell(end.place, `${what} and ${ofChannel.get(n)}`);
        ofChannel.set(n, fate);
      }
    }
    this.#counts.neverSent += end.neverSent.length;
    this.#counts.unknown += end.unknown.length;
    return fates;
  }

  /** @returns those that a killed process must have held, if nothing else was lost. */
  #missing(
    half: Half,
    label: string,
    missing: readonly number[],
    fates: ReadonlyMap<number, string>,
  ): readonly Sent[] {
    const channel = half.channels.get(label) as ChannelHistory;
    const partners = this.#partnersOf(half);
    const { givenUp, mayGiveUp, sent } = channel;
    const told = givenUp.neverSent + givenUp.sent;
    this.#counts.givenUp += told;
    const isReset =
      channel.isReset || partners.some((partner) => partner.channels.get(label)?.isReset === true);
    if (isReset) return [];
    if (partners.some((partner) => this.#hasDiedHolding(partner))) {
      return heldOf(channel, missing, told);
    }
    const endPlace = half.end?.place ?? half.place;
    if (!mayGiveUp) {
      for (const n of missing) {
        const { place } = sent[n] as { place: Place };
        const list = fates.get(n);
        const why =
          list === undefined ? `no list at ${endPlace}` : `the list "${list}" of ${endPlace}`;
        this.#tell(
          place,
          `sends ${nameOf(label, { n })}, which is lost: received nowhere, in ${why}`,
        );
      }
      return [];
    }
    if (channel.mode === "latest") this.#newest(half, label, new Set(missing));
    else if (missing.length > told) {
      const what = `ends ${half.name}, of which ${missing.length} messages on ${label} are missing`;
      this.#tell(endPlace, `${what}: ${told} were given up`);
    }
    if (missing.length < givenUp.neverSent) {
      const what = `ends ${half.name}, of which ${givenUp.neverSent} messages on ${label}`;
      this.#tell(
        endPlace,
        `${what} were told to be given up unsent: ${missing.length} are missing`,
      );
    }
    return [];
  }

  /** What a killed process held of a half's messages, on all channels, and whether it had room. */
  #held(half: Half, held: readonly Sent[]): void {
    this.#counts.lostWithProcesses += held.length;
    const { windowMessages, windowBytes, assemblyBytesMax } = SESSION_OPTIONS;
    const whole = held.filter(({ bytes }) => bytes <= WHOLE_BYTES_MAX);
    const wholeBytes = bytesOf(whole);
    const partedBytes = bytesOf(held) - wholeBytes;
    const isMore = whole.length > windowMessages || wholeBytes > windowBytes;
    if (!isMore && partedBytes <= assemblyBytesMax) return;
    const what = `ends ${half.name}, of which ${held.length} messages are missing`;
    const sizes = `${wholeBytes} bytes in whole ones, ${partedBytes} in larger ones`;
    const place = half.end?.place ?? half.place;
    this.#tell(place, `${what}, more than the killed process could hold: ${sizes}`);
  }

  #newest(half: Half, label: string, missing: ReadonlySet<number>): void {
    const channel = half.channels.get(label) as ChannelHistory;
    for (const n of newestOf(channel)) {
      if (!missing.has(n)) continue;
      const { place } = channel.sent[n] as { place: Place };
      this.#tell(place, `sends ${nameOf(label, { n })}, the newest of its key, which is lost`);
    }
  }

  /** What it held and had not handed to its application is gone. */
  #hasDiedHolding({ process, hold, end }: Half): boolean {
    const isKilled = this.#history.kills.has(process);
    // After its end it holds nothing any more that it says it holds.
    return isKilled && hold !== "consumed" && end === undefined;
  }

  // --- 7 --------------------------------------------------------------------------------------

  end(half: Half): void {
    const { end, name } = half;
    if (end === undefined) {
      const process = this.#history.processes.get(half.process);
      const mayBe = this.#history.kills.has(half.process) || process?.exit?.why === "restarted";
      const isLeft = half.isSaved ? "nobody goes on with it" : "it is told no end";
      if (!mayBe) this.#tell(half.place, `begins ${name}: ${isLeft}`);
      return;
    }
    const { reason, place } = end;
    this.#ends[reason] = (this.#ends[reason] ?? 0) + 1;
    const partners = this.#partnersOf(half);
    const isOver = (partner: Half): boolean => this.#isOver(partner, end.atMs);
    const isWrong =
      REASONS_WRONG.has(reason) ||
      (reason === "aborted" && !half.hasAborted) ||
      (reason === "lost" && !partners.some(isOver)) ||
      (reason === "peer-ended" && !partners.some((each) => each.hasAborted || each.end));
    if (isWrong) this.#tell(place, `ends ${name} as ${reason} (${end.detail}), for no reason`);
  }

  /** It had ended by then, or its process had. */
  #isOver({ end, process }: Half, atMs: number): boolean {
    const { kills, processes } = this.#history;
    const overAtMs = end?.atMs ?? kills.get(process) ?? processes.get(process)?.exit?.atMs;
    return overAtMs !== undefined && overAtMs <= atMs;
  }

  // --- 8 --------------------------------------------------------------------------------------

  processes(): void {
    for (const [name, { exit, lastLine }] of this.#history.processes) {
      if (exit !== undefined || this.#history.kills.has(name)) continue;
      this.#tell(lastLine, `is the last line of ${name}, which nobody has killed`);
    }
  }

  #partnersOf({ session, side }: Half): Half[] {
    return (this.#sessions.get(session) ?? []).filter((half) => half.side !== side);
  }

  #tell(place: Place, what: string): void {
    this.off.push(`${place} ${what}`);
  }
}

/** What one half receives of another on one channel. Command: `take`. */
class Order {
  readonly #channel: ChannelHistory;
  readonly #seen: Map<number, Place> = new Map();
  /** By key where it has one: the least that may come. */
  readonly #next: Map<number | undefined, number> = new Map();

  constructor(channel: ChannelHistory) {
    this.#channel = channel;
  }

  /** @returns what is wrong with it. */
  take({ n, key, place }: Received): string | undefined {
    const first = this.#seen.get(n);
    if (first !== undefined) return `a second time, after ${first}`;
    this.#seen.set(n, place);
    const { mode, mayGiveUp } = this.#channel;
    if (mode === "unordered") return undefined;
    const next = this.#next.get(key) ?? 0;
    if (n < next) return "out of order, after later ones";
    this.#next.set(key, n + 1);
    if (mayGiveUp || n === next) return undefined;
    return `where ${next} is next: lost or overtaken`;
  }
}

/**
 * The least that the other end held, if nothing else was lost: where messages are given up, the
 * smallest that are missing beyond those told; of `latest` the newest of each key.
 */
function heldOf(channel: ChannelHistory, missing: readonly number[], told: number): Sent[] {
  const { mode, sent } = channel;
  const newest = newestOf(channel);
  const counting = mode === "latest" ? missing.filter((n) => newest.has(n)) : missing;
  const candidates = counting.map((n) => sent[n] as Sent);
  const bySize = candidates.toSorted((one, other) => one.bytes - other.bytes);
  return mode === "latest" ? bySize : bySize.slice(0, Math.max(0, missing.length - told));
}

/** Places of the newest message of each key. */
function newestOf({ sent }: ChannelHistory): ReadonlySet<number> {
  return new Set(new Map(sent.map(({ key }, n) => [key, n])).values());
}

function bytesOf(messages: readonly Sent[]): number {
  return messages.reduce((total, { bytes }) => total + bytes, 0);
}

function receivedOf({ channels }: Half): number {
  return [...channels.values()].reduce((total, { received }) => total + received.length, 0);
}

function nameOf(label: string, { n }: { readonly n: number }): string {
  return `${label === "" ? "message" : label} ${n}`;
}
