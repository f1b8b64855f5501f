import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { counted, dial, faultsDone, startProxy, startTarget, startTcpTarget } from "./bench.ts";

const large = Buffer.alloc(2_000_000, "0123456789abcdef");

function echo(socket: Socket): void {
  socket.pipe(socket);
}

describe("a TCP proxy", () => {
  it("passes bytes on as they are, and each side's end by itself", async () => {
    const port = await startTcpTarget(echo);
    const proxy = await startProxy({ target: port, tcp: true });
    const wire = await dial(proxy.port);
    wire.socket.end(large);
    expect((await wire.whenReceived(large.length)).equals(large)).toBe(true);
    expect(await wire.ended).toBe("end");
    expect(proxy.counts).toMatchObject({
      connections: 1,
      bytesToTarget: large.length,
      bytesToClient: large.length,
    });
    expect(faultsDone(proxy)).toEqual({});
  });

  it("passes a reset on as a reset, both ways", async () => {
    const ended: Promise<string>[] = [];
    const port = await startTcpTarget((socket) => {
      ended.push(
        new Promise((resolve) => {
          socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
          socket.once("end", () => resolve("end"));
        }),
      );
      socket.on("data", () => socket.resetAndDestroy());
      socket.write("hello");
    });
    const proxy = await startProxy({ target: port, tcp: true });
    const first = await dial(proxy.port);
    await first.whenReceived(5);
    first.socket.resetAndDestroy();
    expect(await ended[0]).toBe("ECONNRESET");
    const second = await dial(proxy.port);
    second.socket.write("x");
    expect(await second.ended).toBe("ECONNRESET");
    expect(faultsDone(proxy)).toEqual({ targetErrors: 1 });
  });

  it("resets clients when the target refuses", async () => {
    const proxy = await startProxy({ target: 1, tcp: true });
    expect(await (await dial(proxy.port)).ended).toBe("ECONNRESET");
    expect(faultsDone(proxy)).toEqual({ targetErrors: 1 });
  });

  it("damages pieces and keeps their length", async () => {
    const port = await startTcpTarget(echo);
    const proxy = await startProxy({ target: port, tcp: true, damageResponse: 1 });
    const wire = await dial(proxy.port);
    wire.socket.write(large);
    const received = await wire.whenReceived(large.length);
    const different = received.filter((byte, i) => byte !== large[i]).length;
    const { responsesDamaged } = proxy.counts;
    expect(received.length).toBe(large.length);
    expect(different).toBeGreaterThanOrEqual(responsesDamaged);
    expect(different).toBeLessThanOrEqual(8 * responsesDamaged);
    expect(faultsDone(proxy)).toEqual({ responsesDamaged });
    expect(responsesDamaged).toBeGreaterThan(0);
  });

  it("delays pieces each way and keeps their order", async () => {
    const port = await startTcpTarget(echo);
    const proxy = await startProxy({ target: port, tcp: true, delayMs: 50, delayJitterMs: 20 });
    const wire = await dial(proxy.port);
    const beganAtMs = performance.now();
    wire.socket.write(large);
    expect((await wire.whenReceived(large.length)).equals(large)).toBe(true);
    expect(performance.now() - beganAtMs).toBeGreaterThan(60);
    expect(Object.keys(faultsDone(proxy)).toSorted()).toEqual([
      "requestsDelayed",
      "responsesDelayed",
    ]);
  });

  it("leaves connections half-open: nothing passes until they are reset", async () => {
    let received = 0;
    const port = await startTcpTarget((socket) => {
      socket.on("data", (piece: Buffer) => (received += piece.length));
      socket.write("hello");
    });
    const proxy = await startProxy({ target: port, tcp: true, halfOpenMs: 60 });
    const wire = await dial(proxy.port);
    await wire.whenReceived(5);
    proxy.set({ halfOpen: 1 });
    const beganAtMs = performance.now();
    wire.socket.write("x");
    await counted(proxy, "connectionsHalfOpened");
    wire.socket.write("y");
    expect(await wire.ended).toBe("ECONNRESET");
    expect(performance.now() - beganAtMs).toBeGreaterThan(50);
    expect(received).toBe(0);
    expect(faultsDone(proxy)).toEqual({ connectionsHalfOpened: 1 });
  });

  it("closes connections on which nothing passes, and the ones behind them", async () => {
    let goneAtTarget = (): void => {};
    const gone = new Promise<void>((resolve) => (goneAtTarget = resolve));
    const port = await startTcpTarget((socket) => {
      socket.once("end", goneAtTarget);
      echo(socket);
    });
    const proxy = await startProxy({ target: port, tcp: true, closeIdleMs: 300 });
    const wire = await dial(proxy.port);
    const beganAtMs = performance.now();
    for (let bytes = 1; bytes <= 5; bytes++) {
      wire.socket.write("x");
      await wire.whenReceived(bytes);
    }
    expect(await wire.ended).toBe("end");
    expect(performance.now() - beganAtMs).toBeGreaterThan(290);
    await gone;
    expect(faultsDone(proxy)).toEqual({ idleCloses: 1 });
  });

  it("is cut and blacked out like any other", async () => {
    const port = await startTcpTarget(echo);
    const proxy = await startProxy({ target: port, tcp: true, cutEveryMs: 10, cutBy: "fin" });
    const wire = await dial(proxy.port);
    expect(await wire.ended).toBe("end");
    proxy.set({ cutEveryMs: 0, blackout: true });
    expect(await (await dial(proxy.port)).ended).toBe("ECONNRESET");
    expect(faultsDone(proxy)).toEqual({
      cuts: 1,
      cutsByFin: 1,
      blackouts: 1,
      connectionsRefused: 1,
    });
  });

  it("refuses faults that need requests, also while it runs", async () => {
    const wanted = { code: "option_invalid" };
    await expect(startProxy({ target: 1, tcp: true, loss: 0.1 })).rejects.toMatchObject(wanted);
    const proxy = await startProxy({ target: 1, tcp: true });
    expect(() => proxy.set({ double: 1 })).toThrow("needs HTTP");
    expect(proxy.faults.double).toBe(0);
  });
});

