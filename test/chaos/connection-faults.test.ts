import { describe, expect, it } from "vitest";
import type { ChaosProxy } from "../../src/chaos/index.ts";
import {
  counted,
  dial,
  faultsDone,
  keepAlive,
  send,
  startProxy,
  startTarget,
  type Target,
} from "./bench.ts";

/** A target that answers nothing, and tells when requests are closed. */
async function startSilentTarget(): Promise<Target & { readonly closed: () => number }> {
  let closed = 0;
  const target = await startTarget((_seen, response) => response.once("close", () => closed++));
  return { ...target, closed: () => closed };
}

describe("cuts", () => {
  for (const [by, error] of [
    ["rst", "ECONNRESET"],
    ["fin", "end"],
  ] as const) {
    it(`by ${by} end connections in that way, and their requests at the target`, async () => {
      let closedAtTarget = (): void => {};
      const closed = new Promise<void>((resolve) => (closedAtTarget = resolve));
      const target = await startTarget((_seen, response) => response.once("close", closedAtTarget));
      const proxy = await startProxy({ target: target.port, cutBy: by });
      const wire = await dial(proxy.port);
      wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await target.whenSeen(1);
      proxy.set({ cutEveryMs: 20 });
      expect(await wire.ended).toBe(error);
      await closed;
      const name = by === "rst" ? "cutsByRst" : "cutsByFin";
      expect(faultsDone(proxy)).toEqual({ cuts: 1, [name]: 1 });
    });
  }

  it("prefer connections that have something under way", async () => {
    const target = await startSilentTarget();
    const proxy = await startProxy({ target: target.port });
    const idle = [await dial(proxy.port), await dial(proxy.port), await dial(proxy.port)];
    const busy = await dial(proxy.port);
    busy.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await target.whenSeen(1);
    proxy.set({ cutEveryMs: 10, cutBy: "rst" });
    expect((await counted(proxy, "cuts")).connection).toBe(4);
    await counted(proxy, "cuts", 4);
    expect(await Promise.all(idle.map(({ ended }) => ended))).toEqual(Array(3).fill("ECONNRESET"));
    expect(faultsDone(proxy)).toEqual({ cuts: 4, cutsByRst: 4 });
  });

  it("keep their rate, and stop when told to", async () => {
    const target = await startSilentTarget();
    const proxy = await startProxy({ target: target.port, cutEveryMs: 20, cutBy: "either" });
    const beganAtMs = performance.now();
    proxy.on("counted", ({ name }) => {
      if (name === "cuts") void dial(proxy.port);
    });
    await dial(proxy.port);
    await counted(proxy, "cuts", 20);
    // Twenty cuts take about 400 ms; on a loaded machine longer, never less but for the jitter.
    expect(performance.now() - beganAtMs).toBeGreaterThan(300);
    proxy.set({ cutEveryMs: 0 });
    const { cuts, cutsByRst, cutsByFin } = proxy.counts;
    expect(cutsByRst + cutsByFin).toBe(cuts);
    expect(Math.min(cutsByRst, cutsByFin)).toBeGreaterThan(2);
    await send(proxy.port, { signal: AbortSignal.timeout(100) });
    expect(proxy.counts.cuts).toBe(cuts);
  });
});

describe("half-open connections", () => {
  it("stay open and pass nothing, until they are released", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, halfOpen: 1, halfOpenMs: 150 });
    let reached = 0;
    for (let n = 1; n <= 12; n++) {
      const wire = await dial(proxy.port);
      const beganAtMs = performance.now();
      wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await counted(proxy, "connectionsHalfOpened", n);
      wire.socket.write("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(await wire.ended).toBe("ECONNRESET");
      expect(performance.now() - beganAtMs).toBeGreaterThan(140);
      expect(wire.received().length).toBe(0);
      reached = target.seen.length;
    }
    // The request at which it happened got there or not; the one behind it never does.
    expect(target.seen.every(({ path }) => path === "/")).toBe(true);
    expect(reached).toBeGreaterThan(1);
    expect(reached).toBeLessThan(11);
    expect(faultsDone(proxy)).toEqual({ connectionsHalfOpened: 12, requestsIgnored: 12 });
  });

  it("hold back a response that was streaming on them", async () => {
    const responses: { write(text: string): unknown }[] = [];
    const target = await startTarget((_seen, response) => {
      response.write("a");
      responses.push(response);
    });
    const proxy = await startProxy({ target: target.port, halfOpenMs: 60 });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await wire.whenMatching(/\r\n1\r\na\r\n$/);
    const bytes = wire.received().length;
    proxy.set({ halfOpen: 1 });
    wire.socket.write("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    await counted(proxy, "connectionsHalfOpened");
    for (const response of responses) response.write("b");
    expect(await wire.ended).toBe("ECONNRESET");
    expect(wire.received().length).toBe(bytes);
  });
});

describe("idle connections", () => {
  it("are closed after their time, not before, and not while something is under way", async () => {
    const target = await startTarget((seen, response) => {
      setTimeout(() => response.end(seen.body), 80);
    });
    const proxy = await startProxy({ target: target.port, closeIdleMs: 40 });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await counted(proxy, "responses");
    const idleSinceMs = performance.now();
    expect(await wire.ended).toBe("end");
    expect(performance.now() - idleSinceMs).toBeGreaterThan(30);
    expect(String(wire.received())).toMatch(/^HTTP\/1.1 200 OK/);
    expect(faultsDone(proxy)).toEqual({ idleCloses: 1 });
  });

  it("include those that never sent anything, and those that are idle when it is switched on", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port });
    const early = await dial(proxy.port);
    proxy.set({ closeIdleMs: 20 });
    const late = await dial(proxy.port);
    expect(await early.ended).toBe("end");
    expect(await late.ended).toBe("end");
    expect(faultsDone(proxy)).toEqual({ idleCloses: 2 });
  });

  it("do not promise the client a time for which they stay open", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, closeIdleMs: 5_000 });
    const { headers } = await send(proxy.port, { agent: keepAlive(), body: "x" });
    expect(headers).not.toHaveProperty("keep-alive");
  });
});

describe("blackouts", () => {
  async function expectDark(proxy: ChaosProxy): Promise<void> {
    expect((await send(proxy.port)).error).toBe("ECONNRESET");
  }

  it("reset all connections and refuse new ones, while they are switched on", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port });
    const wires = [await dial(proxy.port), await dial(proxy.port)];
    proxy.set({ blackout: true });
    expect(await Promise.all(wires.map(({ ended }) => ended))).toEqual([
      "ECONNRESET",
      "ECONNRESET",
    ]);
    await expectDark(proxy);
    await expectDark(proxy);
    proxy.set({ blackout: false });
    expect((await send(proxy.port, { body: "x" })).status).toBe(200);
    expect(faultsDone(proxy)).toEqual({ blackouts: 1, blackoutCuts: 2, connectionsRefused: 2 });
    expect(target.seen.length).toBe(1);
  });

  it("come and go by the clock", async () => {
    const target = await startTarget();
    const proxy = await startProxy({
      target: target.port,
      blackoutEveryMs: 300,
      blackoutForMs: 200,
    });
    const wire = await dial(proxy.port);
    await counted(proxy, "blackouts");
    await expectDark(proxy);
    expect(await wire.ended).toBe("ECONNRESET");
    await counted(proxy, "blackouts", 3);
    proxy.set({ blackoutEveryMs: 0 });
    expect((await send(proxy.port, { body: "x" })).status).toBe(200);
    expect(proxy.counts.blackoutCuts).toBe(1);
  });
});
