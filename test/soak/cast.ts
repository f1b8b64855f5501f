/**
 * The processes of a soak: two servers, each behind a fault proxy, and their clients. One server
 * lives through the whole run, the other one is restarted; of the clients one is killed and begun
 * anew, or saved and gone on with in another process, and the others live through it all.
 */
import { join } from "node:path";
import { SERVER_DEFAULTS } from "../../src/http/request-rules.ts";
import { Child } from "../calls.ts";
import { soon } from "../waiting.ts";
import { Dice } from "./dice.ts";
import { FaultProxy } from "./fault-proxy.ts";
import type { Log } from "./log.ts";
import { type ClientStart, HOLD_POLICIES, type ServerStart } from "./orders.ts";
import type { ProgramName, Programs } from "./programs.ts";

/** To begin, on a machine with other things to do. */
const START_MS_MAX = 45_000;

/** What the processes have in common. */
export interface Stage {
  readonly folder: string;
  /** Where each part has its own from: they begin again and again, at times of their own. */
  readonly dice: Dice;
  readonly programs: Programs;
  /** The conductor's own. */
  readonly log: Log;
  /** A process has gone that should not have. */
  readonly trouble: (what: string) => void;
}

/** A process by the name of its log. */
interface Player {
  readonly name: string;
  readonly child: Child;
}

/** A part that is played by one process after the other. */
abstract class Part {
  readonly part: string;
  protected readonly stage: Stage;
  protected readonly dice: Dice;
  readonly #program: ProgramName;
  #count = 0;
  #player: Player | undefined;
  #next: Player | undefined;
  /** It has not begun, or is about to go. */
  #mayLeave = true;
  #isEnded = false;

  constructor(part: string, program: ProgramName, stage: Stage) {
    this.part = part;
    this.stage = stage;
    this.dice = new Dice(stage.dice.seed());
    this.#program = program;
  }

  /** The process that plays it now. */
  get child(): Child {
    return this.#now.child;
  }

  call<Result>(name: string, args: unknown = {}, limitMs = START_MS_MAX): Promise<Result> {
    const now = this.#now;
    return soon(now.child.call<Result>(name, args), `${now.name}'s "${name}"`, limitMs);
  }

  /** A call that its process does not outlive. */
  async callLast(call: string, args: unknown = {}): Promise<void> {
    const { child, name } = this.#now;
    this.#mayLeave = true;
    child.call(call, args).catch(() => {});
    const how = await soon(child.whenGone, `the end of ${name}`, START_MS_MAX);
    if (!how.endsWith("exit status 0")) this.stage.trouble(`${name} at "${call}": ${how}`);
  }

  async kill(): Promise<void> {
    if (!this.#mayLeave) this.#noteKill(this.#player);
    this.#mayLeave = true;
    await this.#player?.child.end();
  }

  /** For good, whatever it does, and whether it was begun or not. */
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#noteKill(this.#next);
    await Promise.all([this.kill(), this.#next?.child.end()]);
  }

  /** The next process begins, while the one before still plays. */
  async prepare(): Promise<void> {
    if (this.#isEnded) throw new Error("the run is over");
    const name = `${this.part}.${++this.#count}`;
    const start = JSON.stringify(this.startOf(name));
    const next = { name, child: new Child(this.stage.programs.file(this.#program), start) };
    this.#next = next;
    await soon(next.child.call("ready"), `the start of ${name}`, START_MS_MAX);
  }

  protected async takeOver(): Promise<void> {
    if (this.#next === undefined) await this.prepare();
    const player = this.#next as Player;
    this.#next = undefined;
    this.#player = player;
    this.#mayLeave = false;
    void player.child.whenGone.then((how) => {
      if (this.#player === player && !this.#mayLeave) this.stage.trouble(`${player.name}: ${how}`);
    });
  }

  protected abstract startOf(name: string): ServerStart | ClientStart;

  get #now(): Player {
    if (this.#player === undefined) throw new Error(`${this.part} has not begun`);
    return this.#player;
  }

  #noteKill(player: Player | undefined): void {
    if (player !== undefined) this.stage.log.write({ kind: "kill", process: player.name });
  }
}

export class ServerPart extends Part {
  #port = 0;
  #proxy: FaultProxy | undefined;

  constructor(part: string, stage: Stage) {
    super(part, "server", stage);
  }

  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error(`${this.part} has no proxy`);
    return this.#proxy;
  }

  /** None, if the run ended before. */
  get startedProxies(): readonly FaultProxy[] {
    return this.#proxy === undefined ? [] : [this.#proxy];
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}${SERVER_DEFAULTS.path}`;
  }

  /** At the port that it had before, if any. */
  async begin(): Promise<void> {
    await this.takeOver();
    this.#port = await this.call<number>("listen", this.#port);
    this.#proxy ??= new FaultProxy(this.#port);
  }

  override async end(): Promise<void> {
    await Promise.all([super.end(), this.#proxy?.end()]);
  }

  protected override startOf(name: string): ServerStart {
    const { folder } = this.stage;
    return { name, folder, seed: this.dice.seed(), hold: this.dice.oneOf(HOLD_POLICIES) };
  }
}

export class ClientPart extends Part {
  readonly server: ServerPart;
  readonly #usesFetch: boolean;
  #saves = 0;

  constructor(part: string, stage: Stage, server: ServerPart, usesFetch = false) {
    super(part, "client", stage);
    this.server = server;
    this.#usesFetch = usesFetch;
  }

  /** @param resume a file: what `save` left */
  async begin(resume?: string): Promise<void> {
    await this.takeOver();
    await this.call("begin", { resume });
  }

  /** Its process ends. */
  async save(): Promise<string> {
    const file = join(this.stage.folder, `${this.part}.${++this.#saves}.saved`);
    await this.callLast("save", file);
    return file;
  }

  protected override startOf(name: string): ClientStart {
    const { folder } = this.stage;
    const { url } = this.server;
    return { name, folder, seed: this.dice.seed(), url, usesFetch: this.#usesFetch };
  }
}

export class Cast {
  readonly north: ServerPart;
  readonly south: ServerPart;
  /** Lives through it all. */
  readonly steady: ClientPart;
  /** The same, by `fetch`. */
  readonly fetching: ClientPart;
  /** Is killed, or saved and gone on with. */
  readonly mortal: ClientPart;
  /** Its server is restarted. */
  readonly bereft: ClientPart;

  constructor(stage: Stage) {
    this.north = new ServerPart("north", stage);
    this.south = new ServerPart("south", stage);
    this.steady = new ClientPart("steady", stage, this.north);
    this.fetching = new ClientPart("fetching", stage, this.north, true);
    this.mortal = new ClientPart("mortal", stage, this.north);
    this.bereft = new ClientPart("bereft", stage, this.south);
  }

  get servers(): readonly ServerPart[] {
    return [this.north, this.south];
  }

  get clients(): readonly ClientPart[] {
    return [this.steady, this.fetching, this.mortal, this.bereft];
  }

  /** Those that are there from the beginning to the end, and must not grow. */
  get longLived(): readonly (ServerPart | ClientPart)[] {
    return [this.north, this.steady, this.fetching, this.bereft];
  }

  async end(): Promise<void> {
    await Promise.all([...this.servers, ...this.clients].map((part) => part.end()));
  }
}
