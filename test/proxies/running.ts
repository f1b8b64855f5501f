/** A program that runs as a child of the tests, on a port of its own, and ends with them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { pause, until } from "../waiting.ts";
import { type Conditions, type Program, PROGRAM_FOLDERS, type Standing } from "./program.ts";

/** Varnish compiles its configuration; nothing else here takes a second. */
const READY_LIMIT_MS = 30_000;

/** Nothing tells that a program listens, or that its port is free again. */
const LOOK_AGAIN_MS = 10;

/** As root, programs are started as this user, `nobody`, so that they behave as for anybody. */
const NOBODY = 65_534;

/** Groups of processes that were started here and have not ended. */
const groups: Set<number> = new Set();
process.on("exit", endAll);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    endAll();
    process.exit(1);
  });
}

function endAll(): void {
  for (const group of groups) signalGroup(group, "SIGKILL");
}

/** The path of a program, or undefined where it is not installed. */
export function pathOf(command: string): string | undefined {
  return PROGRAM_FOLDERS.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/**
 * Ports that programs are told lie below those that systems choose from (RFC 6335 section 6): one
 * that was found free would otherwise be given to somebody else before the program has it.
 */
const PORT_MIN = 10_000;
const PORTS = 20_000;

/** Where this process goes on looking: others, beside it, have begun elsewhere. */
let nextPort = Math.floor(Math.random() * PORTS);

async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = PORT_MIN + nextPort;
    nextPort = (nextPort + 1) % PORTS;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error("no port is free");
}

export class RunningProxy implements Standing {
  readonly program: Program;
  readonly port: number;
  readonly #folder: string;
  readonly #serverPort: number;
  readonly #conditions: Conditions;
  #child: ChildProcess | undefined;
  #runs = 0;
  #remains: readonly string[] = [];

  private constructor(
    program: Program,
    port: number,
    serverPort: number,
    conditions: Conditions,
    folder: string,
  ) {
    this.program = program;
    this.port = port;
    this.#serverPort = serverPort;
    this.#conditions = conditions;
    this.#folder = folder;
  }

  /** Starts a program in front of a server; it ends with the test. */
  static async start(
    program: Program,
    serverPort: number,
    conditions: Conditions,
  ): Promise<RunningProxy> {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-proxy-"));
    giveAway(folder);
    const port = await freePort();
    const proxy = new RunningProxy(program, port, serverPort, conditions, folder);
    onTestFinished(() => proxy.#close());
    await proxy.up();
    return proxy;
  }

  get originPort(): number {
    return this.#serverPort;
  }

  async up(): Promise<void> {
    const { command } = this.program;
    const path = pathOf(command);
    if (path === undefined) throw new Error(`${command} is not installed`);
    // A folder for each run: what a killed one left behind would stop some.
    this.#runs++;
    const folder = this.#runFolder;
    const setting = { folder, port: this.port, serverPort: this.#serverPort, ...this.#conditions };
    const { files, args, remains = [] } = this.program.prepare(setting);
    this.#remains = remains;
    makeFolder(folder, files);
    const isRoot = process.getuid?.() === 0;
    const output = openSync(join(folder, "output.log"), "w");
    const child = spawn(path, args, {
      cwd: folder,
      // A group of its own: the children of a program that is killed would stay.
      detached: true,
      stdio: ["ignore", output, output],
      env: { PATH: PROGRAM_FOLDERS.join(":"), LC_ALL: "C", HOME: folder },
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    });
    closeSync(output);
    this.#child = child;
    await once(child, "spawn");
    if (child.pid !== undefined) groups.add(child.pid);
    await this.#ready(child, folder);
  }

  async down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : null;
    signalGroup(child.pid, "SIGKILL");
    await ended;
    groups.delete(child.pid);
    for (const path of this.#remains) rmSync(path, { force: true });
  }

  /** Makes it read its configuration again, as its operators would; done when it says so. */
  async reload(): Promise<void> {
    const { reload, name } = this.program;
    if (reload === undefined) throw new Error(`${name} cannot reload`);
    const marks = (): number => logsOf(this.#runFolder).split(reload.mark).length;
    const before = marks();
    this.#child?.kill(reload.signal);
    await until(() => marks() > before, `${name} that reloads`);
  }

  async #close(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #runFolder(): string {
    return join(this.#folder, String(this.#runs));
  }

  async #ready(child: ChildProcess, folder: string): Promise<void> {
    const endMs = performance.now() + READY_LIMIT_MS;
    while (!(await takesConnections(this.port))) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (hasEnded || performance.now() > endMs) {
        const what = hasEnded ? "ended at once" : "takes no connections";
        throw new Error(`${this.program.name} ${what}.\n${logsOf(folder)}`);
      }
      await pause(LOOK_AGAIN_MS);
    }
  }
}

function makeFolder(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder);
  giveAway(folder);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o644);
  }
}

/** To the user that the program will run as. */
function giveAway(folder: string): void {
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function logsOf(folder: string): string {
  const logs = readdirSync(folder).filter((name) => name.endsWith(".log"));
  return logs.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // It has ended already.
  }
}
