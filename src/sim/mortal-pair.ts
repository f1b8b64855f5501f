/**
 * A pair whose sides may die: the server's process with all that it knew, and the client's without
 * having saved itself. The application at the client then begins another session at the same
 * server, while what the old one has sent still arrives there.
 *
 * Of each session a book is kept, so that what was told to the applications can be compared with
 * what was truly delivered (promise 3), also when the other side is long gone.
 */
import {
  type ApplicationOutput,
  type EndedOutput,
  Endpoint,
  ENDPOINT_DEFAULTS,
  type ServerSession,
  type Verdict,
} from "../core/index.ts";
import {
  BrokenPromise,
  type Command,
  isExpected,
  newLog,
  newStream,
  type SideLog,
  SIDES,
  type SideName,
  type Stream,
} from "./applications.ts";
import { checkFates } from "./fates-check.ts";
import { CONNECTIONS_OF_ONE_LIFE } from "./http.ts";
import { PipeMoves } from "./pipe-moves.ts";
import { Pair } from "./pair.ts";
import type { PairOptions } from "./pair-options.ts";
import type { Play } from "./play.ts";

/** What is known of one session. */
export interface Book {
  /** The server's half that its streams are about; another one knows nothing of it. */
  session: ServerSession | undefined;
  /** What each side's application has seen and done. */
  logs: Record<SideName, SideLog>;
  /** What was sent on each channel. */
  streams: Map<string, Stream>;
  /** What servers that are gone had been sent, and had sent. */
  readonly streamsBefore: Map<string, Stream>[];
}

const NONCE_BYTES = 16;
const SECRET = new Uint8Array(NONCE_BYTES).fill(9);
/** As the constructor of a pair has it. */
const FIRST_NONCE = 7;

/** A pair that outlives its sessions. */
export class MortalPair extends Pair {
  /** Sessions that the client's application began before this one. */
  generation = 0;
  /**
   * The server has lost the session. Whatever it says now, it says without knowing what went
   * before; the two halves are not compared any more.
   */
  isGhost = false;
  /** Sessions that are over for the client, by identifier. */
  readonly books: Map<string, Book> = new Map();
  /** The world's time, for what is noted; the world sets it. */
  worldMs = 0;
  private crashes = 0;
  /** Tells streams apart. */
  private life = 0;
  private streamsBefore: Map<string, Stream>[] = [];
  /** The server forgets an opening that was put off: an end of which no client hears. */
  private isPuttingOff = false;
  /** Which of the servers of this session the client has heard. */
  private heard: number | undefined = undefined;
  private readonly play: Play;
  /** Not there yet while the pair is being made. */
  private readonly moves: PipeMoves | undefined;

  /** `play` is told what the applications do and see. */
  constructor(options: PairOptions, play: Play) {
    super(options);
    this.play = play;
    this.moves = new PipeMoves(this, play);
  }

  override get isAlone(): boolean {
    return this.books.size === 0;
  }

  /** The identifier of the client's present session. */
  get sessionId(): Uint8Array {
    return nonceOf(this.generation);
  }

  // --- deaths ---------------------------------------------------------------------------------

  /** The server's process is gone and another one has begun; the network is told by the caller. */
  crashServer(): void {
    // Each process has a random seed of its own.
    const seed = (this.options.server?.seed ?? ENDPOINT_DEFAULTS.seed) + ++this.crashes;
    this.server = new Endpoint(this.clocks.server, { ...this.options.server, seed });
    this.wakeAt.server = { atMs: Infinity, timer: "none" };
    this.isGhost = true;
    this.endPipes("server");
    this.forgetSession();
  }

  /** The server's process is going to end: its clients are asked to stay away for a while. */
  beginDraining(pauseMinMs: number, pauseMaxMs: number): void {
    this.react("server", { kind: "drain", pauseMinMs, pauseMaxMs });
  }

  /** The server's host judges an opening that has waited. */
  decide(session: ServerSession, verdict: Verdict): void {
    const isPutOff = verdict.accepted === "later" && session.side.state === "opening";
    this.isPuttingOff = isPutOff;
    this.react("server", { kind: "verdict", session, verdict });
    this.isPuttingOff = false;
    // Nothing of it was delivered or acknowledged: the next opening is the first.
    if (isPutOff && session === this.session) this.forgetSession();
  }

