// An attack beside an honest session, from processes of their own: what it left behind at the
// server, and what it did to the session's pace.
//
// The attacker comes from 127.0.0.2, the honest client from 127.0.0.1: limits by address are among
// the defences. Both bounds below hold for every attack that does not state its own.

import { Child } from "../calls.ts";
import { HonestClient, median } from "./honest.ts";
import type { Books, Place, VictimOptions } from "./orders.ts";

const MIB = 1024 * 1024;

/**
 * What a server may still hold after an attack that leaves no session behind, beyond what it held
 * before. The compiled code of ways that were never gone before, Node's stock of a thousand HTTP
 * parsers, and the tombstones of sessions that the attack ended come to less; a leak of 1 KiB in
 * each of its thousands of requests would show.
 */
export const HELD_BYTES_MAX = 8 * MIB;

/**
 * How much more than that may stay resident: pages that are free again, which the collector and the
 * allocator keep for a while. The most that was seen is 62 MiB, after 200 MB of requests.
 */
export const RESIDENT_BYTES_MAX = 128 * MIB;

/**
 * How much slower the median round trip may become, and below what it does not matter. The server
 * does everything in one thread and takes connections in turn, so an attacker who keeps sixteen of
 * them busy puts sixteen requests in front of each of the honest ones. 100 ms still feels
 * immediate; most attacks cost less than 10 ms, and the faults that were found 350 ms and more.
 *
 * What other programs take of the processors, the attacker among them, is no fault of the server: a
 * round trip counts without the time in which it was ready to run and did not (honest.ts).
 */
export const PACE_FACTOR_MAX = 5;
export const PACE_MS_ALWAYS_ALLOWED = 100;

/** For `beforeAll`: three processes begin, which takes a loaded machine a while. */
export const SET_OUT_MS = 60_000;

/** Round trips before an attack, for comparison, after as many that only warm up. */
const PINGS_BEFORE = 200;

export interface Siege<Result> {
  readonly result: Result;
  readonly grownBytes: number;
  readonly grownRssBytes: number;
  readonly paceMs: number;
  readonly pings: number;
  readonly books: Books;
}

export interface Bounds {
  readonly heldBytesMax?: number;
}

export class Scene {
  readonly victim: Child;
  readonly attacker: Child;
  readonly port: number;
  readonly honest: HonestClient;
  /** The median round trip before any attack. */
  readonly calmMs: number;

  private constructor(
    victim: Child,
    attacker: Child,
    port: number,
    honest: HonestClient,
    calmMs: number,
  ) {
    this.victim = victim;
    this.attacker = attacker;
    this.port = port;
    this.honest = honest;
    this.calmMs = calmMs;
  }

  static async set(options: VictimOptions = {}): Promise<Scene> {
    const victim = new Child(new URL("victim.ts", import.meta.url), JSON.stringify(options));
    const attacker = new Child(new URL("attacker.ts", import.meta.url));
    const { port, pid } = await victim.call<Place>("listen");
    const url = `http://127.0.0.1:${port}/holdfast`;
    const honest = new HonestClient(url, pid, { authorization: "Bearer honest" });
    await honest.pings(PINGS_BEFORE);
    const calmMs = median(await honest.pings(PINGS_BEFORE));
    return new Scene(victim, attacker, port, honest, calmMs);
  }

  /** Attacks, and takes the books before and after, with everything that the attacker still holds. */
  async attack<Result>(name: string, args: object = {}): Promise<Siege<Result>> {
    await this.victim.call("forget");
    const before = await this.#settledBooks();
    this.honest.beginRecording();
    let result: Result;
    let times: readonly number[] = [];
    try {
      result = await this.attacker.call<Result>(name, { port: this.port, ...args });
    } finally {
      times = await this.honest.endRecording();
    }
    const books = await this.#settledBooks();
    const siege = {
      result,
      grownBytes: books.heldBytes - before.heldBytes,
      grownRssBytes: books.rssBytes - before.rssBytes,
      paceMs: median(times),
      pings: times.length,
      books,
    };
    if (process.env["ATTACK_FIGURES"] !== undefined) this.#print(name, siege);
    return siege;
  }

  /**
   * What the attack did: nothing, if the server is up, made no mistake, holds little, and the honest
   * session kept its pace.
   */
  harmOf(siege: Siege<unknown>, { heldBytesMax = HELD_BYTES_MAX }: Bounds = {}): string[] {
    const { books, grownBytes, grownRssBytes, pings, paceMs } = siege;
    const paceMsMax = Math.max(PACE_FACTOR_MAX * this.calmMs, PACE_MS_ALWAYS_ALLOWED);
    const { state } = this.honest.session.status;
    const harm: string[] = [...books.errors];
    if (grownBytes > heldBytesMax) harm.push(`holds ${grownBytes} bytes more`);
    if (grownRssBytes > heldBytesMax + RESIDENT_BYTES_MAX) {
      harm.push(`has ${grownRssBytes} bytes more resident`);
    }
    if (state !== "open") harm.push(`the honest session is ${state}`);
    // Not even one: an honest client that hears nothing.
    if (pings === 0 || !(paceMs <= paceMsMax)) harm.push(`a ping takes ${paceMs} ms`);
    return harm;
  }

  /** The attacker lets go of every connection that it still holds. */
  async relent(): Promise<void> {
    await this.attacker.call("relent");
  }

  async end(): Promise<void> {
    this.honest.session.abort();
    await this.honest.session.ended;
    await Promise.all([this.victim.end(), this.attacker.end()]);
  }

  /**
   * The books when nothing is on its way any more: the system hands over connections that were
   * made, and tells of those that were closed, some turns later, and no event says that it is done.
   */
  async #settledBooks(): Promise<Books> {
    let books = await this.victim.call<Books>("books");
    for (let round = 0; round < 20; round++) {
      await this.honest.pings(5);
      const before = books;
      books = await this.victim.call<Books>("books");
      const isQuiet = Math.abs(books.heldBytes - before.heldBytes) < MIB / 8;
      if (isQuiet && books.connections === before.connections) break;
    }
    return books;
  }

  #print(name: string, siege: Siege<unknown>): void {
    const { grownBytes, grownRssBytes, paceMs, pings, books } = siege;
    const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
    const pace = `${this.calmMs.toFixed(2)} -> ${paceMs.toFixed(2)} ms over ${pings} pings`;
    const grown = `held ${mib(grownBytes)}, rss ${mib(grownRssBytes)}`;
    const left = `${books.sessions} sessions, ${books.connections} connections`;
    process.stderr.write(`${name}: ${grown}; pace ${pace}; ${left}\n`);
    if (name !== "cases") process.stderr.write(`  ${JSON.stringify(siege.result)}\n`);
  }
}
