/**
 * Processes of a world, in which programs run: the handle that a scenario has of one, by which it
 * is killed and started again, and what the program itself is given.
 *
 * Invariant: what a killed process had is never heard of again. Its promises stay as they are, its
 * timers do not fire, its sessions hear nothing; only what it kept outside itself is left.
 */
import type { Carrier } from "../session/carrier.ts";
import { type ClientOptions, type ClientSession, connectIn } from "../session/client-session.ts";
import type { CodecFactory } from "../session/codec.ts";
import { pipesAmong, requestsAmong } from "../session/link-options.ts";
import { msgpack } from "../session/msgpack.ts";
import type { Peer } from "../session/peer.ts";
import type { LinkName } from "../session/pipe-carrier.ts";
import { type ServerOptions, SessionServer } from "../session/server.ts";
import { MS } from "../sim/option-checks.ts";
import { WorldError } from "./errors.ts";
import { Life } from "./life.ts";
import type { End, Path } from "./path.ts";
import type { ProcessOwner, SessionView } from "./process-owner.ts";

/** What runs in a process: from its start, and again after each restart. */
export type Program = (self: ProcessScope) => unknown;

/** What `connect` can be told in a world. */
export interface SimulatedConnectOptions extends ClientOptions {
  /** Default `msgpack`; must be the server's. */
  readonly codec?: CodecFactory | undefined;
  /** The name of the process that serves. Default `server`. */
  readonly to?: string | undefined;
  /**
   * The links that its sessions use, the best first, as of `connect`; there is no TCP. Default:
   * polling alone.
   */
  readonly links?: readonly LinkName[] | undefined;
  /** Who names streams, as of `connect`. Default `client`. */
  readonly streamNames?: "client" | "server" | undefined;
  /** What `peer.header` finds at the server, by names in lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What a program has of its process, in one life of it. */
export interface ProcessScope {
  /** The name of the process. */
  readonly name: string;
  /** The world's time. */
  readonly nowMs: number;
  /** What is left when the process is killed: its disk, or the storage of a page. */
  readonly storage: Map<string, string>;
  /** Resolves when so much of the world's time has passed. */
  sleep(ms: number): Promise<void>;
  /**
   * Begins a session with a process that serves, as `connect` of `holdfast` does.
   *
   * @throws UsageError as there; WorldError `name_unknown`.
   */
  connect<Incoming = unknown, Outgoing = unknown>(
    options?: SimulatedConnectOptions,
  ): ClientSession<Incoming, Outgoing>;
  /**
   * Serves sessions, as `SessionServer` does. Errors that nobody takes fail the run; `onError`, if
   * it is given, takes what it would otherwise be told.
   *
   * @throws UsageError as there; WorldError `state_invalid` if the process serves already.
   */
  serve<Incoming = unknown, Outgoing = unknown>(
    options: ServerOptions<Incoming, Outgoing>,
  ): SessionServer<Incoming, Outgoing>;
  /** Called before a reload, as a page is told by `pagehide`: for `session.save()`. */
  onUnload(callback: () => void): void;
  /** Writes down what happened, for the chart of a failure. */
  note(text: string): void;
}

/** A process that was started in a world. */
export class SimulatedProcess implements End {
  /** The name under which it was started. */
  readonly name: string;
  /** What is left when it is killed. */
  readonly storage: Map<string, string> = new Map();
  /** @internal Nothing happens in it before. */
  awakeAtMs: number = 0;
  /** @internal When it wakes; Infinity: it is not asleep. */
  wakeAtMs: number = Infinity;
  /** @internal When it starts again; Infinity: not by itself. */
  startAtMs: number = Infinity;
  /** @internal The present life. */
  life: Life;
  /** @internal Sessions of the present life. */
  readonly sessions: Map<SessionView, Path> = new Map();
  /** @internal What its requests go to. */
  handler: SessionServer | undefined;
  private readonly owner: ProcessOwner;
  private readonly program: Program;
  private readonly address: string;
  private readonly seed: number;
  private lives = 0;
  private readonly wakes: Set<() => void> = new Set();
  private unloads: (() => void)[] = [];
  private finish: () => void = () => {};
  /** Resolves when the program has ended by itself, in whichever life. */
  readonly finished: Promise<void>;

  /** @internal Made by the world. */
  constructor(owner: ProcessOwner, name: string, program: Program, number: number) {
    this.owner = owner;
    this.name = name;
    this.program = program;
    this.address = `192.0.2.${1 + (number % 254)}`;
    this.seed = number;
    this.finished = new Promise((resolve) => (this.finish = resolve));
    this.life = new Life(owner, 0);
    this.life.end();
  }

  /** Whether it has been started and not been killed since. */
  get isRunning(): boolean {
    return !this.life.isOver;
  }

  /** Whether it is stopped for a while. */
  get isAsleep(): boolean {
    return this.wakeAtMs < Infinity;
  }

  /** Whether sessions can be opened with it. */
  get isServing(): boolean {
    return this.handler !== undefined;
  }

