/**
 * Pipes in a simulation of cores: the client's host opens them, one after the other and beside each
 * other, the server's host retires them, and what is on them arrives. When all is healed the client
 * opens another one whenever it has none, and is to hear by it (promise 6).
 */
import type { SideName } from "./applications.ts";
import type { Causes } from "./causes.ts";
import type { MortalPair } from "./mortal-pair.ts";
import type { Network } from "./network/network.ts";
import { type PipeItem, type PipeKind, sideAt, type Way } from "./pipes.ts";
import type { Play } from "./play.ts";

/** What hosts do about pipes: how often, of a thousand actions. */
export interface PipeActions {
  /** The client begins a pipe that goes both ways. */
  readonly duplexPermille: number;
  /** It offers to take a stream. */
  readonly streamPermille: number;
  /** The server wants the pipes replaced that it has. */
  readonly retirePermille: number;
  /** What the client opens when all is healed and it has none. */
  readonly lasting: PipeKind;
}

/** What becomes of pipes that is worth counting. */
export type PipeMark =
  | "pipe tried"
  | "pipe retired"
  | "pipe joined"
  | "moved up"
  | "moved down"
  | "moved aside"
  | "moved with messages";

/** Something of a pipe that happens next, at a side. */
export interface PipeDue {
  readonly kind: "pipe";
  readonly side: SideName;
  readonly atMs: number;
  /** What arrives; undefined: a connection of the client's is up. */
  readonly arrives: { readonly number: number; readonly way: Way } | undefined;
}

const WAYS: readonly Way[] = ["up", "down"];

export class PipeDriver {
  /** When connections are up that the client has begun. */
  private attempts: number[] = [];
  private readonly pair: MortalPair;
  private readonly network: Network;
  private readonly options: PipeActions | undefined;
  private readonly causes: Causes;
  private readonly play: Play;

  constructor(
    pair: MortalPair,
    network: Network,
    options: PipeActions | undefined,
    causes: Causes,
    play: Play,
  ) {
    this.pair = pair;
    this.network = network;
    this.options = options;
    this.causes = causes;
    this.play = play;
  }

  // --- what happens ---------------------------------------------------------------------------

  /** What happens next, where nothing reaches a side before it is awake; undefined: nothing. */
  next(asleepUntilMs: Readonly<Record<SideName, number>>): PipeDue | undefined {
    let next: PipeDue | undefined;
    const consider = (side: SideName, itsMs: number, arrives: PipeDue["arrives"]): void => {
      const atMs = Math.max(itsMs, asleepUntilMs[side]);
      if (atMs < (next?.atMs ?? Infinity)) next = { kind: "pipe", side, atMs, arrives };
    };
    for (const openAtMs of this.attempts) consider("client", openAtMs, undefined);
    for (const pipe of this.pair.http.pipes.all.values()) {
      for (const way of WAYS) {
        const [first] = pipe[way];
        const { number } = pipe;
        if (first !== undefined) consider(sideAt(way), first.atMs, { number, way });
      }
    }
    return next;
  }

  /** It happens. */
  handle({ arrives }: PipeDue): void {
    if (arrives === undefined) {
      this.open();
      return;
    }
    const { number, way } = arrives;
    const { pipes } = this.pair.http;
    const pipe = pipes.all.get(number);
    const item = pipe?.[way][0];
    if (pipe === undefined || item === undefined) throw new Error("nothing arrives on a pipe");
    this.network.handlePipeArrived(number, way, item);
    this.pair.deliverOnPipe(number, way);
    this.causes.handlePipeArrived(pipe, way, item.body);
  }

  /** Something has left on a pipe. */
  handleSent(number: number, way: Way, item: PipeItem): void {
    this.network.handlePipeSent(number, way, item);
  }

  /** The client's process is gone, with what it had begun. */
  end(): void {
    this.attempts = [];
  }

  // --- what hosts do --------------------------------------------------------------------------

  /** Action `name` is about pipes too. */
  act(name: string): void {
    const { options, play } = this;
    if (options === undefined) return;
    const chooses = (permille: number, what: string): boolean =>
      permille > 0 && play.pick(2, `${name}: ${what}`, permille) === 1;
    if (chooses(options.duplexPermille, "the client opens a pipe")) this.begin("duplex");
    if (chooses(options.streamPermille, "the client asks for a stream")) this.begin("stream");
    if (chooses(options.retirePermille, "the server retires its pipes")) this.retire();
  }

  /** All is healed: the client has a pipe, or opens one. */
  keep(): void {
    const { client } = this.pair;
    if (this.options === undefined || client.state !== "open") return;
    if (client.pipes.size === 0 && this.attempts.length === 0) this.begin(this.options.lasting);
  }

  /** All is healed: the client hears by a pipe that works, where it opens any. */
  get isSettled(): boolean {
    const { client, isPiped } = this.pair;
    return this.options === undefined || client.state === "ended" || isPiped;
  }

  private begin(kind: PipeKind): void {
    if (this.pair.client.state === "ended") return;
    this.play.mark("pipe tried");
    if (kind === "stream") {
      this.pair.offerPipe();
      return;
    }
    const atMs = this.network.pipeOpensAtMs();
    if (atMs !== Infinity) this.attempts.push(atMs);
  }

  private open(): void {
    const first = Math.min(...this.attempts);
    this.attempts.splice(this.attempts.indexOf(first), 1);
    if (this.pair.client.state !== "ended") this.pair.openPipe();
  }

  private retire(): void {
    for (const { number, server } of Array.from(this.pair.http.pipes.all.values())) {
      if (server !== "open") continue;
      this.play.mark("pipe retired");
      this.pair.retirePipe(number);
    }
  }
}