  /**
   * The client's application begins another session; what is left of the one before, if it lives,
   * is nobody's.
   */
  begin(requestsSurvive: boolean): void {
    for (const exchange of this.http.waiting) this.http.abort(exchange, requestsSurvive);
    this.endPipes("client");
    this.shelve();
    this.generation++;
    this.life++;
    this.isGhost = false;
    this.connectionBase += CONNECTIONS_OF_ONE_LIFE;
    const nonce = nonceOf(this.generation);
    const { clientClass, clocks, options } = this;
    this.client = new clientClass(clocks.client, { nonce, secret: SECRET }, options.client);
    this.session = undefined;
    this.streams = new Map();
    this.streamsBefore = [];
    this.heard = undefined;
    this.logs = { client: newLog(), server: newLog() };
    for (const side of SIDES) {
      this.logs[side].channels.add(0);
      this.stream(side, 0);
    }
    this.endTick("client");
  }

  /** Looks once more at what was told at the ends of all sessions. @throws BrokenPromise */
  checkBooks(): void {
    for (const book of this.books.values()) this.checkBook(book);
    this.checkBook(this.book);
  }

  // --- what is overridden ---------------------------------------------------------------------

  override stream(from: SideName, channel: number): Stream {
    const name = `${from}:${channel}`;
    let stream = this.streams.get(name);
    if (stream === undefined) {
      // Not there yet while the pair is being made.
      stream = { ...newStream(from, channel), life: this.life ?? 0 };
      this.streams.set(name, stream);
    }
    return stream;
  }

  protected override meet(session: ServerSession): void {
    if (session.id !== this.sessionKey || session === this.session) return;
    // It has ended, its tombstone is forgotten, and an opening came late: spec 7.2.
    if (this.session !== undefined) {
      this.isGhost = true;
      this.forgetSession();
    }
    this.session = session;
  }

  protected override handleForeign(session: ServerSession, output: ApplicationOutput): void {
    const book = this.books.get(session.id);
    if (book === undefined) throw new BrokenPromise("1: a session that no client has opened");
    if (book.session !== undefined && book.session !== session) {
      book.streamsBefore.push(book.streams);
      book.streams = anew(book.streams, ++this.life);
      book.logs = { client: book.logs.client, server: newLog() };
    }
    book.session = session;
    const { logs, streams } = this;
    this.logs = book.logs;
    this.streams = book.streams;
    try {
      super.noteOutput("server", output);
    } finally {
      this.logs = logs;
      this.streams = streams;
    }
    if (output.kind === "ended") this.checkBook(book);
  }

  protected override noteOutput(side: SideName, output: ApplicationOutput): void {
    const isDelivered = output.kind === "deliver";
    // [OPEN-5]: before the verdict the application hears of nothing.
    if (isDelivered && side === "server" && !this.logs.server.events.includes("opened")) {
      throw new BrokenPromise("3: messages were delivered of a client that is not let in");
    }
    if (side === "client" && isDelivered) this.noteFromServer(output);
    else super.noteOutput(side, output);
    if (side === "client") this.moves?.note(output);
    if (output.kind === "ended") {
      if (!this.isPuttingOff) this.play.mark(`ended: ${output.reason}`);
      this.checkBook(this.book);
    }
    // Not there yet while the pair is being made.
    if (this.play?.isNoting === true) this.play.note(this.worldMs, side, describeOutput(output));
  }

  protected override noteCommand(side: SideName, command: Command, result: boolean | number): void {
    if (this.play.isNoting) {
      this.play.note(this.worldMs, side, this.describeCommand(side, command, result));
    }
    super.noteCommand(side, command, result);
  }

  // --- details --------------------------------------------------------------------------------

  private get book(): Book {
    const { session, logs, streams, streamsBefore } = this;
    return { session, logs, streams, streamsBefore };
  }

