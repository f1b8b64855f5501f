import { describe, expect, test, vi } from "vitest";
import { connectOver } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import type { Peer, Reply } from "../../src/session/peer.ts";
import { platform } from "../../src/session/host.ts";
import { Reauthentication } from "../../src/session/reauthentication.ts";
import { type Authenticate, SessionServer } from "../../src/session/server.ts";
import { MemoryCarrier } from "./memory-carrier.ts";
import { begin, open, pass, settle, stopTime, take, until } from "./pair.ts";

/** A question that the test answers. */
function asked(): { readonly authenticate: Authenticate; readonly answers: Answer[] } {
  const answers: Answer[] = [];
  const authenticate: Authenticate = (peer) =>
    new Promise((resolve, reject) => answers.push({ peer, resolve, reject }));
  return { authenticate, answers };
}

interface Answer {
  readonly peer: Peer;
  resolve(principal: string | undefined): void;
  reject(error: Error): void;
}

describe("an opening", () => {
  test("is admitted with the principal that authenticate names, and its first request's headers", async () => {
    const seen: unknown[] = [];
    const { authenticate, answers } = asked();
    const pair = begin({
      authenticate,
      onSession: (session, peer) => {
        seen.push([session.principal, session.address, peer.header("token")]);
      },
    });
    pair.carrier.headers = { token: "ada" };
    pair.client.send("early");
    await until(() => answers.length === 1);
    await settle();
    expect(seen).toEqual([]);
    expect(pair.server.sessions).toEqual([]);
    answers[0]?.resolve("ada");
    expect(await take(await pair.peer, 1)).toEqual(["early"]);
    expect(seen).toEqual([["ada", "192.0.2.1", "ada"]]);
  });

  test("by nobody in particular is admitted with an empty principal", async () => {
    const { peer } = await open({ authenticate: () => "" });
    expect(peer.principal).toBe("");
    const without = await open();
    expect(without.peer.principal).toBe("");
  });

  test.each<[string, Authenticate]>([
    ["says no", () => undefined],
    ["says no later", () => Promise.resolve(undefined)],
  ])("is refused when authenticate %s, and nothing is delivered", async (_, authenticate) => {
    const onSession = vi.fn<() => void>();
    const { client, server, carrier } = begin({ authenticate, onSession });
    client.send("early");
    expect(await client.ended).toMatchObject({
      reason: "refused",
      by: "peer",
      detail: "unauthenticated",
    });
    expect(onSession).not.toHaveBeenCalled();
    expect(server.sessions).toEqual([]);
    expect(carrier.closed).toBe(1);
  });

  test.each<[string, unknown, string]>([
    ["true", true, "authenticate gave true"],
    ["an object", { name: "ada" }, "authenticate gave an object"],
    ["null", null, "authenticate gave an object"],
  ])(
    "is refused when authenticate gives %s, and onError says what is wrong",
    async (_, gives, text) => {
      const told: unknown[] = [];
      const authenticate = (): string => gives as string;
      const { client, server } = begin({ authenticate, onError: (error) => void told.push(error) });
      expect(await client.ended).toMatchObject({ reason: "refused", detail: "unauthenticated" });
      expect(told.map(String)).toEqual([expect.stringContaining(text)]);
      expect(server.sessions).toEqual([]);
    },
  );

  test.each<[string, () => string | Promise<string>]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no database"))],
  ])("is put off when authenticate %s, and let in once it can say who it is", async (_, fail) => {
    stopTime();
    const told: unknown[][] = [];
    let isBroken = true;
    const { client, server, peer } = begin({
      authenticate: () => (isBroken ? fail() : "ada"),
      onError: (...args) => void told.push(args),
    });
    client.send("early");
    await pass(100);
    expect(told).toEqual([[new Error("no database"), undefined]]);
    await pass(12_000);
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThan(14);
    expect(client.status.state).toBe("opening");
    expect(server.sessions).toEqual([]);
    isBroken = false;
    await pass(6_000);
    expect((await peer).principal).toBe("ada");
    expect(await take(await peer, 1)).toEqual(["early"]);
  });

  test("is refused when authenticate takes too long, whatever it says afterwards", async () => {
    stopTime();
    const { authenticate, answers } = asked();
    const { client, server } = begin({ authenticate, verdictTimeoutMs: 1_000 });
    await settle();
    expect(answers).toHaveLength(1);
    await pass(1_100);
    expect(await client.ended).toMatchObject({ reason: "refused" });
    answers[0]?.resolve("late");
    await settle();
    expect(server.sessions).toEqual([]);
  });

  test("asks once, however often it comes", async () => {
    stopTime();
    const { authenticate, answers } = asked();
    const pair = begin({ authenticate });
    pair.carrier.faults = { seed: 5, double: 1 };
    await settle();
    pair.carrier.cutAll();
    await settle();
    pair.carrier.cutAll();
    await pass(1_000);
    expect(pair.carrier.doubled).toBeGreaterThan(2);
    expect(answers).toHaveLength(1);
    pair.client.send("x");
    answers[0]?.resolve("ada");
    await pass(1_000);
    expect(await take(await pair.peer, 1)).toEqual(["x"]);
    expect(pair.server.sessions).toHaveLength(1);
  });

  test("that is given up while the question stands leaves nothing", async () => {
    const { authenticate, answers } = asked();
    const { client, server } = begin({ authenticate });
    await until(() => answers.length === 1);
    client.abort();
    await client.ended;
    await settle();
    answers[0]?.resolve("ada");
    await settle();
    expect(server.sessions).toEqual([]);
  });

  test("may use the server within authenticate", async () => {
    const seen: number[] = [];
    const server: SessionServer = new SessionServer({
      onSession: () => {},
      authenticate: () => {
        seen.push(server.sessions.length);
        for (const session of server.sessions) session.abort();
        return "ada";
      },
    });
    const first = connectOver(new MemoryCarrier(server), msgpack);
    await first.opened;
    const second = connectOver(new MemoryCarrier(server), msgpack);
    await second.opened;
    expect(await first.ended).toMatchObject({ reason: "peer-ended" });
    expect(seen).toEqual([0, 1]);
    server.abort();
    await second.ended;
  });
});

