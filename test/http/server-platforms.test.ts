import { once } from "node:events";
import { createServer } from "node:http";
import {
  connect,
  constants,
  createSecureServer,
  createServer as createHttp2Server,
} from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { selfSigned } from "./certificate.ts";
import { testMainRules } from "./main-rules.ts";
import { echoHandler } from "./scripted-handler.ts";
import { listen, post } from "./test-server.ts";
import { http1, http2 } from "./transports.ts";

describe("node:http", () => {
  testMainRules(async (handler, options) => {
    const port = await listen(createServer(nodeListener(handler, options)));
    return http1(`http://127.0.0.1:${port}`);
  });
});

describe("node:https", () => {
  const { key, cert } = selfSigned();
  testMainRules(async (handler, options) => {
    const port = await listen(createHttpsServer({ key, cert }, nodeListener(handler, options)));
    return http1(`https://127.0.0.1:${port}`, cert);
  });
});

describe("node:http2 without TLS", () => {
  testMainRules(async (handler, options) => {
    const port = await listen(createHttp2Server(nodeListener(handler, options)));
    return http2(`http://127.0.0.1:${port}`);
  });

  it("ends the stream of a refused body that still comes, and blames nobody", async () => {
    const port = await listen(createHttp2Server(nodeListener(echoHandler())));
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const headers = { ":method": "POST", ":path": "/holdfast" };
    const type = { "content-type": "application/octet-stream" };
    const stream = session.request({ ...headers, ...type }, { endStream: false });
    stream.write("x".repeat(1_001));
    const [head] = await once(stream, "response");
    stream.resume();
    await once(stream, "close");
    expect([head[":status"], stream.rstCode]).toEqual([413, constants.NGHTTP2_NO_ERROR]);
    expect(session.closed).toBe(false);
  });
});

describe("node:http2 over TLS", () => {
  const { key, cert } = selfSigned();
  testMainRules(async (handler, options) => {
    const port = await listen(createSecureServer({ key, cert }, nodeListener(handler, options)));
    return http2(`https://127.0.0.1:${port}`, cert);
  });
});

describe("node:http2 over TLS, for clients of HTTP/1.1", () => {
  const { key, cert } = selfSigned();
  testMainRules(async (handler, options) => {
    const settings = { key, cert, allowHTTP1: true };
    const port = await listen(createSecureServer(settings, nodeListener(handler, options)));
    return http1(`https://127.0.0.1:${port}`, cert);
  });
});

describe("Express", () => {
  testMainRules(async (handler, options) => {
    const app = express();
    app.use(nodeListener(handler, options));
    app.use(express.raw({ type: "*/*" }));
    const port = await listen(createServer(app));
    return http1(`http://127.0.0.1:${port}`);
  });

  it("may mount the listener, and serves the rest itself", async () => {
    const app = express();
    app.use("/api/live", nodeListener(echoHandler(), { path: "*" }));
    app.use(nodeListener(echoHandler()));
    app.get("/", (_request, response) => void response.send("home"));
    const port = await listen(createServer(app));
    const mounted = await post(`http://127.0.0.1:${port}/api/live`, "mounted");
    expect(await mounted.text()).toBe("mounted");
    const home = await fetch(`http://127.0.0.1:${port}/`);
    expect(await home.text()).toBe("home");
  });
});

describe("Fastify", () => {
  testMainRules(async (handler, options) => {
    const listener = nodeListener(handler, options);
    const app = fastify();
    app.all("/holdfast", {
      onRequest: (request, reply) => {
        reply.hijack();
        listener(request.raw, reply.raw);
      },
      handler: () => {},
    });
    await app.ready();
    onTestFinished(() => app.close());
    const port = await listen(app.server);
    return http1(`http://127.0.0.1:${port}`);
  });
});

describe("Hono on Node", () => {
  testMainRules(async (handler, options) => {
    const handle = fetchHandler(handler, options);
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.all("/holdfast", (context) => handle(context.req.raw, getConnInfo(context).remote));
    const port = await listen(createServer(getRequestListener(app.fetch)));
    return http1(`http://127.0.0.1:${port}`);
  });
});