  /** Nothing at the server knows of the session any more. */
  private forgetSession(): void {
    this.session = undefined;
    this.life++;
    this.streamsBefore.push(this.streams);
    this.streams = anew(this.streams, this.life);
    this.logs = { client: this.logs.client, server: newLog() };
    this.logs.server.channels.add(0);
  }

  private get sessionKey(): string {
    return String.fromCharCode(...this.sessionId);
  }

  /**
   * What a server sent that is gone may arrive after it. But in one session a client hears one of
   * them, or messages of the first would be missing without a word (promise 1).
   */
  private noteFromServer(output: Extract<ApplicationOutput, { kind: "deliver" }>): void {
    // Not there yet while the pair is being made, when nothing is delivered.
    const all = [...this.streamsBefore, this.streams];
    const name = `server:${output.channel}`;
    const [first] = output.payloads;
    let heard = all.findIndex((streams) => {
      const stream = streams.get(name);
      return stream !== undefined && first !== undefined && isExpected(stream, first);
    });
    if (heard < 0) heard = all.length - 1;
    this.heard ??= heard;
    if (this.heard !== heard) {
      throw new BrokenPromise("1: in one session the client hears of two servers");
    }
    const { streams } = this;
    this.streams = all[heard] as Map<string, Stream>;
    try {
      super.noteOutput("client", output);
    } finally {
      this.streams = streams;
    }
  }

  private shelve(): void {
    this.books.set(this.sessionKey, this.book);
  }

  /** What one side was told at the end, against what the other's application received. */
  private checkBook({ logs, streams, streamsBefore }: Book): void {
    for (const side of SIDES) {
      const { ended } = logs[side];
      if (ended === undefined) continue;
      const peer = side === "client" ? "server" : "client";
      const hold = this.options[peer]?.hold ?? "received";
      // A server tells of what it sent itself; a client sent the same to all servers.
      const known = side === "client" ? [...streamsBefore, streams] : [streams];
      checkFates(side, ended, known, hold);
    }
  }

  private describeCommand(side: SideName, command: Command, result: boolean | number): string {
    switch (command.kind) {
      case "send": {
        const { channel = 0, bytes } = command;
        const number = this.stream(side, channel).bytes.length;
        return `sends ${number} on channel ${channel} (${bytes} bytes)`;
      }
      case "open":
        return `opens channel ${String(result)} (${command.mode})`;
      case "finish":
      case "reset":
        return `${command.kind} of channel ${command.channel}`;
      default:
        return command.kind;
    }
  }
}

function nonceOf(generation: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES).fill(FIRST_NONCE);
  new DataView(nonce.buffer).setUint32(0, FIRST_NONCE * 0x01010101 + generation);
  return nonce;
}

/**
 * The client has sent what it has sent, and a new server has neither received nor sent anything.
 */
function anew(streams: ReadonlyMap<string, Stream>, life: number): Map<string, Stream> {
  const renewed = new Map<string, Stream>();
  for (const [name, stream] of streams) {
    const fresh = newStream(stream.from, stream.channel);
    if (stream.from === "server") {
      renewed.set(name, { ...fresh, life });
      continue;
    }
    const { bytes, keys, mode, mayGiveUp, isReset, neverSent, givenUpSent } = stream;
    const told = { mode, mayGiveUp, isReset, neverSent, givenUpSent };
    renewed.set(name, { ...fresh, ...told, bytes, keys, life: stream.life ?? 0 });
  }
  return renewed;
}

function describeOutput(output: ApplicationOutput): string {
  switch (output.kind) {
    case "deliver": {
      const { channel, index, payloads } = output;
      const last = index + payloads.length - 1;
      const range = payloads.length === 1 ? String(index) : `${index}-${last}`;
      return `receives ${range} on channel ${channel}`;
    }
    case "given-up":
      return `gave up on channel ${output.channel}: ${output.neverSent} unsent, ${output.sent} sent`;
    case "ended":
      return describeEnd(output);
    default:
      return output.kind;
  }
}

function describeEnd({ reason, neverSent, unknown }: EndedOutput): string {
  return `ended: ${reason}; never sent ${neverSent.length}, unknown ${unknown.length}`;
}
