// One server, and clients that go on from saved states: lives of one session. Every life has its own
// clock; bodies wait until a step takes them. What no history may bring about is checked here.

import { Endpoint, type ParkSide, RequestSide, type Snapshot } from "../../src/core/index.ts";
import type { EndedOutput, Fate, ServerSession } from "../../src/core/index.ts";
import { BrokenPromise, fork } from "../../src/sim/index.ts";

const NONCE = new Uint8Array(16).fill(7);
const ORIGIN = { address: "client", principal: "" };
const DAY_MS = 86_400_000;
const BOTH = { parkedMax: 1, silenceLimitMs: DAY_MS, closeTimeoutMs: DAY_MS };
/** Exchanges of one life at most; a handle names life and exchange. */
const EXCHANGES_MAX = 100_000;
const TICKS_MAX = 100;
const HEALING_STEPS_MAX = 5_000;

export interface Life {
  side: RequestSide;
  nowMs: number;
  wakeAtMs: number;
  timer: string;
  /** What its application sent and got, that of the states that it goes on from included. */
  readonly accepted: string[];
  readonly delivered: string[];
  ended: EndedOutput | undefined;
  /** Its process has ended: nothing of it moves any more. */
  isGone: boolean;
}

interface Saved {
  readonly snapshot: Snapshot;
  readonly accepted: readonly string[];
  readonly delivered: readonly string[];
  readonly nowMs: number;
}

export interface Carried {
  readonly kind: "request" | "answer" | "failure";
  readonly life: number;
  readonly exchange: number;
  readonly body: Uint8Array;
}

export class LivesWorld {
  readonly server: Endpoint = new Endpoint(0, BOTH);
  serverNowMs = 0;
  serverWakeAtMs = Infinity;
  session: ServerSession | undefined = undefined;
  /** What the server's application got and sent. */
  readonly received: string[] = [];
  readonly said: string[] = [];
  readonly lives: Life[] = [];
  readonly states: Saved[] = [];
  items: Carried[] = [];
  private seed = 1;

  constructor() {
    const side = new RequestSide(0, { nonce: NONCE, secret: NONCE }, { ...BOTH, carriersMax: 1 });
    this.addLife(side, { accepted: [], delivered: [], nowMs: 0 });
  }

  // --- what happens ---------------------------------------------------------------------------

  /** The first life is answered, and one message of its is held. */
  openSession(): void {
    this.send(0, "hello");
    this.deliverAll();
    this.fire(0);
    this.deliverAll();
    if (!this.life(0).side.isFlushed) throw new Error("the session did not open");
  }

  send(number: number, text: string): void {
    const life = this.life(number);
    life.side.send(life.nowMs, new TextEncoder().encode(text));
    life.accepted.push(text);
    this.endTick(number);
  }

  /** The server's application speaks, where it has a session. */
  say(text: string): void {
    if (this.session === undefined || this.session.side.state !== "open") return;
    this.session.side.send(this.serverNowMs, new TextEncoder().encode(text));
    this.said.push(text);
    this.server.touch(this.session);
    this.endServerTick();
  }

  /** Returns the state's number. */
  save(number: number): number {
    const life = this.life(number);
    const snapshot = life.side.save(life.nowMs);
    const { nowMs } = life;
    const accepted = [...life.accepted];
    this.states.push({ snapshot, accepted, delivered: [...life.delivered], nowMs });
    this.endTick(number);
    return this.states.length - 1;
  }

  /** Goes on from a state, perhaps with something to say at once. Returns the new life's number. */
  resume(state: number, ...texts: string[]): number {
    const saved = this.states[state];
    if (saved === undefined) throw new Error("no such state");
    // Different for every life, and by turns above and below that of the life before.
    this.seed = Math.imul(this.seed, 0x9e3779b1) >>> 0;
    const side = RequestSide.resume(saved.nowMs, fork(saved.snapshot), this.seed);
    return this.addLife(side, saved, texts);
  }

  wake(number: number): void {
    const life = this.life(number);
    life.side.handleWake(life.nowMs);
    this.endTick(number);
  }

