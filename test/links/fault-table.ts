/**
 * The faults that every link must bear: each is a line between a client and whatever leads to its
 * server, or something that happens to one of them, while numbered messages pass both ways.
 *
 * TCP loses no bytes out of its middle, so a lost *frame* of a pipe does not exist: what there is,
 * is a line that swallows a connection from some frame on, and cuts it later.
 */
import {
  type ChaosProxy,
  type CountName,
  type FaultOptions,
  startChaos,
} from "../../src/chaos/index.ts";
import type { ConnectOptions } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/index.ts";
import type { PeerSession } from "../../src/session/server.ts";
import { pause, soon, until } from "../waiting.ts";
import { type Counts, Speaker } from "./dialogue.ts";
import { LegLine } from "./leg-line.ts";
import type { NumberServerOptions } from "./link-server.ts";

export type NumberClient = ClientSession<number, number>;

/** What a row wants of both sides, so that times are those of a test. */
export interface SceneOptions {
  readonly client?: ConnectOptions;
  readonly server?: NumberServerOptions;
}

/** A way from a client to a server, on which a line of ours can be put. */
export interface Scene {
  /** Where a line has to lead. */
  readonly port: number;
  /** By which a client hears when all is well. */
  readonly settled: string;
  /** No HTTP: lines that know requests are not for it. */
  readonly isRaw: boolean;
  /** A client whose way begins with a line at this port. */
  connect(linePort: number): NumberClient;
  nextSession(): Promise<PeerSession<number, number>>;
  /** The server's process goes down with all that it knew, and another one comes up. */
  restart(): Promise<void>;
  /** What answers at the port goes down with its connections, and comes up: the sessions stay. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export type MakeScene = (options: SceneOptions) => Promise<Scene>;

/** What came of one row. */
export interface Outcome {
  readonly fault: string;
  /** From the client, and from the server. */
  readonly up: Counts;
  readonly down: Counts;
  /** Each other link that the client was on, in turn. */
  readonly moves: readonly string[];
  /** How often the fault was met. */
  readonly met: number;
}

/** A row. */
export interface Fault {
  readonly name: string;
  run(makeScene: MakeScene, seconds: number): Promise<Outcome>;
}

/**
 * Both bodies of a stream's proof must not fall into one moment in which this process stands still:
 * it has both sides of many sessions, and would take the stream for one that is held back.
 */
const PROOF_MS = 500;

const MORE = 25;

/** All that can be waited for here: the patience of both sides together. */
const HEAL_LIMIT_MS = 60_000;

/** Of a line at its own end, when nobody talks on it any more. */
interface Line {
  readonly port: number;
  close(): Promise<void>;
}

/** Both sides, talking. */
class Talk {
  readonly client: Speaker;
  readonly server: Speaker;
  readonly moves: string[] = [];

  constructor(client: NumberClient, server: PeerSession<number, number>) {
    this.client = new Speaker(client);
    this.server = new Speaker(server);
    client.on("link", (name) => void this.moves.push(name));
  }

  start(): void {
    this.client.start();
    this.server.start();
  }

  /** Some more has come, both ways: on a busy machine a time says nothing of that. */
  async more(): Promise<void> {
    const speakers = [this.client, this.server];
    await Promise.all(
      speakers.map((each) => each.hears(each.heard.received + MORE, HEAL_LIMIT_MS)),
    );
  }

  rest(): void {
    this.client.stop();
    this.server.stop();
  }

  /** Everything that was said is there. */
  async finish(): Promise<void> {
    this.rest();
    await this.client.hears(this.server.sent, HEAL_LIMIT_MS);
    await this.server.hears(this.client.sent, HEAL_LIMIT_MS);
  }

