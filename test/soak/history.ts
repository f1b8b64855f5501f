/**
 * The logs of a soak, read and put together: what each half has sent, received and been told. What
 * contradicts itself within a log is told at once; what two halves say of each other is for
 * rules.ts.
 */
import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import { type Hold, type Line, LOG_SUFFIX, type MessagePlace } from "./lines.ts";

/** Where a line stands: `file:12`. */
export type Place = string;

export interface Sent {
  readonly place: Place;
  readonly digest: number;
  readonly key: number | undefined;
  readonly bytes: number;
}

export interface Received extends Sent {
  readonly from: string;
  readonly n: number;
}

export interface End {
  readonly place: Place;
  readonly atMs: number;
  readonly reason: string;
  readonly detail: string;
  readonly neverSent: readonly MessagePlace[];
  readonly unknown: readonly MessagePlace[];
}

/** What one half did on one channel. */
export class ChannelHistory {
  /** Undefined: it never could send there. */
  mode: "ordered" | "unordered" | "latest" | undefined;
  mayGiveUp = false;
  isReset = false;
  /** By place among its messages. */
  readonly sent: Sent[] = [];
  /** In the order of arrival. */
  readonly received: Received[] = [];
  readonly givenUp: { neverSent: number; sent: number } = { neverSent: 0, sent: 0 };
}

export interface Half {
  readonly name: string;
  readonly place: Place;
  readonly side: "client" | "server";
  readonly session: string;
  readonly hold: Hold;
  readonly isEarly: boolean;
  readonly channels: Map<string, ChannelHistory>;
  /** The process that it is in, or was in last. */
  process: string;
  /** Saved, and not gone on with. */
  isSaved: boolean;
  /** It ended the session itself, at once. */
  hasAborted: boolean;
  end: End | undefined;
}

export interface ProcessHistory {
  lastLine: Place;
  /** How it went, and when; undefined: its log just ends. */
  exit: { readonly why: string; readonly atMs: number } | undefined;
}

export interface History {
  readonly halves: Map<string, Half>;
  readonly processes: Map<string, ProcessHistory>;
  /** When the conductor killed a process. */
  readonly kills: Map<string, number>;
  readonly lines: number;
  readonly bytesSent: { client: number; server: number };
  readonly bytesReceived: { client: number; server: number };
  /** What no log may say, one sentence each with the line. */
  readonly off: readonly string[];
}

/** @throws what the file system throws. */
export function readHistory(folder: string): History {
  const reader = new HistoryReader();
  const files = readdirSync(folder).filter((name) => name.endsWith(LOG_SUFFIX));
  // A session goes on in a process with a higher number.
  const byNumber = new Intl.Collator("en", { numeric: true });
  for (const file of files.toSorted(byNumber.compare)) {
    reader.begin(file);
    for (const line of linesOf(join(folder, file))) reader.read(line);
  }
  return reader;
}

/** Without holding the file: each line with its end, if it has one. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(65_536);
  const decoder = new StringDecoder("utf8");
  let rest = "";
  try {
    for (;;) {
      const count = readSync(file, buffer);
      if (count === 0) break;
      const pieces = (rest + decoder.write(buffer.subarray(0, count))).split("\n");
      rest = pieces.pop() ?? "";
      for (const piece of pieces) yield `${piece}\n`;
    }
    if (rest !== "") yield rest;
  } finally {
    closeSync(file);
  }
}

/** Commands: `begin` for each file, `read` for each of its lines. */
class HistoryReader implements History {
  readonly halves: Map<string, Half> = new Map();
  readonly processes: Map<string, ProcessHistory> = new Map();
  readonly kills: Map<string, number> = new Map();
  readonly bytesSent = { client: 0, server: 0 };
  readonly bytesReceived = { client: 0, server: 0 };
  readonly off: string[] = [];
  lines = 0;
  #process = "";
  #file = "";
  #number = 0;

