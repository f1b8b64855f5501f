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

/** To load the sources, on a machine with other things to do. */
const START_MS_MAX = 45_000;

/** What the processes have in common. */
export interface Stage {
  readonly folder: string;
  /** Where each part has its own from: they begin again and again, at times of their own. */
  readonly dice: Dice;
  /** The conductor's own. */
  readonly log: Log;
  /** A process has gone that should not have. */
  readonly trouble: (what: string) => void;
}

/** A part that is played by one process after the other. */
abstract class Part {
  readonly part: string;
  protected readonly stage: Stage;
  protected readonly dice: Dice;
  protected number = 0;
  #child: Child | undefined;
  #name = "";
  /** It has not begun, or is about to go. */
  #mayLeave = true;
  #isEnded = false;

  constructor(part: string, stage: Stage) {
    this.part = part;
    this.stage = stage;
    this.dice = new Dice(stage.dice.seed());
  }

  /** The process that plays it now. */
  get child(): Child {
    if (this.#child === undefined) throw new Error(`${this.part} has not begun`);
    return this.#child;
  }

  call<Result>(name: string, args: unknown = {}, limitMs = START_MS_MAX): Promise<Result> {
    return soon(this.child.call<Result>(name, args), `${this.#name}'s "${name}"`, limitMs);
  }

  /** A call that its process does not outlive. */
  async callLast(name: string, args: unknown = {}): Promise<void> {
    this.#mayLeave = true;
    this.child.call(name, args).catch(() => {});
    const how = await soon(this.child.whenGone, `the end of ${this.#name}`, START_MS_MAX);
    if (!how.endsWith("exit status 0")) this.stage.trouble(`${this.#name} at "${name}": ${how}`);
  }

  async kill(): Promise<void> {
    if (!this.#mayLeave) this.stage.log.write({ kind: "kill", process: this.#name });
    this.#mayLeave = true;
    await this.#child?.end();
  }

  /** For good, whatever it does, and whether it was begun or not. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await this.kill();
  }

  protected play(file: string, name: string, start: ServerStart | ClientStart): void {
    if (this.#isEnded) throw new Error("the run is over");
    const child = new Child(new URL(file, import.meta.url), JSON.stringify(start));
    this.#child = child;
    this.#name = name;
    this.#mayLeave = false;
    void child.whenGone.then((how) => {
      if (this.#child === child && !this.#mayLeave) this.stage.trouble(`${name}: ${how}`);
    });
  }
}

export class ServerPart extends Part {
  #port = 0;
  #proxy: FaultProxy | undefined;

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
    const { dice, stage } = this;
    const { folder } = stage;
    const name = `${this.part}.${++this.number}`;
    const hold = dice.oneOf(HOLD_POLICIES);
    this.play("server.ts", name, { name, folder, seed: dice.seed(), hold, port: this.#port });
    this.#port = await this.call<number>("listen");
    this.#proxy ??= new FaultProxy(this.#port);
  }

  override async end(): Promise<void> {
    await Promise.all([super.end(), this.#proxy?.end()]);
  }
}

export class ClientPart extends Part {
  readonly server: ServerPart;
  readonly #usesFetch: boolean;

  constructor(part: string, stage: Stage, server: ServerPart, usesFetch = false) {
    super(part, stage);
    this.server = server;
    this.#usesFetch = usesFetch;
  }

  /** @param resume a file: what `save` left */
  async begin(resume?: string): Promise<void> {
    const { folder } = this.stage;
    const name = `${this.part}.${++this.number}`;
    const { url } = this.server;
    const start = { name, folder, seed: this.dice.seed(), url, usesFetch: this.#usesFetch };
    this.play("client.ts", name, resume === undefined ? start : { ...start, resume });
    await this.call("begin");
  }

  async save(): Promise<string> {
    const file = join(this.stage.folder, `${this.part}.${this.number}.saved`);
    await this.callLast("save", file);
    return file;
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
