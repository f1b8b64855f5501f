/**
 * Many sessions on one server. Each sends a few messages at the same time as all the others, and
 * when all of these are acknowledged, again. What a message costs the processors of both sides.
 */
import type { Connection } from "../contestant.ts";
import { Check, Ring } from "../messages.ts";
import type { Scenario } from "../scenario.ts";

const MESSAGE_BYTES = 64;

/** Of a session in one turn. */
const MESSAGES_EACH = 10;

/** Clients that connect together. */
const CONNECTING = 50;

/** Turns go on for so long before the clock runs, and while it does; but at least so many. */
const WARM_UP = { ms: 1_500, turns: 2 };
const TIMED = { ms: 2_000, turns: 2 };

const BEGIN = 1;

/** Processor time of this process since then, in microseconds. */
class Expense {
  readonly #before = process.cpuUsage();

  get us(): number {
    const { user, system } = process.cpuUsage(this.#before);
    return user + system;
  }
}

export const sessions: Scenario = {
  async serve({ contestant, parameters, line }) {
    const { sessions: count = 1 } = parameters;
    const ring = new Ring(MESSAGE_BYTES, contestant.payload);
    const checks: Check[] = [];
    const { port } = await contestant.serve({
      connectionsMax: count,
      onConnection(connection) {
        const check = new Check(ring);
        checks.push(check);
        connection.onMessage = (message) => check.take(message);
      },
    });
    line.tell(port);
    await line.hear();
    for (const check of checks) check.isThorough = false;
    const expense = new Expense();
    const messagesEach = await line.hear();
    const { us } = expense;
    const wrong = checks.filter(({ received }) => received !== messagesEach).length;
    if (checks.length !== count || wrong > 0) {
      throw new Error(`${wrong} of ${checks.length} sessions lack messages, or have too many`);
    }
    return { serverCpuUs: us };
  },

  async drive({ contestant, parameters, line }) {
    const { sessions: count = 1 } = parameters;
    const port = await line.hear();
    const ring = new Ring(MESSAGE_BYTES, contestant.payload);
    const connections: Connection[] = [];
    while (connections.length < count) {
      const next = Array.from({ length: Math.min(CONNECTING, count - connections.length) });
      connections.push(...(await Promise.all(next.map(() => contestant.connect({ port })))));
    }
    let sent = 0;
    const turn = async (): Promise<void> => {
      const from = sent;
      sent += MESSAGES_EACH;
      await Promise.all(
        connections.map((connection) => {
          for (let at = from; at < sent; at++) connection.send(ring.at(at));
          return connection.flushed?.();
        }),
      );
    };
    const turns = async ({ ms, turns: least }: typeof TIMED): Promise<number> => {
      const endMs = performance.now() + ms;
      let done = 0;
      while (done < least || performance.now() < endMs) {
        await turn();
        done++;
      }
      return done * count * MESSAGES_EACH;
    };
    await turns(WARM_UP);
    line.tell(BEGIN);
    const expense = new Expense();
    const startMs = performance.now();
    const messages = await turns(TIMED);
    const { us } = expense;
    const wallMs = performance.now() - startMs;
    line.tell(sent);
    return { clientCpuUs: us, wallMs, messages };
  },
};
