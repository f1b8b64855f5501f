// A client whose host is hidden, put aside, woken and left, as its carrier tells.

import { describe, expect, test } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import type { Carrier, Outcome, Turns, ExchangeSignal } from "../../src/session/carrier.ts";
import { json } from "../../src/session/json.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { numbersTo, until } from "../waiting.ts";
import { MemoryCarrier } from "./memory-carrier.ts";

/** A page's carrier, as far as its life goes. */
class PageCarrier extends MemoryCarrier {
  lastingBytes: number | undefined = 60_000;
  turns: Turns | undefined;
  requests: Carrier["requests"];
  readonly lasting: number[] = [];

  override exchange(body: Uint8Array, signal: ExchangeSignal, isLasting = false): Promise<Outcome> {
    if (isLasting) this.lasting.push(body.length);
    return super.exchange(body, signal);
  }
}

interface Rig {
  readonly carrier: PageCarrier;
  readonly client: ReturnType<typeof connectOver<number, number>>;
  readonly session: PeerSession<number, number>;
  readonly received: number[];
}

async function start(prepare: (carrier: PageCarrier) => void = () => {}): Promise<Rig> {
  const sessions: PeerSession<number, number>[] = [];
  const server = new SessionServer<number, number>({
    codec: json,
    onSession: (session) => void sessions.push(session),
  });
  const carrier = new PageCarrier(server as unknown as SessionServer);
  prepare(carrier);
  const client = connectOver<number, number>(carrier, json, { parkedMax: 1 });
  await client.opened;
  const [session] = sessions;
  if (session === undefined) throw new Error("no session");
  const received: number[] = [];
  session.onBundle((numbers) => void received.push(...numbers));
  return { carrier, client, session, received };
}

describe("a client whose host is left", () => {
  test("says what is unacknowledged at once, by exchanges that outlive it", async () => {
    const { carrier, client, received } = await start();
    for (const number of numbersTo(5)) client.send(number);
    carrier.leave?.("hidden");
    expect(carrier.lasting).toHaveLength(1);
    // It is on its way already.
    carrier.leave?.("hidden");
    expect(carrier.lasting).toHaveLength(1);
    client.send(5);
    carrier.leave?.("frozen");
    expect(carrier.lasting).toHaveLength(2);

    await until(() => received.length === 6, "the messages");
    expect(received).toEqual(numbersTo(6));
    client.abort();
  });

  test("says at once what the application sends when it has been told", async () => {
    const { carrier, client, received } = await start();
    carrier.leave?.("frozen");
    client.send(0);
    client.send(1);

    await until(() => received.length === 2, "the messages");
    expect(carrier.lasting).toHaveLength(1);
    client.abort();
  });

  test("has nothing out while it stands still, and goes on when it wakes", async () => {
    const { carrier, client, session, received } = await start();
    await until(() => carrier.held === 1, "a held request");
    carrier.leave?.("frozen");
    expect(carrier.held).toBe(0);
    const before = carrier.exchanges;
    session.send(7);
    await new Promise(setImmediate);
    expect(carrier.exchanges).toBe(before);

    carrier.comeBack();
    const messages: number[] = [];
    client.onBundle((numbers) => void messages.push(...numbers));
    await until(() => messages.length === 1, "what was sent meanwhile");
    client.send(0);
    await until(() => received.length === 1, "what is sent afterwards");
    expect(client.status.state).toBe("open");
    client.abort();
  });

  test("says its last word so, and nothing where no exchange outlives the host", async () => {
    const first = await start();
    first.client.abort();
    await until(() => first.session.status.state === "ended", "the end at the server");
    expect(first.carrier.lasting).toHaveLength(1);

    const second = await start((carrier) => {
      carrier.lastingBytes = undefined;
    });
    second.client.send(0);
    second.carrier.leave?.("hidden");
    await until(() => second.received.length === 1, "the message");
    second.client.abort();
    await until(() => second.session.status.state === "ended", "the end at the server");
    expect(second.carrier.lasting).toEqual([]);
  });
});

describe("a client that takes turns", () => {
  /** Turns that a test gives. */
  class GivenTurns implements Turns {
    begin: (() => void) | undefined;
    end: (() => void) | undefined;
    asked = 0;
    returned = 0;

    ask(begin: () => void, end: () => void): () => void {
      this.asked++;
      this.begin = begin;
      this.end = end;
      return () => void this.returned++;
    }
  }

  async function startWith(turns: GivenTurns): Promise<Rig> {
    return start((carrier) => {
      carrier.turns = turns;
      carrier.requests = "turns";
    });
  }

  test("has a request held in its turn only, and asks for the next one", async () => {
    const turns = new GivenTurns();
    const { carrier, client, session, received } = await startWith(turns);
    const messages: number[] = [];
    client.onBundle((numbers) => void messages.push(...numbers));
    client.send(1);
    await until(() => received.length === 1, "what is sent up without a turn");
    await until(() => carrier.held === 0, "the end of what is not held");
    const before = carrier.exchanges;
    session.send(1);
    for (let tick = 0; tick < 10; tick++) await new Promise(setImmediate);
    expect(carrier.exchanges).toBe(before);
    expect(messages).toEqual([]);
    expect(turns.asked).toBe(1);

    turns.begin?.();
    await until(() => messages.length === 1 && carrier.held === 1, "a held request");
    turns.end?.();
    expect(turns.returned).toBe(0);
    await until(() => turns.returned === 1, "the return of the turn");
    expect(carrier.held).toBe(0);
    expect(carrier.aborted).toBe(0);
    await until(() => turns.asked === 2, "the next turn");
    client.abort();
    await until(() => turns.returned === 2, "the return of the last turn");
  });

  test("gives its turn back when its host stands still, and asks again when it wakes", async () => {
    const turns = new GivenTurns();
    const { carrier, client } = await startWith(turns);
    await until(() => turns.asked === 1, "a turn");
    turns.begin?.();
    await until(() => carrier.held === 1, "a held request");
    carrier.leave?.("frozen");
    expect(turns.returned).toBe(1);

    carrier.comeBack();
    await until(() => turns.asked === 2, "the next turn");
    client.abort();
    await until(() => turns.returned === 2, "the return of the last turn");
  });
});