  /** The life's process ends; what it has sent may still arrive. */
  kill(number: number): void {
    this.life(number).isGone = true;
    this.items = this.items.filter((item) => item.life !== number || item.kind === "request");
  }

  /** The next timer of a life fires. */
  fire(number: number): void {
    const life = this.life(number);
    if (life.wakeAtMs === Infinity) return;
    life.nowMs = Math.max(life.nowMs, life.wakeAtMs);
    this.endTick(number);
  }

  deliver(item: Carried): void {
    this.items = this.items.filter((each) => each !== item);
    if (item.kind === "request") {
      const handle = item.life * EXCHANGES_MAX + item.exchange;
      this.server.handleRequest(this.serverNowMs, handle, item.body.slice(), ORIGIN);
      this.endServerTick();
      return;
    }
    const { side, nowMs } = this.life(item.life);
    if (item.kind === "answer") side.handleAnswer(nowMs, item.exchange, item.body.slice());
    else side.handleFailure(nowMs, item.exchange);
    this.endTick(item.life);
  }

  /** It does not arrive; the client sees an error, or goes on waiting. */
  lose(item: Carried, isSeen: boolean): void {
    this.items = this.items.filter((each) => each !== item);
    const { life, exchange } = item;
    if (!isSeen || this.life(life).isGone) return;
    this.items.push({ kind: "failure", life, exchange, body: item.body });
  }

  duplicate(item: Carried): void {
    if (item.kind === "request") this.items.push({ ...item });
  }

  deliverAll(): void {
    for (let count = 0; this.items.length > 0; count++) {
      if (count > HEALING_STEPS_MAX) throw new BrokenPromise("6: no end of bodies");
      this.deliver(this.items[0] as Carried);
    }
  }

  /** Nothing is lost any more, and time passes until every life has ended or has nothing to do. */
  heal(): void {
    for (let round = 0; round < HEALING_STEPS_MAX; round++) {
      this.deliverAll();
      if (this.lives.every((life) => this.isSettled(life))) break;
      for (const [number, life] of this.lives.entries()) {
        if (!this.isSettled(life)) this.fire(number);
      }
      // Answers that were lost are taken for lost in time.
      this.serverNowMs += 500;
      this.endServerTick();
    }
    this.check();
    this.checkHealed();
  }

  // --- what must hold -------------------------------------------------------------------------

  /** Messages of a life that it does not know to be held. */
  fatesOf(number: number): string[] {
    const { ended, side } = this.life(number);
    const { neverSent, unknown } = ended ?? side.sender.fates;
    return [...neverSent, ...unknown].map(({ payload }: Fate) => new TextDecoder().decode(payload));
  }

  /** In every state: what a life takes for held was received, and nothing is lost in between. */
  check(): void {
    const { received } = this;
    for (const [number, { accepted, delivered, ended, side }] of this.lives.entries()) {
      for (const { payload } of (ended ?? side.sender.fates).neverSent) {
        const text = new TextDecoder().decode(payload);
        if (!received.includes(text)) continue;
        throw new BrokenPromise(`3: life ${number} takes "${text}" for never sent, and it came`);
      }
      const open = new Set(this.fatesOf(number));
      for (const text of accepted) {
        if (open.has(text) || received.includes(text)) continue;
        throw new BrokenPromise(`2: life ${number} takes "${text}" for held, and it is lost`);
      }
      if (!isPrefix(delivered, this.said)) {
        throw new BrokenPromise(`1: life ${number} got ${delivered.join()} of ${this.said.join()}`);
      }
    }
    if (!this.lives.some(({ accepted }) => isPrefix(received, accepted))) {
      throw new BrokenPromise(`1: nobody sent ${received.join()}`);
    }
  }

  /** At the end one life at most has the session, and everything of it is delivered. */
  private checkHealed(): void {
    const alive = this.lives.filter((life) => life.ended === undefined && !life.isGone);
    if (alive.length > 1) throw new BrokenPromise(`4: ${alive.length} lives of one session`);
    for (const { ended } of this.lives) {
      if (ended === undefined || ended.reason === "superseded") continue;
      throw new BrokenPromise(`3: a life ended as ${ended.reason} ${ended.detail}`);
    }
    const [winner] = alive;
    if (winner === undefined) return;
    const isDone = winner.side.isFlushed && winner.delivered.length === this.said.length;
    if (!isDone || winner.accepted.join() !== this.received.join()) {
      throw new BrokenPromise(
        `6: ${winner.accepted.join()} was sent, ${this.received.join()} came`,
      );
    }
  }