describe("a session that comes back after silence", () => {
  /** Opens as `ada`, and is silent for 40 s. */
  async function silent(
    authenticate: Authenticate,
    settings: Parameters<typeof open>[0] = {},
  ): Promise<Awaited<ReturnType<typeof open>>> {
    const pair = await open({ ...settings, authenticate });
    pair.carrier.failure = "offline";
    pair.carrier.cutAll();
    await pass(40_000, 1_000);
    pair.carrier.failure = undefined;
    return pair;
  }

  test("goes on if it is still the same principal", async () => {
    stopTime();
    const names: (string | undefined)[] = [];
    const pair = await silent((peer) => {
      names.push(peer.header("token"));
      return "ada";
    });
    pair.carrier.headers = { token: "renewed" };
    pair.client.send("back");
    pair.carrier.comeBack();
    await pass(1_000);
    expect(await take(pair.peer, 1)).toEqual(["back"]);
    expect(names).toEqual([undefined, "renewed"]);
    // And is not asked again while it speaks.
    await pass(60_000);
    expect(names).toHaveLength(2);
  });

  test("[HTTP-9] has its requests refused if it is another, and is left alone for its owner", async () => {
    stopTime();
    let name = "ada";
    const pair = await silent(() => name);
    name = "eve";
    pair.client.send("mine");
    pair.carrier.comeBack();
    await pass(5_000);
    expect(pair.client.status).toMatchObject({ state: "interrupted", reason: "unauthenticated" });
    expect(pair.peer.stats.messagesDelivered).toBe(0);
    expect(pair.server.sessions).toEqual([pair.peer]);
    name = "ada";
    await pass(6_000);
    expect(await take(pair.peer, 1)).toEqual(["mine"]);
  });

  test("[HTTP-9] is asked to come again if nobody can say who it is, and onError is told", async () => {
    stopTime();
    let isBroken = false;
    const told: unknown[] = [];
    const onError = (...args: unknown[]): void => void told.push(args);
    const pair = await silent(
      () => {
        if (isBroken) throw new Error("no database");
        return "ada";
      },
      { onError },
    );
    isBroken = true;
    pair.client.send("mine");
    pair.carrier.comeBack();
    await pass(5_000);
    expect(pair.client.status).toMatchObject({ state: "interrupted", reason: "internal" });
    expect(told[0]).toEqual([new Error("no database"), pair.peer]);
    expect(pair.server.sessions).toEqual([pair.peer]);
    isBroken = false;
    await pass(6_000);
    expect(await take(pair.peer, 1)).toEqual(["mine"]);
  });

  test("is asked for once, while its other requests wait for the same answer", async () => {
    stopTime();
    let questions = 0;
    let answer: (principal: string) => void = () => {};
    const pair = await silent(() => {
      if (++questions === 1) return "ada";
      return new Promise((resolve) => (answer = resolve));
    });
    pair.carrier.comeBack();
    for (let at = 0; at < 5; at++) {
      pair.client.send(at);
      await settle();
    }
    expect(questions).toBe(2);
    expect(pair.carrier.held).toBeGreaterThan(2);
    expect(pair.peer.stats.messagesDelivered).toBe(0);
    answer("ada");
    await pass(500);
    expect(await take(pair.peer, 5)).toEqual([0, 1, 2, 3, 4]);
    expect(questions).toBe(2);
  });

  test("is refused when nobody answers in time", async () => {
    stopTime();
    let questions = 0;
    const pair = await silent(() => {
      if (++questions === 1) return "ada";
      return new Promise(() => {});
    });
    pair.client.send("x");
    pair.carrier.comeBack();
    await pass(9_900);
    expect(questions).toBe(2);
    await pass(1_000);
    expect(pair.client.status.reason).toBe("unauthenticated");
  });

  test("may take a request back that waits, before and after the answer", async () => {
    stopTime();
    let questions = 0;
    let answer: (principal: string) => void = () => {};
    const pair = await silent(() => {
      if (++questions !== 2) return "ada";
      return new Promise((resolve) => (answer = resolve));
    });
    pair.carrier.comeBack();
    await settle();
    const { held } = pair.carrier;
    pair.carrier.cutAll();
    await settle();
    answer("ada");
    await settle();
    expect(held).toBeGreaterThan(0);
    pair.client.send("x");
    await pass(6_000);
    pair.carrier.cutAll();
    await pass(1_000);
    expect(await take(pair.peer, 1)).toEqual(["x"]);
  });
});