describe("an upgraded connection", () => {
  const upgrade = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

  async function startUpgradeTarget(): Promise<number> {
    const target = await startTarget();
    const accept = (_incoming: unknown, socket: NodeJS.ReadWriteStream, head: Buffer): void => {
      socket.on("error", () => {});
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
      );
      socket.write(head);
      socket.pipe(socket);
    };
    target.server.on("upgrade", accept);
    target.server.on("connect", accept);
    return target.port;
  }

  it("is passed on raw, whatever it speaks", async () => {
    const proxy = await startProxy({ target: await startUpgradeTarget() });
    const wire = await dial(proxy.port);
    wire.socket.write(`${upgrade}early`);
    await wire.whenReceived(20);
    wire.socket.write("late");
    wire.socket.end();
    expect(await wire.ended).toBe("end");
    expect(String(wire.received())).toMatch(/^HTTP\/1.1 101 [^]*\r\n\r\nearlylate$/);
    expect(faultsDone(proxy)).toEqual({ upgrades: 1 });
  });

  it("may come by CONNECT", async () => {
    const proxy = await startProxy({ target: await startUpgradeTarget() });
    const wire = await dial(proxy.port);
    wire.socket.end("CONNECT example.org:1 HTTP/1.1\r\nHost: example.org:1\r\n\r\nearly");
    expect(await wire.ended).toBe("end");
    expect(String(wire.received())).toMatch(/\r\n\r\nearly$/);
    expect(faultsDone(proxy)).toEqual({ upgrades: 1 });
  });

  it("meets the fates of requests when it is asked for", async () => {
    const target = await startUpgradeTarget();
    for (const [faults, ending, done] of [
      [{ loseRequest: 1 }, "ECONNRESET", { requestsLost: 1 }],
      [{ loseResponse: 1 }, "ECONNRESET", { responsesLost: 1, upgrades: 1 }],
      [{ halfOpen: 1, halfOpenMs: 30 }, "ECONNRESET", { connectionsHalfOpened: 1 }],
      [{ badGateway: 1 }, "end", { badGateways: 1 }],
    ] as const) {
      const proxy = await startProxy({ target, ...faults });
      const wire = await dial(proxy.port);
      wire.socket.write(upgrade);
      expect(await wire.ended).toBe(ending);
      expect(String(wire.received()).split("\r\n")[0]).toBe(
        ending === "end" ? "HTTP/1.1 502 Bad Gateway" : "",
      );
      expect(faultsDone(proxy)).toEqual(done);
    }
  });

  it("is cut with its connection to the target", async () => {
    let goneAtTarget = (): void => {};
    const gone = new Promise<void>((resolve) => (goneAtTarget = resolve));
    const port = await startTcpTarget((socket) => {
      socket.once("error", goneAtTarget);
      socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
      socket.resume();
    });
    const proxy = await startProxy({ target: port });
    const wire = await dial(proxy.port);
    wire.socket.write(upgrade);
    await wire.whenReceived(20);
    proxy.set({ cutEveryMs: 10, cutBy: "rst" });
    expect(await wire.ended).toBe("ECONNRESET");
    await gone;
    expect(faultsDone(proxy)).toEqual({ upgrades: 1, cuts: 1, cutsByRst: 1 });
  });
});

describe("what is not HTTP", () => {
  it("is answered 400 and never brings the proxy down", async () => {
    const target = await startTarget();
    const proxy = await startProxy({ target: target.port, damage: 0.5, delayMs: 1 });
    const attacks = [
      "\0\0\0\0\0\0\0\0\r\n\r\n",
      "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
      "GET /\x01 HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    ];
    for (const attack of attacks) {
      const wire = await dial(proxy.port);
      wire.socket.write(attack);
      await wire.ended;
      expect(String(wire.received())).not.toMatch(/^HTTP\/1.1 2/);
    }
    const pipelined = await dial(proxy.port);
    pipelined.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5_000));
    expect(await pipelined.ended).toBe("ECONNRESET");
    const gone = connect(proxy.port, "127.0.0.1", () => gone.end("POST / HTTP/1.1\r\nHo"));
    gone.resume();
    await new Promise((resolve) => gone.once("close", resolve));
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await wire.ended;
    expect(String(wire.received())).toMatch(/^HTTP\/1.1 200 /);
    expect(proxy.counts.badRequests).toBeGreaterThanOrEqual(attacks.length);
  });

  it("is broken off when it is the target's answer", async () => {
    const port = await startTcpTarget((socket) => socket.end("no such thing\r\n\r\n"));
    const proxy = await startProxy({ target: port });
    const wire = await dial(proxy.port);
    wire.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(String(await wire.whenReceived(20))).toMatch(/^HTTP\/1.1 502 /);
    expect(faultsDone(proxy)).toEqual({ targetErrors: 1 });
  });
});