  /** @param held - of each side's messages so many must have arrived; all, while both live. */
  outcome(fault: string, met: number, held: { up?: number; down?: number } = {}): Outcome {
    this.server.heard.sent = this.client.sent;
    this.client.heard.sent = this.server.sent;
    return {
      fault,
      up: this.server.heard.counts(held.up),
      down: this.client.heard.counts(held.down),
      moves: [...this.moves],
      met,
    };
  }
}

/** The first attempt at a link may fail on a busy machine, and the next comes after a while. */
async function settle(client: NumberClient, scene: Scene): Promise<void> {
  const isThere = new Promise<void>((resolve) => {
    const look = (): void => {
      if (client.link === scene.settled) resolve();
    };
    client.on("link", look);
    look();
  });
  await soon(isThere, `the link ${scene.settled}`, HEAL_LIMIT_MS).catch((error: unknown) => {
    throw new Error(`no ${scene.settled}: ${client.linkReason}`, { cause: error });
  });
}

/** Talks over a line, once the link has settled. What was made ends with it. */
async function over<Made extends Line>(
  makeScene: MakeScene,
  options: SceneOptions,
  makeLine: (scene: Scene) => Promise<Made>,
  play: (talk: Talk, line: Made, scene: Scene) => Promise<Outcome>,
): Promise<Outcome> {
  const server = { pipeProofMs: PROOF_MS, ...options.server };
  const scene = await makeScene({ ...options, server });
  const line = await makeLine(scene);
  const client = scene.connect(line.port);
  try {
    const talk = new Talk(client, await scene.nextSession());
    await soon(client.opened, "the opening");
    talk.start();
    try {
      await settle(client, scene);
      return await play(talk, line, scene);
    } finally {
      talk.rest();
    }
  } finally {
    client.abort();
    await line.close();
    await scene.close();
  }
}

/** Faults by the fault proxy, for so long; then the line heals, and all must arrive. */
function byChaos(
  name: string,
  faultsOf: (scene: Scene) => FaultOptions,
  met: readonly CountName[],
  isRaw = false,
): Fault {
  const makeLine = (scene: Scene): Promise<ChaosProxy> =>
    startChaos({ target: scene.port, tcp: isRaw || scene.isRaw, seed: 1 });
  return {
    name,
    run: (makeScene, seconds) =>
      over(makeScene, {}, makeLine, async (talk, line, scene) => {
        const healthy = line.faults;
        line.set(faultsOf(scene));
        const times = (): number => met.reduce((sum, count) => sum + line.counts[count], 0);
        await pause(1_000 * seconds);
        await until(() => times() > 0, `the fault ${name}`);
        line.set(healthy);
        await talk.more();
        await talk.finish();
        return talk.outcome(name, times());
      }),
  };
}

/** Each piece on a connection may be the last that passes; the connection is cut after a second. */
function swallowed(part: number): FaultOptions {
  return { halfOpen: part, halfOpenMs: 1_000 };
}

/** Requests and answers are lost with their connections; of pipes without them, see above. */
function lost(part: number): (scene: Scene) => FaultOptions {
  return ({ isRaw, settled }) => {
    if (isRaw) return swallowed(part);
    return settled === "websocket" ? { loss: part, ...swallowed(part) } : { loss: part };
  };
}

const LOST_MARKS = ["requestsLost", "responsesLost", "connectionsHalfOpened"] as const;

/**
 * A pipe that is dead is noticed after so long, where the default is 5 s: rows are to be short. One
 * that is alive must not be taken for dead where this process stands still.
 */
const STALL = { pipeStallMs: 2_500 } as const;

function halfOpen(name: string, kill: (line: LegLine) => void): Fault {
  return {
    name,
    run: (makeScene, seconds) =>
      over(
        makeScene,
        { client: STALL, server: STALL },
        ({ port }) => LegLine.start(port),
        async (talk, line) => {
          kill(line);
          await pause(1_000 * seconds);
          await talk.more();
          await talk.finish();
          return talk.outcome(name, line.killed);
        },
      ),
  };
}

/**
 * A server that has forgotten everything ends the session. What it had said to hold was delivered,
 * and everything else is named at the end: nothing is lost in silence.
 */
const RESTART: Fault = {
  name: "server restart",
  run: (makeScene, seconds) =>
    over(
      makeScene,
      { client: { lostConfirmMs: 200 } },
      ({ port }) => LegLine.start(port),
      async (talk, line, scene) => {
        await talk.more();
        await pause(500 * seconds);
        await scene.restart();
        const { reason } = await soon(talk.client.session.ended, "the loss");
        if (reason !== "lost") throw new Error(`ended by ${reason}`);
        const [up, down] = await Promise.all([talk.client.held(), talk.server.held()]);
        // The next session has the same way.
        const again = scene.connect(line.port);
        try {
          const next = new Talk(again, await scene.nextSession());
          next.start();
          await settle(again, scene);
          await next.more();
          await next.finish();
          const after = next.outcome("", 1);
          if (after.up.lost + after.down.lost > 0) throw new Error("lost by the next session");
        } finally {
          again.abort();
        }
        return talk.outcome(RESTART.name, 1, { up, down });
      },
    ),
};

/** Nobody listens for a while, in which messages wait. */
const OUTAGE: Fault = {
  name: "nobody there for a second",
  run: (makeScene, seconds) =>
    over(
      makeScene,
      {},
      ({ port }) => LegLine.start(port),
      async (talk, _line, scene) => {
        await talk.more();
        await scene.down();
        await pause(OUTAGE_MS);
        await scene.up();
        await pause(500 * seconds);
        await talk.more();
        await talk.finish();
        return talk.outcome(OUTAGE.name, 1);
      },
    ),
};

const OUTAGE_MS = 1_000;

/** A hundredth of the defaults: so ten minutes are six seconds. */
const HASTY = { holdTimeMs: 250, ...STALL } as const;

const SILENCE_SCALE = 100;
const SILENCE_MS = 600_000 / SILENCE_SCALE;

/** The line closes what is idle for two thirds of a minute, by the same scale. */
const IDLE_MS = 40_000 / SILENCE_SCALE;

const SILENCE: Fault = {
  name: "ten minutes of silence, at a hundredth",
  run: (makeScene) =>
    over(
      makeScene,
      { client: HASTY, server: { ...HASTY, pipeSilenceMs: 150 } },
      ({ port, isRaw }) => startChaos({ target: port, tcp: isRaw }),
      async (talk, line) => {
        await talk.more();
        await talk.finish();
        line.set({ closeIdleMs: IDLE_MS });
        const before = line.counts.bytesToTarget;
        await pause(SILENCE_MS);
        // What keeps the session alive.
        const met = line.counts.bytesToTarget - before;
        line.set({ closeIdleMs: 0 });
        talk.start();
        await talk.more();
        await talk.finish();
        return talk.outcome(SILENCE.name, met);
      },
    ),
};

/** An error says in which row it was. */
function named(fault: Fault): Fault {
  return {
    name: fault.name,
    run: (makeScene, seconds) =>
      fault.run(makeScene, seconds).catch((error: unknown) => {
        throw new Error(`${fault.name}: ${String(error)}`, { cause: error });
      }),
  };
}

const ROWS: readonly Fault[] = [
  byChaos("cut every second", () => ({ cutEveryMs: 1_000 }), ["cuts"]),
  byChaos("cut every 250 ms", () => ({ cutEveryMs: 250 }), ["cuts"]),
  byChaos("5 % lost", lost(0.05), LOST_MARKS),
  byChaos("5 % swallowed", () => swallowed(0.05), ["connectionsHalfOpened"], true),
  byChaos("30 % lost, then none", lost(0.3), LOST_MARKS),
  halfOpen("half-open: the client is not told", (line) => line.killServerLegs()),
  halfOpen("half-open: the server is not told", (line) => line.killClientLegs()),
  OUTAGE,
  RESTART,
  SILENCE,
];

/** The rows that need nothing but a line and a server. */
export const FAULTS: readonly Fault[] = ROWS.map(named);