  begin(file: string): void {
    this.#file = file;
    this.#process = file.slice(0, -LOG_SUFFIX.length);
    this.#number = 0;
    this.processes.set(this.#process, { lastLine: `${file}:0`, exit: undefined });
  }

  read(text: string): void {
    this.lines++;
    this.#number++;
    const place = `${this.#file}:${this.#number}`;
    const process = this.processes.get(this.#process) as ProcessHistory;
    process.lastLine = place;
    // A process that was killed while it wrote has not gone on to what it was about to do.
    if (!text.endsWith("\n")) return;
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.#off(place, `is no line of a log: ${text.trim()}`);
      return;
    }
    if (process.exit !== undefined) this.#off(place, "stands after the process has left");
    if (line.kind === "kill") this.kills.set(line.process, line.atMs);
    else if (line.kind === "exit") process.exit = { why: line.why, atMs: line.atMs };
    else if (line.kind === "begin") this.#beginHalf(line, place);
    else if (line.kind !== "start") this.#readOfHalf(line, place);
  }

  #beginHalf(line: Extract<Line, { kind: "begin" }>, place: Place): void {
    const { half: name, side, session, hold, isEarly } = line;
    if (this.halves.has(name)) this.#off(place, `begins ${name} a second time`);
    this.halves.set(name, {
      name,
      place,
      side,
      session,
      hold,
      isEarly,
      channels: new Map(),
      process: this.#process,
      isSaved: false,
      hasAborted: false,
      end: undefined,
    });
  }

  #readOfHalf(line: Extract<Line, { half: string }>, place: Place): void {
    if (line.kind === "odd") {
      this.#off(place, `says of ${line.half}: ${line.what}`);
      return;
    }
    const half = this.halves.get(line.half);
    if (half === undefined) {
      this.#off(place, `is of ${line.half}, which has not begun`);
      return;
    }
    if (line.kind === "resumed") {
      if (!half.isSaved) this.#off(place, `goes on with ${half.name}, which was not saved`);
      half.isSaved = false;
      half.process = this.#process;
      return;
    }
    if (half.process !== this.#process || half.isSaved) {
      this.#off(place, `is of ${half.name}, which is in ${half.process}`);
    }
    if (line.kind === "end") this.#readEnd(half, line, place);
    else if (line.kind === "saved") half.isSaved = true;
    else if (line.kind === "abort") half.hasAborted = true;
    else if (line.kind !== "close" && line.kind !== "begin") this.#readOfChannel(half, line, place);
  }

  #readEnd(half: Half, line: Extract<Line, { kind: "end" }>, place: Place): void {
    if (half.end !== undefined) this.#off(place, `ends ${half.name} a second time`);
    const { atMs, reason, detail, neverSent, unknown } = line;
    half.end = { place, atMs, reason, detail, neverSent, unknown };
  }

  #readOfChannel(
    half: Half,
    line: Extract<
      Line,
      { kind: "channel" | "send" | "refused" | "receive" | "reset" | "given-up" }
    >,
    place: Place,
  ): void {
    const channel = half.channels.get(line.channel) ?? new ChannelHistory();
    half.channels.set(line.channel, channel);
    switch (line.kind) {
      case "channel":
        channel.mode = line.mode;
        channel.mayGiveUp = line.mayGiveUp;
        break;
      case "send":
        if (channel.mode === undefined) this.#off(place, `sends on no channel of ${half.name}`);
        if (line.n !== channel.sent.length) {
          this.#off(place, `sends ${line.n} where ${channel.sent.length} is next`);
        }
        channel.sent.push({ place, digest: line.digest, key: line.key, bytes: line.bytes });
        this.bytesSent[half.side] += line.bytes;
        break;
      case "refused":
        if (line.n !== channel.sent.length - 1) this.#off(place, `takes back what was not sent`);
        channel.sent.pop();
        break;
      case "receive": {
        const { from, n, digest, key, bytes } = line;
        channel.received.push({ place, from, n, digest, key, bytes });
        this.bytesReceived[half.side] += bytes;
        break;
      }
      case "reset":
        channel.isReset = true;
        break;
      case "given-up":
        channel.givenUp.neverSent += line.neverSent;
        channel.givenUp.sent += line.sent;
    }
  }

  #off(place: Place, what: string): void {
    this.off.push(`${place} ${what}`);
  }
}
