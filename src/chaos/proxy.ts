/**
 * A proxy that does to connections, requests and responses what bad networks and worse proxies do,
 * by a seed, and counts what it did.
 */
import type { Server, Socket } from "node:net";
import { createNanoEvents } from "nanoevents";
import { Connections } from "./connections.ts";
import { type ChaosCounts, type ChaosEvent, Ledger } from "./counts.ts";
import { ChaosError } from "./errors.ts";
import { type FaultOptions, type Faults, FAULTS_DEFAULT, mergeFaults } from "./faults.ts";
import { HttpFront } from "./http-front.ts";
import { CONNECTIONS_MAX, SEED_MAX } from "./limits.ts";
import { type Address, formatAddress, parseAddress } from "./quantities.ts";
import { reset } from "./reset.ts";
import type { Running } from "./running.ts";
import { Schedule } from "./schedule.ts";
import { TcpFront } from "./tcp-front.ts";

/** What `startChaos` can be told: faults, and where to stand. */
export interface ChaosOptions extends FaultOptions {
  /** Where requests go: a port of this machine, or `host:port`. Plain HTTP or TCP. */
  readonly target: string | number;
  /** Where to listen: the same forms. Default: a free port of 127.0.0.1. */
  readonly listen?: string | number;
  /** Pass connections on raw, whatever they speak. Default: false, HTTP. */
  readonly tcp?: boolean;
  /** An integer from 0 to 2^32 - 1. Default: a random one, to be read from `seed`. */
  readonly seed?: number;
  /** Client connections at once; more are refused. Default: 8,192. */
  readonly connectionsMax?: number;
}

/** Events by name, with what their listeners get. */
export interface ChaosEvents {
  /** Something was counted; bytes are counted without an event. */
  counted: (event: ChaosEvent) => void;
}

/** A proxy that runs. */
export interface ChaosProxy {
  /** The port that it listens at. */
  readonly port: number;
  /** `host:port`, as a client would write it. */
  readonly address: string;
  /** What repeats its faults: as an option of `startChaos`, and for `planRequest`. */
  readonly seed: number;
  /** What it did so far: a snapshot. */
  readonly counts: ChaosCounts;
  /** The faults as they are now. */
  readonly faults: Faults;
  /** Changes faults; those not named stay. Throws a `ChaosError` and then changes nothing. */
  set(faults: FaultOptions): void;
  /** Returns what ends the subscription. */
  on<Name extends keyof ChaosEvents>(name: Name, listener: ChaosEvents[Name]): () => void;
  /** Cuts everything, forgets planned replays, and is done when nothing of it is left. */
  close(): Promise<void>;
}

/**
 * Starts a proxy. Throws a `ChaosError`: `option_invalid` and its like for options that cannot
 * work, `port_taken` and `listen_failed` when it cannot listen.
 */
export async function startChaos(options: ChaosOptions): Promise<ChaosProxy> {
  const events = createNanoEvents<ChaosEvents>();
  const ledger = new Ledger((event) => events.emit("counted", event));
  const shared = prepare(options, ledger);
  const isTcp = options.tcp === true;
  const front = isTcp ? new TcpFront(shared) : new HttpFront(shared);
  const address = await listenOn(front.server, parseAddress(String(options.listen ?? 0)));
  const schedule = new Schedule(shared);
  schedule.apply(undefined);
  let closing: Promise<void> | undefined;
  return {
    port: address.port,
    address: formatAddress(address),
    seed: shared.seed,
    get counts() {
      return ledger.snapshot();
    },
    get faults() {
      return shared.faults;
    },
    set(changes) {
      const before = shared.faults;
      shared.faults = mergeFaults(before, changes, isTcp);
      if (closing !== undefined) return;
      schedule.apply(before);
      if (before.closeIdleMs !== shared.faults.closeIdleMs) touchIdle(shared);
    },
    on: (name, listener) => events.on(name, listener),
    close() {
      closing ??= closeAll(shared, front, schedule);
      return closing;
    },
  };
}

function prepare(options: ChaosOptions, ledger: Ledger): Running {
  const {
    target: targetText,
    listen: listenText = 0,
    tcp = false,
    seed = randomSeed(),
    connectionsMax = CONNECTIONS_MAX,
    ...faultOptions
  } = options;
  const target = parseAddress(String(targetText));
  const listen = parseAddress(String(listenText));
  if (target.port === 0) throw new ChaosError("address_invalid", "the target's port must not be 0");
  if (target.port === listen.port && target.host === listen.host) {
    throw new ChaosError("option_invalid", "the proxy cannot be its own target");
  }
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX)) {
    throw new ChaosError("option_invalid", `seed must be an integer from 0 to ${SEED_MAX}`);
  }
  if (!(Number.isInteger(connectionsMax) && connectionsMax >= 1)) {
    throw new ChaosError("option_invalid", "connectionsMax must be an integer of 1 or more");
  }
  return {
    seed,
    target,
    ledger,
    connections: new Connections(),
    connectionsMax,
    rawSockets: new Set<Socket>(),
    faults: mergeFaults(FAULTS_DEFAULT, faultOptions, tcp),
    isDark: false,
  };
}

function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

function listenOn(server: Server, wanted: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    // It stays: a process that runs out of descriptors must not end by it.
    server.on("error", (error: NodeJS.ErrnoException) => {
      const where = formatAddress(wanted);
      reject(
        error.code === "EADDRINUSE"
          ? new ChaosError("port_taken", `another program listens on ${where}`)
          : new ChaosError("listen_failed", `cannot listen on ${where}: ${error.message}`),
      );
    });
    server.listen({ host: wanted.host, port: wanted.port }, () => {
      const bound = server.address();
      const port = typeof bound === "object" && bound !== null ? bound.port : wanted.port;
      resolve({ host: wanted.host, port });
    });
  });
}

/** Connections that are idle now begin to wait for the new time. */
function touchIdle(running: Running): void {
  for (const connection of running.connections.all()) {
    if (connection.carried.size === 0) connection.touch(running);
  }
}

async function closeAll(
  running: Running,
  front: HttpFront | TcpFront,
  schedule: Schedule,
): Promise<void> {
  schedule.stop();
  const closed = new Promise<void>((resolve) => front.server.close(() => resolve()));
  for (const connection of running.connections.all()) connection.end("rst");
  for (const socket of running.rawSockets) reset(socket);
  front.close();
  await closed;
}