describe("the questions about sessions that come back", () => {
  const peer: Peer = { address: "", header: () => undefined, request: undefined };
  type AnySession = Parameters<Reauthentication["wait"]>[0];
  const sessionOf = (principal: string): AnySession =>
    ({ origin: { address: "", principal } }) as AnySession;

  test("are bounded, as are the requests that wait for one answer", async () => {
    const { authenticate, answers } = asked();
    const questions = new Reauthentication(platform, authenticate, {
      afterMs: 1,
      timeoutMs: 1_000,
      waitingMax: 2,
      pendingMax: 1,
      onError: () => {},
    });
    const told: string[] = [];
    const waiting = (name: string): Parameters<Reauthentication["wait"]>[2] => ({
      proceed: () => told.push(`${name} proceeds`),
      refuse: (refusal) => told.push(`${name} ${refusal}`),
    });
    const ada = sessionOf("ada");
    questions.wait(ada, peer, waiting("first"));
    const leave = questions.wait(ada, peer, waiting("second"));
    questions.wait(ada, peer, waiting("third"))();
    questions.wait(sessionOf("bob"), peer, waiting("other"))();
    expect(told).toEqual(["third overloaded", "other overloaded"]);
    leave();
    await settle();
    answers[0]?.resolve("ada");
    await settle();
    expect(told.slice(2)).toEqual(["first proceeds"]);
  });
});

test("A stranger with another secret is not asked about, and changes nothing", async () => {
  stopTime();
  let questions = 0;
  const pair = await open({
    authenticate: () => {
      questions++;
      return "ada";
    },
  });
  const bodies: Uint8Array[] = [];
  const handle = pair.server.handleRequest.bind(pair.server);
  pair.carrier.server = {
    bodyBytesMax: pair.server.bodyBytesMax,
    handleRequest(body, peer, reply) {
      bodies.push(body.slice());
      return handle(body, peer, reply);
    },
  };
  pair.client.send("x");
  await settle();
  expect(await take(pair.peer, 1)).toEqual(["x"]);
  await pass(40_000, 1_000);
  const before = questions;
  const forged = (bodies[0] as Uint8Array).slice();
  // Somewhere in the head: the secret, or the identifier.
  for (let at = 0; at < 60; at++) {
    const copy = forged.slice();
    copy[at] = ((copy[at] as number) + 1) % 256;
    const replies: Reply[] = [];
    pair.server.handleRequest(copy, { address: "", header: () => undefined, request: 0 }, (reply) =>
      replies.push(reply),
    );
    await settle();
    expect(replies).toMatchObject([{ kind: "answer" }]);
  }
  expect(questions).toBe(before);
  expect(pair.peer.status.state).not.toBe("ended");
});
