import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { describe, expect, it } from "vitest";
import { configureServer } from "../../src/http/configure-server.ts";
import { echoHandler, ScriptedHandler } from "./scripted-handler.ts";
import { serve } from "./test-server.ts";

describe("configureServer", () => {
  it("keeps idle connections for longer than proxies do, and bounds what comes", () => {
    for (const server of [createServer(), createSecureServer()]) {
      server.timeout = 1_000;
      configureServer(server);
      expect(server).toMatchObject({
        keepAliveTimeout: 90_000,
        headersTimeout: 20_000,
        requestTimeout: 60_000,
        timeout: 0,
        maxRequestsPerSocket: 0,
        maxHeadersCount: 0,
      });
    }
  });

  it("takes other times, and refuses what makes no sense", () => {
    const server = createServer();
    configureServer(server, { keepAliveTimeoutMs: 620_000 });
    expect(server.keepAliveTimeout).toBe(620_000);
    for (const name of ["keepAliveTimeoutMs", "headersTimeoutMs", "requestTimeoutMs"]) {
      expect(() => configureServer(server, { [name]: 0 })).toThrow(`option_invalid: ${name}`);
    }
    expect(() => configureServer(server, { headersTimeoutMs: 60_001 })).toThrow("headersTimeoutMs");
    const misspelt = { keepAliveTimeout: 1 } as object;
    expect(() => configureServer(server, misspelt)).toThrow("option_unknown: keepAliveTimeout");
  });

  it("loses no header that a proxy adds behind many others", async () => {
    const handler = echoHandler();
    const { client, server } = await serve(handler, { trustProxy: 1 });
    configureServer(server);
    const raw = await client();
    const flood = Object.fromEntries(Array.from({ length: 2_100 }, (_, at) => [`${at}`, ""]));
    raw.post("x", { ...flood, "x-forwarded-for": "192.0.2.7" });
    expect((await raw.response()).status).toBe(200);
    expect(handler.calls[0]?.peer.address).toBe("192.0.2.7");
  });

  it("does not end a held request that is silent for longer than an idle connection may be", async () => {
    const handler = new ScriptedHandler();
    const { client, server } = await serve(handler);
    configureServer(server, { keepAliveTimeoutMs: 1 });
    const raw = await client();
    raw.post("hold");
    const call = await handler.call(0);
    const startedAtMs = performance.now();
    // Node adds a second to the time that it is told.
    const idle = await client();
    idle.post("idle");
    (await handler.call(1)).say("at once");
    await idle.response();
    await idle.closed;
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
    expect(call.isGone).toBe(false);
    call.say("still here");
    expect((await raw.response()).body).toBe("still here");
  });
});
