/**
 * The choice of links: which pipes a client's session opens beside its requests, and when it tries
 * again what did not work. The core says what a pipe is worth; here is only what follows from that.
 */
import { type PipeEnd, type RequestSide, TICKET_BYTES } from "../core/index.ts";
import type { Host } from "./host.ts";
import type { LinkName, PipeCarrier, PipeConnection, PipeEvents } from "./pipe-carrier.ts";

/** A pipe that lived for so long worked; one that dies sooner, again and again, does not. */
const WORKED_MS = 10_000;

/**
 * After a pipe that did not work, the next is tried after so long, then after twice, four times that
 * and so on: a proxy that lets no WebSocket pass will not soon, and each attempt costs it a request.
 */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 300_000;

const NO_TICKET = new Uint8Array(0);

/** What was learned of a link to one origin. */
interface Experience {
  /** Pipes in a row that never worked, or died young. */
  failures: number;
  notBeforeMs: number;
}

/** By origin and link. Bounded: the origins that a process or a page talks to are few. */
const experiences: Map<string, Experience> = new Map();
const EXPERIENCES_MAX = 256;

function experienceOf(carrier: PipeCarrier): Experience {
  const key = `${carrier.name} ${carrier.origin}`;
  const known = experiences.get(key);
  if (known !== undefined) return known;
  const fresh = { failures: 0, notBeforeMs: -Infinity };
  for (const oldest of experiences.keys()) {
    if (experiences.size < EXPERIENCES_MAX) break;
    experiences.delete(oldest);
  }
  experiences.set(key, fresh);
  return fresh;
}

/** A pipe that was begun. */
interface Attempt {
  readonly carrier: PipeCarrier;
  readonly experience: Experience;
  readonly beganAtMs: number;
  readonly ticket: Uint8Array;
  /** Undefined while the server has not heard of the ticket. */
  connection: PipeConnection | undefined;
  /** The core's number, once the connection is up. */
  link: number | undefined;
}

export class Links {
  readonly #host: Host;
  readonly #side: RequestSide;
  /** The best first. */
  readonly #carriers: readonly PipeCarrier[];
  /** Something happened on a pipe: the core is to be drained, and the tick to end. */
  readonly #moved: () => void;
  readonly #touch: () => void;
  readonly #attempts: Set<Attempt> = new Set();
  #joined: Attempt | undefined;
  #isOpen = false;
  /** Why the last pipe ended, for `status.reason`. */
  lastReason = "";

  constructor(
    host: Host,
    side: RequestSide,
    carriers: readonly PipeCarrier[],
    moved: () => void,
    touch: () => void,
  ) {
    this.#host = host;
    this.#side = side;
    this.#carriers = carriers;
    this.#moved = moved;
    this.#touch = touch;
  }

  /** The link by which the client hears. */
  get name(): LinkName {
    return this.#joined?.carrier.name ?? "poll";
  }

  /** The session is open: from now on better links are tried. */
  begin(): void {
    this.#isOpen = true;
  }

  /** The session has ended. */
  end(): void {
    this.#isOpen = false;
    for (const { connection } of this.#attempts) connection?.close();
    this.#attempts.clear();
    this.#joined = undefined;
  }

  /** Tries what is better than what there is; returns when to look again. */
  consider(): number {
    if (!this.#isOpen) return Infinity;
    const nowMs = this.#host.nowMs();
    let againAtMs = Infinity;
    for (const carrier of this.#carriers) {
      if (carrier === this.#joined?.carrier) break;
      const experience = experienceOf(carrier);
      if (this.#isTrying(carrier)) break;
      if (nowMs >= experience.notBeforeMs) {
        this.#open(carrier, experience, nowMs);
        break;
      }
      againAtMs = Math.min(againAtMs, experience.notBeforeMs);
    }
    return againAtMs;
  }

  #isTrying(carrier: PipeCarrier): boolean {
    for (const attempt of this.#attempts) {
      if (attempt !== this.#joined && attempt.carrier === carrier) return true;
    }
    return false;
  }

  #open(carrier: PipeCarrier, experience: Experience, beganAtMs: number): void {
    const attempt: Attempt = {
      carrier,
      experience,
      beganAtMs,
      ticket: carrier.isDuplex ? NO_TICKET : this.#host.randomBytes(TICKET_BYTES),
      link: undefined,
      connection: undefined,
    };
    this.#attempts.add(attempt);
    if (carrier.isDuplex) {
      attempt.connection = carrier.open(this.#eventsOf(attempt), NO_TICKET);
      return;
    }
    attempt.link = this.#side.offerPipe(beganAtMs, attempt.ticket);
    this.#touch();
  }

  #eventsOf(attempt: Attempt): PipeEvents {
    const isOver = (): boolean => !this.#attempts.has(attempt);
    return {
      opened: () => {
        if (isOver() || attempt.link !== undefined) return;
        attempt.link = this.#side.openPipe(this.#host.nowMs());
        this.#moved();
      },
      body: (bytes) => {
        if (isOver() || attempt.link === undefined) return;
        this.#side.handlePipeBody(this.#host.nowMs(), attempt.link, bytes);
        this.#moved();
      },
      closed: (reason) => {
        if (isOver()) return;
        this.lastReason = reason;
        if (attempt.link === undefined) this.#failed(attempt);
        else this.#side.handlePipeClosed(this.#host.nowMs(), attempt.link);
        this.#moved();
      },
    };
  }

  /** The server knows the ticket. */
  offered(link: number): void {
    const attempt = this.#find(link);
    if (attempt === undefined || attempt.connection !== undefined) return;
    attempt.connection = attempt.carrier.open(this.#eventsOf(attempt), attempt.ticket);
  }

  /** A body for a pipe. */
  transmit(link: number, body: Uint8Array): void {
    this.#find(link)?.connection?.write(body);
  }

  /** The core is done with a pipe. */
  hangUp(link: number): void {
    this.#find(link)?.connection?.close();
  }

  joined(link: number): void {
    this.#joined = this.#find(link);
  }

  /** The core has said that a pipe is over. */
  gone(link: number, why: PipeEnd): void {
    const attempt = this.#find(link);
    if (attempt === undefined) return;
    // What the connection said before is nearer to the cause.
    if (why !== "closed" && why !== "ended") this.lastReason = why;
    const wasJoined = attempt === this.#joined;
    if (wasJoined) this.#joined = undefined;
    const livedMs = this.#host.nowMs() - attempt.beganAtMs;
    if (why === "replaced" || why === "paused" || why === "ended") this.#attempts.delete(attempt);
    else if (wasJoined && livedMs >= WORKED_MS) this.#worked(attempt);
    // One that was cut is replaced at once; if that one is cut too, the cause may be what it is.
    else this.#failed(attempt, wasJoined && attempt.experience.failures === 0);
  }

  #worked(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    attempt.experience.failures = 0;
    attempt.experience.notBeforeMs = -Infinity;
  }

  #failed(attempt: Attempt, isExcused = false): void {
    this.#attempts.delete(attempt);
    const { experience } = attempt;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** experience.failures);
    experience.failures++;
    experience.notBeforeMs = this.#host.nowMs() + (isExcused ? 0 : waitMs);
  }

  #find(link: number): Attempt | undefined {
    for (const attempt of this.#attempts) if (attempt.link === link) return attempt;
    return undefined;
  }
}
