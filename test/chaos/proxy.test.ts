import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ChaosOptions, startChaos } from "../../src/chaos/index.ts";
import { counted, dial, faultsDone, send, startProxy, startTarget } from "./bench.ts";

describe("a fault proxy", () => {
  it("says where it listens and by which seed it decides", async () => {
    const proxy = await startChaos({ target: 1 });
    expect(proxy.address).toBe(`127.0.0.1:${proxy.port}`);
    expect(proxy.port).toBeGreaterThan(0);
    expect(Number.isInteger(proxy.seed)).toBe(true);
    await proxy.close();
    const again = await startChaos({ target: 1, seed: proxy.seed, listen: "[::1]:0" });
    expect(again.seed).toBe(proxy.seed);
    expect(again.address).toBe(`[::1]:${again.port}`);
    await again.close();
  });

  it("refuses options that cannot work, by a stable code", async () => {
    const code = async (options: ChaosOptions): Promise<unknown> =>
      startChaos(options).then(
        () => "started",
        (error: { code: unknown }) => error.code,
      );
    const target = 1;
    const wrong: ChaosOptions[] = [
      { target, loss: 1.1 },
      { target, loseRequest: -0.1 },
      { target, damage: Number.NaN },
      { target, delayMs: -1 },
      { target, delayMs: 2 ** 31 },
      { target, cutEveryMs: 0.5 },
      { target, damageBytesMax: 0 },
      { target, blackoutEveryMs: 100, blackoutForMs: 100 },
      { target, seed: 0.5 },
      { target, seed: 2 ** 32 },
      { target, connectionsMax: 0 },
      { target: 8080, listen: 8080 },
    ];
    for (const options of wrong) expect(await code(options)).toBe("option_invalid");
    const misspelt = { target, losses: 1 };
    expect(await code(misspelt)).toBe("option_invalid");
    expect(await code({ target: 0 })).toBe("address_invalid");
    expect(await code({ target: "nowhere" })).toBe("address_invalid");
  });

  it("refuses to start where another program listens", async () => {
    const target = await startTarget();
    const start = startChaos({ target: 1, listen: target.port });
    await expect(start).rejects.toMatchObject({ code: "port_taken" });
    await expect(start).rejects.toThrow(`127.0.0.1:${target.port}`);
  });

  it("changes its faults while it runs, all or none", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, loss: 1 });
    expect((await send(proxy.port, { body: "x" })).error).toBe("ECONNRESET");
    proxy.set({ loss: 0, badGateway: 1 });
    expect((await send(proxy.port, { body: "x" })).status).toBe(502);
    expect(() => proxy.set({ badGateway: 0, double: 2 })).toThrow("double must be from 0 to 1");
    expect(proxy.faults).toMatchObject({ badGateway: 1, double: 0, loseRequest: 0 });
  });

  it("refuses connections beyond its limit", async () => {
    const proxy = await startProxy({ target: 1, connectionsMax: 2 });
    const wires = [await dial(proxy.port), await dial(proxy.port), await dial(proxy.port)];
    await counted(proxy, "connectionsRefused");
    expect(
      await Promise.race(wires.map(({ ended }, i) => ended.then((how) => `${i} ${how}`))),
    ).toBe("2 ECONNRESET");
    expect(faultsDone(proxy)).toEqual({ connectionsRefused: 1 });
  });

  it("tells listeners of each thing that it counts, until they unsubscribe", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, loseRequest: 1 });
    const told: string[] = [];
    const off = proxy.on("counted", ({ name, connection, request }) => {
      told.push(`${name} ${connection} ${request}`);
    });
    await send(proxy.port, { body: "x" });
    off();
    await send(proxy.port, { body: "x" });
    expect(told).toEqual(["connections 1 0", "requests 1 1", "requestsLost 1 1"]);
  });

  it("closes once, cuts what is under way, and forgets replays", async () => {
    const target = await startTarget((seen, response) => {
      if (seen.path !== "/held") response.end();
    });
    const proxy = await startProxy({ target: target.port, replay: 1, replayAfterMs: 50 });
    await send(proxy.port, { body: "x" });
    const held = send(proxy.port, { path: "/held", body: "x" });
    await target.whenSeen(2);
    await Promise.all([proxy.close(), proxy.close()]);
    expect((await held).error).toBe("ECONNRESET");
    expect((await send(proxy.port)).error).toBe("ECONNREFUSED");
    proxy.set({ cutEveryMs: 10 });
    expect(proxy.counts.requests).toBe(2);
    expect(target.seen.length).toBe(2);
  });

  // A process ends by itself only when no socket and no timer is left in it.
  for (const mode of ["http", "tcp"]) {
    it(`leaves nothing behind in the process when it is closed (${mode})`, async () => {
      const script = fileURLToPath(new URL("leftovers.ts", import.meta.url));
      const child = spawn(process.execPath, ["--import", "tsx", script, mode], {
        stdio: ["ignore", "pipe", "inherit"],
        timeout: 60_000,
      });
      let printed = "";
      child.stdout.on("data", (piece: Buffer) => (printed += String(piece)));
      const status = await new Promise((resolve) => child.once("close", resolve));
      expect(status).toBe(0);
      const { closedAfterMs, endedAfterMs, faults } = JSON.parse(printed);
      expect(faults).toBeGreaterThan(20);
      expect(closedAfterMs).toBeLessThan(2_000);
      expect(endedAfterMs).toBeLessThan(2_000);
    }, 60_000);
  }
});
