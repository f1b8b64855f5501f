// Programs over sessions in the world: clients that are reloaded and fall asleep, servers that are
// killed. They throw when a promise of sessions is broken.

import type { EndedInfo, MessageFate } from "../../src/session/errors.ts";
import { json } from "../../src/session/json.ts";
import type { PeerSession } from "../../src/session/server.ts";
import { drawPipeFaults, LOSSY_WIFI, PRESETS, type Scenario } from "../../src/sim/index.ts";
import {
  type Hazards,
  type ProcessScope,
  type SimulatedConnectOptions,
  SessionWorld,
} from "../../src/sim-session/index.ts";

const MESSAGES = 40;

interface Message {
  readonly from: string;
  readonly number: number;
}

/** What came must be what was sent, from the first on, each once. */
function checkPrefix(came: readonly Message[], from: string): void {
  came.forEach(({ from: sender, number }, index) => {
    if (sender === from && number === index) return;
    throw new Error(`${number} of ${sender} came as number ${index} of ${from}`);
  });
}

/** A chat of two that is never lost: reloads and sleep, but no server that dies. */
export function chat(
  name: string,
  hazards: Partial<Hazards>,
  options: Pick<SimulatedConnectOptions, "links" | "streamNames"> = {},
): Scenario {
  return {
    name,
    async run(play) {
      const preset = PRESETS[name as keyof typeof PRESETS];
      const hasPipes = options.links !== undefined;
      const network = hasPipes ? { ...preset, pipes: drawPipeFaults(play) } : preset;
      const world = new SessionWorld(play, { network, hazards });
      const came = { client: [] as Message[], server: [] as Message[] };
      const sent = { client: 0, server: 0 };
      const talk = async (
        self: ProcessScope,
        session: { send(message: Message): boolean; readonly ready: Promise<void> },
        side: "client" | "server",
      ): Promise<void> => {
        while (sent[side] < MESSAGES) {
          session.send({ from: side, number: sent[side]++ });
          await session.ready;
          await self.sleep(10 + play.pick(90, `the ${side} thinks for ms`));
        }
      };
      world.start("server", (self) => {
        self.serve<Message, Message>({
          codec: json,
          async onSession(session) {
            session.onBundle((messages) => void came.server.push(...messages));
            await talk(self, session, "server");
          },
        });
      });
      const client = world.start("client", async (self) => {
        const resume = self.storage.get("session");
        const session = self.connect<Message, Message>({ codec: json, resume, ...options });
        session.on("link", (link) => play.mark(`link: ${link}`));
        self.onUnload(() => self.storage.set("session", session.save()));
        session.onBundle((messages) => void came.client.push(...messages));
        session.on("ended", ({ reason }) => {
          if (reason !== "closed") throw new Error(`the session ended: ${reason}`);
        });
        await talk(self, session, "client");
      });
      await world.run(Promise.race([client.finished, world.sleep(20_000)]));
      world.heal();
      await world.run(client.finished);
      await world.settle();
      checkPrefix(came.client, "server");
      checkPrefix(came.server, "client");
      const counts = `${came.client.length} and ${came.server.length}`;
      if (counts !== `${MESSAGES} and ${MESSAGES}`)
        throw new Error(`${counts} of ${MESSAGES} came`);
    },
  };
}

export const ALIVE: Partial<Hazards> = {
  everyMs: 400,
  clientReloadPermille: 100,
  sleepPermille: 60,
  sleepMs: 3_000,
};

/** What a client knows of the messages of a session that has ended. */
interface Told {
  readonly sent: number;
  readonly info: EndedInfo;
}

/** For so long things go wrong. */
const FAULTY_MS = 15_000;

/** A client that begins anew whenever its session has ended, at a server that is killed. */
export const restarts: Scenario = {
  name: "restarts",
  async run(play) {
    const hazards = { everyMs: 300, serverRestartPermille: 60, downMs: 2_000 };
    const world = new SessionWorld(play, { network: LOSSY_WIFI, hazards });
    const arrived = new Map<string, number[]>();
    const told = new Map<string, Told>();
    const listen = (session: PeerSession<Message>): void => {
      session.onBundle((messages) => {
        for (const { from, number } of messages) {
          arrived.set(from, [...(arrived.get(from) ?? []), number]);
        }
      });
    };
    world.serve<Message>({ codec: json, onSession: listen });
    const client = world.start("client", async (self) => {
      for (let sessions = 1; self.nowMs < FAULTY_MS; sessions++) {
        const from = `session ${sessions}`;
        // A replayed opening brings its messages again where the server has forgotten it.
        const session = self.connect<never, Message>({ codec: json, earlyMessages: false });
        let sent = 0;
        while (session.isWritable && sent < MESSAGES) {
          session.send({ from, number: sent++ });
          await self.sleep(20);
        }
        told.set(from, { sent, info: await session.close() });
      }
    });
    await world.run(FAULTY_MS);
    world.heal();
    await world.run(client.finished);
    for (const [from, { sent, info }] of told)
      checkFates(from, sent, info, arrived.get(from) ?? []);
    for (const { info } of told.values()) play.mark(`ended: ${info.reason}`);
  },
};

/** Promise 3: of each message the client knows what became of it, as far as anybody can. */
function checkFates(from: string, sent: number, info: EndedInfo, came: readonly number[]): void {
  const numberOf = ({ payload }: MessageFate): number => {
    return (json().decode(payload) as Message).number;
  };
  const neverSent = new Set(info.neverSent.map(numberOf));
  const unknown = new Set(info.unknown.map(numberOf));
  const isPrefix = came.every((number, index) => number === index);
  if (!isPrefix) throw new Error(`of ${from} came ${came.join()}`);
  for (let number = 0; number < sent; number++) {
    const hasCome = number < came.length;
    if (neverSent.has(number) && hasCome) throw new Error(`${number} of ${from} came unsent`);
    const isHeld = !neverSent.has(number) && !unknown.has(number);
    if (isHeld && !hasCome) throw new Error(`${number} of ${from} was held and never came`);
  }
  if (info.reason === "closed" && came.length < sent) {
    throw new Error(`${from} closed, and ${came.length} of ${sent} came`);
  }
}

/** One of the networks, and a client that is reloaded and sleeps. */
export const sessions: Scenario = {
  name: "sessions",
  async run(play) {
    const names = Object.keys(PRESETS);
    const name = names[play.pick(names.length, "network")] as string;
    play.mark(`sessions on ${name}`);
    await chat(name, ALIVE).run(play);
  },
};

/** The same by whichever link works best, as far as pipes come about and last. */
export const links: Scenario = {
  name: "links",
  async run(play) {
    const names = Object.keys(PRESETS);
    const name = names[play.pick(names.length, "network")] as string;
    const sets = [
      ["websocket", "stream", "poll"],
      ["websocket", "poll"],
      ["stream", "poll"],
      // Without polling: streams beside requests that are not held, and no requests at all.
      ["websocket", "stream"],
      ["stream"],
      ["websocket"],
    ] as const;
    const set = sets[play.pick(sets.length, "which links")] ?? sets[0];
    const streamNames = play.pick(2, "who names streams") === 1 ? "server" : "client";
    play.mark(`links: ${set.join(" ")}`);
    play.mark(`streams named by the ${streamNames}`);
    await chat(name, ALIVE, { links: set, streamNames }).run(play);
  },
};
