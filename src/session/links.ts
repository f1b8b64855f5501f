/**
 * The choice of links: which pipes a client's session opens beside its requests, and when it tries
 * again what did not work. The core says what a pipe is worth; here is only what follows from that.
 */
import {
  type PipeEnd,
  readStreamName,
  type RequestSide,
  TICKET_BYTES,
  UNANSWERED_DOUBTED,
} from "../core/index.ts";
import { protocolCode } from "../core/errors.ts";
import { type Experience, experienceOf } from "./experience.ts";
import type { Host } from "./host.ts";
import type { LinkName, PipeCarrier, PipeConnection, PipeEvents } from "./pipe-carrier.ts";

/** A pipe that lived for so long worked; one that dies sooner, again and again, does not. */
const WORKED_MS = 10_000;

/**
 * A connection that is not up after so long is given up; Node's option `connectTimeoutMs`, of which
 * this is the default, says why. Browsers wait for a minute or more, and meanwhile no other link
 * would be tried.
 */
export const CONNECT_TIMEOUT_MS = 10_000;

/** One that failed only after so long was waited for like one that is never up. */
const SLOW_MS = 5_000;

const NO_TICKET = new Uint8Array(0);

/** One way of opening pipes, and what is known of it. */
interface Way {
  readonly carrier: PipeCarrier;
  readonly experience: Experience;
}

/** A pipe that was begun. */
interface Attempt {
  readonly way: Way;
  readonly beganAtMs: number;
  readonly ticket: Uint8Array;
  /** Undefined while the server has not heard of the ticket. */
  connection: PipeConnection | undefined;
  /** The link that the server was told of, where the ticket is of one that was announced. */
  readonly announcedLink: number | undefined;
  /** The core's number, once the connection is up. */
  link: number | undefined;
  /** When it will have worked; Infinity before it is joined, and afterwards. */
  worksAtMs: number;
  /** The server wants another one in its place, or has it already: its end says nothing. */
  isEnding: boolean;
}

/** The next connection of a way, as the server was told of it [PIPE-14]. */
interface Announced {
  readonly way: Way;
  readonly ticket: Uint8Array;
}

export class Links {
  readonly #host: Host;
  readonly #side: RequestSide;
  /** The best first. */
  readonly #ways: readonly Way[];
  /**
   * Something happened on a pipe, as that a body of so many bytes came: the core is to be drained,
   * and the tick to end.
   */
  readonly #moved: (bytes?: number) => void;
  readonly #touch: () => void;
  readonly #attempts: Set<Attempt> = new Set();
  #joined: Attempt | undefined;
  #announced: Announced | undefined;
  /** By which link the client hears, or heard last where there is no polling. */
  #name: LinkName;
  /** There is no polling: the core says when it needs a pipe. */
  readonly #isForced: boolean;
  #isOpen = false;
  #isFrozen = false;
  /** Why the last pipe ended, for `status.reason`. */
  lastReason = "";