  private isSettled(life: Life): boolean {
    if (life.ended !== undefined || life.isGone) return true;
    const { side } = life;
    const isAnswered = side.state === "open" && side.exchanges.countLive > 0;
    const park = this.session?.side as ParkSide;
    const isPresent = park !== undefined && park.incarnation === incarnationOf(side);
    return isAnswered && isPresent && side.isFlushed && park.isFlushed;
  }

  // --- ticks ----------------------------------------------------------------------------------

  private life(number: number): Life {
    const life = this.lives[number];
    if (life === undefined) throw new Error("no such life");
    return life;
  }

  private addLife(
    side: RequestSide,
    { accepted, delivered, nowMs }: Pick<Saved, "accepted" | "delivered" | "nowMs">,
    texts: readonly string[] = [],
  ): number {
    const history = { accepted: [...accepted, ...texts], delivered: [...delivered] };
    for (const text of texts) side.send(nowMs, new TextEncoder().encode(text));
    const timer = { wakeAtMs: nowMs, timer: "transmit" };
    this.lives.push({ side, nowMs, ...timer, ...history, ended: undefined, isGone: false });
    this.endTick(this.lives.length - 1);
    return this.lives.length - 1;
  }

  private endTick(number: number): void {
    const life = this.life(number);
    this.drain(number, life);
    for (let ticks = 0; life.wakeAtMs <= life.nowMs; ticks++) {
      if (ticks === TICKS_MAX) throw new BrokenPromise("6: a life wants to be woken without end");
      life.side.handleTimeout(life.nowMs);
      this.drain(number, life);
    }
  }

  private drain(number: number, life: Life): void {
    for (;;) {
      const output = life.side.poll();
      if (output.kind === "timeout") {
        life.wakeAtMs = output.atMs;
        life.timer = output.timer;
        return;
      }
      if (output.kind === "request") {
        const { exchange, body } = output;
        this.items.push({ kind: "request", life: number, exchange, body });
      } else if (output.kind === "deliver") {
        life.delivered.push(...output.payloads.map((each) => new TextDecoder().decode(each)));
      } else if (output.kind === "ended") {
        life.ended = output;
      } else if (output.kind === "abort") {
        const isOf = (item: Carried): boolean =>
          item.life === number && item.exchange === output.exchange && item.kind !== "request";
        this.items = this.items.filter((item) => !isOf(item));
      }
    }
  }

  private endServerTick(): void {
    this.drainServer();
    for (let ticks = 0; this.serverWakeAtMs <= this.serverNowMs; ticks++) {
      if (ticks === TICKS_MAX) throw new BrokenPromise("6: the server is woken without end");
      this.server.handleTimeout(this.serverNowMs);
      this.drainServer();
    }
  }

  private drainServer(): void {
    for (;;) {
      const output = this.server.poll();
      if (output.kind === "timeout") {
        this.serverWakeAtMs = output.atMs;
        return;
      }
      if (output.kind === "respond") {
        const life = Math.floor(output.handle / EXCHANGES_MAX);
        const exchange = output.handle % EXCHANGES_MAX;
        if (this.life(life).isGone) continue;
        this.items.push({ kind: "answer", life, exchange, body: output.body });
      } else if (output.kind === "session") {
        this.session = output.session;
        if (output.output.kind !== "deliver") continue;
        const { payloads } = output.output;
        this.received.push(...payloads.map((each) => new TextDecoder().decode(each)));
      }
    }
  }
}

function incarnationOf(side: RequestSide): number {
  return (side as unknown as { readonly incarnation: number }).incarnation;
}

function isPrefix(part: readonly string[], whole: readonly string[]): boolean {
  return part.every((each, at) => each === whole[at]);
}