  /** @internal The program runs, as far as it comes at once. */
  start(): void {
    const { owner } = this;
    this.startAtMs = Infinity;
    this.awakeAtMs = owner.nowMs;
    const life = new Life(owner, (this.seed << 16) + this.lives++);
    this.life = life;
    const fail = (error: unknown): void => life.rethrow(error);
    try {
      const running = Promise.resolve(this.program(this.scopeOf(life)));
      running.then(() => {
        if (!life.isOver) this.finish();
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  // --- what may happen to it ------------------------------------------------------------------

  /** It is killed, without a warning, and does not start again before `restart()`. */
  kill(): void {
    if (!this.isRunning) return;
    this.owner.note(this.name, "is killed");
    this.end();
  }

  /** It is killed, if it runs, and its program starts anew after `afterMs`. */
  restart(afterMs = 0): void {
    MS(afterMs, "afterMs");
    this.kill();
    this.startAtMs = this.owner.nowMs + afterMs;
  }

  /** It is told to go, as a page is at a reload, and its program starts anew. */
  reload(): void {
    if (!this.isRunning) return;
    this.owner.note(this.name, "is reloaded");
    for (const unload of this.unloads) {
      try {
        unload();
      } catch (error) {
        this.life.rethrow(error);
      }
    }
    this.end();
    this.startAtMs = this.owner.nowMs;
  }

  /**
   * It is stopped for a while, as a closed laptop is: what arrives waits, what was due happens when
   * it wakes. Then its sessions are told that the path may be back.
   */
  suspend(ms: number): void {
    MS(ms, "ms");
    if (!this.isRunning) return;
    this.owner.note(this.name, `sleeps for ${ms} ms`);
    this.awakeAtMs = Math.max(this.awakeAtMs, this.owner.nowMs + ms);
    this.wakeAtMs = this.awakeAtMs;
    this.life.fallAsleep();
  }

  /** @internal */
  wake(): void {
    this.wakeAtMs = Infinity;
    this.owner.note(this.name, "wakes");
    this.life.wake();
    for (const wake of Array.from(this.wakes)) wake();
  }

  private end(): void {
    this.life.end();
    this.sessions.clear();
    this.handler = undefined;
    this.wakes.clear();
    this.wakeAtMs = Infinity;
    this.unloads = [];
    this.owner.handleEnd(this);
  }

  // --- what its program is given --------------------------------------------------------------

  private scopeOf(life: Life): ProcessScope {
    const { name, owner, storage } = this;
    const check = (): void => {
      if (life.isOver) throw new WorldError("state_invalid", `a former life of ${name} acts`);
    };
    return {
      name,
      storage,
      get nowMs() {
        return owner.nowMs;
      },
      sleep: async (ms) => {
        MS(ms, "ms");
        await new Promise<void>((resolve) => life.addTimer(resolve, ms, true));
      },
      connect: (options = {}) => {
        check();
        return this.connect(life, options);
      },
      serve: (options) => {
        check();
        return this.serve(life, options);
      },
      onUnload: (callback) => void (life.isOver || this.unloads.push(callback)),
      note: (text) => owner.note(name, text),
    };
  }

  private connect<Incoming, Outgoing>(
    life: Life,
    options: SimulatedConnectOptions,
  ): ClientSession<Incoming, Outgoing> {
    const { codec = msgpack, to = "server", headers = {}, ...others } = options;
    const { links = ["poll"], streamNames = "client", ...limits } = others;
    const path = this.owner.pathOf(this, to);
    const { address, wakes } = this;
    const peer: Peer = { address, header: (header) => headers[header], request: undefined };
    const origin = `simulated://${to}`;
    const isOver = (): boolean => life.isOver;
    const carrier: Carrier = {
      carriersMax: undefined,
      pipes: pipesAmong(links, {
        tcp: undefined,
        websocket: path.pipes.socket(origin, peer, isOver),
        stream: path.pipes.stream(origin, peer, isOver, streamNames === "server"),
      }),
      requests: requestsAmong(links),
      exchange: (body, signal) => {
        // What it was about to do when it was killed does not happen.
        if (life.isOver) return new Promise(() => {});
        return path.exchange(body, signal, peer);
      },
      watch: (wake) => {
        wakes.add(wake);
        return () => wakes.delete(wake);
      },
      close: () => {},
    };
    const session = connectIn<Incoming, Outgoing>(life, carrier, codec, limits);
    this.sessions.set(session, path);
    void session.ended.then(({ reason }) => {
      if (this.sessions.delete(session)) this.owner.note(this.name, `session ended: ${reason}`);
    });
    return session;
  }

  private serve<Incoming, Outgoing>(
    life: Life,
    options: ServerOptions<Incoming, Outgoing>,
  ): SessionServer<Incoming, Outgoing> {
    if (this.isServing) throw new WorldError("state_invalid", `${this.name} serves already`);
    const given = options.onError;
    const onError: typeof given = (error, session) => {
      try {
        if (given === undefined) life.rethrow(error);
        else given(error, session);
      } catch (second) {
        life.rethrow(second);
      }
    };
    const server = new SessionServer<Incoming, Outgoing>({ ...options, onError }, life);
    this.handler = server as unknown as SessionServer;
    return server;
  }
}
