import express from "express";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { bundlePage } from "./page-files.ts";

export interface Demo {
  readonly url: string;
  close(): Promise<void>;
}

export async function startDemo(options: { host: string; port: number }): Promise<Demo> {
  const app = express();
  let files = await bundlePage();
  app.get(["/", "/page.js", "/page.css"], async (request, response) => {
    if (request.path === "/") files = await bundlePage();
    const file = files.get(request.path);
    response
      .set("cache-control", "no-store")
      .type(file?.type ?? "text")
      .send(file?.content);
  });
  const server = createServer(app).listen(options.port, options.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