  constructor(
    host: Host,
    side: RequestSide,
    carriers: readonly PipeCarrier[],
    isForced: boolean,
    moved: (bytes?: number) => void,
    touch: () => void,
  ) {
    this.#host = host;
    this.#side = side;
    this.#ways = carriers.map((carrier) => ({
      carrier,
      experience: experienceOf(host, carrier.name, carrier.origin),
    }));
    this.#isForced = isForced;
    this.#name = (isForced ? carriers[0]?.name : undefined) ?? "poll";
    this.#moved = moved;
    this.#touch = touch;
  }

  /** The link by which the client hears; without polling, and between two pipes, the last. */
  get name(): LinkName {
    return this.#name;
  }

  /** The session is open: from now on better links are tried. */
  begin(): void {
    this.#isOpen = true;
  }

  /** The session has ended. */
  end(): void {
    this.#isOpen = false;
    for (const attempt of this.#attempts) {
      attempt.connection?.close();
      this.#leave(attempt);
    }
    for (const { experience } of this.#ways) experience.forget(this.#touch);
    this.#joined = undefined;
  }

  /** The host stands still: nothing is open, and nothing opened, until it wakes. */
  freeze(): void {
    this.#isFrozen = true;
    this.#joined = undefined;
    if (!this.#isForced) this.#name = "poll";
    for (const attempt of this.#attempts) {
      attempt.connection?.close();
      this.#leave(attempt);
      if (attempt.link !== undefined) {
        this.#side.handlePipeClosed(this.#host.nowMs(), attempt.link);
      }
    }
    this.#moved();
  }

  /** The path may be another one: what went wrong on the one before says nothing. */
  wake(): void {
    this.#isFrozen = false;
    for (const { experience } of this.#ways) experience.clear();
  }

  /** Tries what is better than what there is; returns when to look again. */
  consider(nowMs: number): number {
    if (!this.#isOpen || this.#isFrozen) return Infinity;
    let againAtMs = this.#look(nowMs);
    if (!this.#isReached || (this.#isForced && this.#joined === undefined)) return againAtMs;
    // A pause, or the wait after failures: what requests are kept from, pipes are.
    if (nowMs < this.#side.notBeforeMs) return Math.min(againAtMs, this.#side.notBeforeMs);
    for (const way of this.#ways) {
      if (way === this.#joined?.way && !this.#joined.isEnding) break;
      const { experience } = way;
      if (this.#isTrying(way)) break;
      if (nowMs >= experience.notBeforeMs && experience.mayTry(this)) {
        againAtMs = Math.min(againAtMs, this.#open(way, nowMs));
        break;
      }
      // Its own reasons, if there are any, are nearer.
      if (this.lastReason === "") this.lastReason = experience.reason;
      if (nowMs < experience.notBeforeMs) againAtMs = Math.min(againAtMs, experience.notBeforeMs);
      else experience.await(this.#touch);
    }
    return againAtMs;
  }

  /** The core does not go on without another pipe: whatever was wrong with the ways, one is tried. */
  wanted(): void {
    // When it wakes the core asks again.
    if (this.#isFrozen || this.#side.state === "ended") return;
    const nowMs = this.#host.nowMs();
    for (const attempt of this.#attempts) {
      if (attempt.link !== undefined) continue;
      attempt.connection?.close();
      this.#leave(attempt);
    }
    let best: Way | undefined;
    for (const way of this.#ways) {
      const { notBeforeMs } = way.experience;
      if (best !== undefined && notBeforeMs >= best.experience.notBeforeMs) continue;
      best = way;
      if (nowMs >= notBeforeMs) break;
    }
    if (best === undefined) this.#side.handlePipeFailed(nowMs);
    else this.#open(best, nowMs);
  }

  /**
   * Where requests go unanswered nothing else would come about, and a server would be stormed. One
   * is no news: the next may be parked for a whole hold time before anything is heard [SAY-9].
   */
  get #isReached(): boolean {
    const { requestsUnanswered, isDoubted } = this.#side;
    return requestsUnanswered < UNANSWERED_DOUBTED && !isDoubted;
  }

  /** Looks after what was begun; returns when to do so again. */
  #look(nowMs: number): number {
    let againAtMs = Infinity;
    for (const attempt of this.#attempts) {
      const { way, connection } = attempt;
      if (nowMs >= attempt.worksAtMs) {
        attempt.worksAtMs = Infinity;
        way.experience.clear();
      }
      againAtMs = Math.min(againAtMs, attempt.worksAtMs);
      // The core looks after those that have a number.
      if (attempt.link !== undefined || connection === undefined) continue;
      const lateAtMs = attempt.beganAtMs + CONNECT_TIMEOUT_MS;
      if (nowMs < lateAtMs) {
        againAtMs = Math.min(againAtMs, lateAtMs);
        continue;
      }
      connection.close();
      this.lastReason = `${way.carrier.name}_timeout`;
      this.#failed(attempt, "silent");
      this.#side.handlePipeFailed(nowMs);
      this.#touch();
    }
    return againAtMs;
  }

  #isTrying(way: Way): boolean {
    for (const attempt of this.#attempts) {
      if (attempt !== this.#joined && attempt.way === way) return true;
    }
    return false;
  }

  /** Returns when the connection should be up. */
  #open(way: Way, beganAtMs: number): number {
    const { carrier } = way;
    const announced = this.#takeAnnounced(way);
    const ticket = carrier.isDuplex
      ? (announced?.ticket ?? NO_TICKET)
      : this.#host.randomBytes(TICKET_BYTES);
    const attempt: Attempt = {
      way,
      beganAtMs,
      ticket,
      announcedLink: announced && this.#side.announcedLink,
      link: undefined,
      connection: undefined,
      worksAtMs: Infinity,
      isEnding: false,
    };
    this.#attempts.add(attempt);
    way.experience.begin(this);
    if (!carrier.isDuplex && carrier.isNamed !== true) {
      attempt.link = this.#side.offerPipe(beganAtMs, attempt.ticket);
      this.#touch();
      return Infinity;
    }
    const shown = carrier.isNamed === true ? NO_TICKET : ticket;
    attempt.connection = carrier.open(this.#eventsOf(attempt), shown);
    return beganAtMs + CONNECT_TIMEOUT_MS;
  }

  #eventsOf(attempt: Attempt): PipeEvents {
    // What is told of a session that has ended is told to nobody, drained or not.
    const isOver = (): boolean => this.#side.state === "ended" || !this.#attempts.has(attempt);
    return {
      opened: (prove) => {
        if (isOver() || attempt.link !== undefined) return;
        const { announcedLink } = attempt;
        if (announcedLink !== undefined && announcedLink !== this.#side.announcedLink) {
          // Another pipe has begun meanwhile, and the server holds this one to what was announced.
          attempt.connection?.close();
          this.#leave(attempt);
          this.#moved();
          return;
        }
        attempt.link = this.#side.openPipe(this.#host.nowMs(), prove, announcedLink);
        this.#moved();
      },
      body: (bytes) => {
        if (isOver()) return;
        if (attempt.link !== undefined) {
          this.#side.handlePipeBody(this.#host.nowMs(), attempt.link, bytes);
        } else if (attempt.way.carrier.isNamed === true) {
          this.#take(attempt, bytes);
        }
        this.#moved(bytes.length);
      },
      closed: (reason) => {
        if (isOver()) return;
        if (!attempt.isEnding) this.lastReason = reason;
        if (attempt.link !== undefined) {
          this.#side.handlePipeClosed(this.#host.nowMs(), attempt.link);
        } else {
          const tookMs = this.#host.nowMs() - attempt.beganAtMs;
          this.#failed(attempt, tookMs < SLOW_MS ? "closed" : "silent");
          this.#side.handlePipeFailed(this.#host.nowMs());
        }
        this.#moved();
      },
    };
  }

  /** A stream that the server names has said its name. */
  #take(attempt: Attempt, bytes: Uint8Array): void {
    try {
      attempt.link = this.#side.takeStream(this.#host.nowMs(), readStreamName(bytes));
    } catch (error) {
      protocolCode(error);
      attempt.connection?.close();
      this.lastReason = "unreadable";
      this.#failed(attempt, "unreadable");
      this.#side.handlePipeFailed(this.#host.nowMs());
    }
  }

  /** The server knows the ticket. */
  offered(link: number): void {
    const attempt = this.#find(link);
    if (attempt === undefined || attempt.connection !== undefined) return;
    attempt.connection = attempt.way.carrier.open(this.#eventsOf(attempt), attempt.ticket);
  }

  /** A body for a pipe. */
  transmit(link: number, body: Uint8Array): void {
    const attempt = this.#find(link);
    const connection = attempt?.connection;
    if (attempt === undefined || connection === undefined) return;
    connection.write(body);
    if ((connection.unsentBytes ?? 0) <= this.#side.unsentBytesMax) return;
    // Whoever does not read is not waited for.
    connection.close();
    this.lastReason = `${attempt.way.carrier.name}_unread`;
    this.#side.handlePipeClosed(this.#host.nowMs(), link);
  }

  /** The core is done with a pipe. */
  hangUp(link: number): void {
    this.#find(link)?.connection?.close();
  }

  joined(link: number): void {
    const attempt = this.#find(link);
    // The one before is closed when the server has heard of this one.
    if (this.#joined !== undefined) this.#joined.isEnding = true;
    this.#joined = attempt;
    if (attempt === undefined) return;
    this.#name = attempt.way.carrier.name;
    attempt.worksAtMs = attempt.beganAtMs + WORKED_MS;
    attempt.way.experience.join(this);
    if (attempt.way.carrier.isAnnounced === true) this.#announce(attempt.way, link);
  }

  /** Of the next connection the server knows whose it is before anything has come on it. */
  #announce(way: Way, link: number): void {
    // It may be gone again.
    if (this.#side.joined !== link) return;
    const ticket = this.#host.randomBytes(TICKET_BYTES);
    this.#side.announcePipe(this.#host.nowMs(), ticket);
    this.#announced = { way, ticket };
  }

  /** What the server knows of the next connection; it is good for once. */
  #takeAnnounced(way: Way): Announced | undefined {
    const announced = this.#announced;
    this.#announced = undefined;
    if (announced?.way !== way || this.#side.announcedLink === undefined) return undefined;
    return announced;
  }

  /** The server wants another pipe in place of this one, which goes when the next is joined. */
  ending(link: number): void {
    const attempt = this.#find(link);
    if (attempt !== undefined) attempt.isEnding = true;
  }

  /** The core has said that a pipe is over. */
  gone(link: number, why: PipeEnd): void {
    const attempt = this.#find(link);
    if (attempt === undefined) return;
    // What the connection said before is nearer to the cause.
    if (why !== "closed" && why !== "ended") this.lastReason = why;
    const wasJoined = attempt === this.#joined;
    if (wasJoined) this.#joined = undefined;
    if (wasJoined && !this.#isForced) this.#name = "poll";
    if (why === "replaced" || why === "paused" || why === "ended" || attempt.isEnding) {
      this.#leave(attempt);
    } else if (wasJoined && this.#host.nowMs() >= attempt.beganAtMs + WORKED_MS) {
      attempt.way.experience.clear();
      attempt.way.experience.doubt();
      this.#leave(attempt);
    } else {
      // One that was cut is replaced at once; if that one is cut too, the cause may be what it is.
      this.#failed(attempt, why, wasJoined && attempt.way.experience.isFresh);
    }
  }

  #failed(attempt: Attempt, why: PipeEnd, isExcused = false): void {
    const { way, beganAtMs } = attempt;
    const cause = { reason: this.lastReason, isExcused };
    way.experience.fail(this.#host.nowMs(), beganAtMs, why, cause);
    this.#leave(attempt);
  }

  #leave(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    attempt.way.experience.leave(this);
  }

  #find(link: number): Attempt | undefined {
    for (const attempt of this.#attempts) if (attempt.link === link) return attempt;
    return undefined;
  }
}
