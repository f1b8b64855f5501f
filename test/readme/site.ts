/** A server of the README's page: sessions at their path, the page at `/`, packages beside it. */
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { nodeListener } from "../../src/http/node.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";
import { read, ROOT } from "./markdown.ts";

export const PAGE: string = read("examples/readme/page.html");

/** The import map of the page. */
export function importMap(): Readonly<Record<string, string>> {
  const [, text = ""] = /<script type="importmap">([^]*?)<\/script>/.exec(PAGE) ?? [];
  return (JSON.parse(text) as { imports: Record<string, string> }).imports;
}

/** Where an address of the page lies; this package lies where npm would put it. */
export function fileAt(address: string): string | undefined {
  const path = address.replace(/^\/node_modules\/holdfast\//, "/");
  const isKnown = /^\/(?:dist\/browser|node_modules\/msgpackr)\/[\w.-]+\.js$/.test(path);
  const file = `${ROOT}${path.slice(1)}`;
  return isKnown && existsSync(file) ? file : undefined;
}

export interface PageSite {
  readonly origin: string;
  readonly sessions: readonly PeerSession<string, string>[];
}

/** Greets whoever says a name. It ends with the test. */
export async function startPageSite(): Promise<PageSite> {
  const sessions: PeerSession<string, string>[] = [];
  const server = new SessionServer<string, string>({
    async onSession(session) {
      sessions.push(session);
      for await (const name of session) session.send(`Hello, ${name}!`);
    },
  });
  const listener = nodeListener(server);
  const site = createServer((request, response) => {
    listener(request, response, () => {
      const file = fileAt(request.url ?? "");
      response.setHeader("content-type", file === undefined ? "text/html" : "text/javascript");
      response.end(file === undefined ? PAGE : readFileSync(file));
    });
  });
  const port = await listenLocally(site);
  onTestFinished(() => {
    server.abort();
    site.close();
    site.closeAllConnections();
  });
  return { origin: `http://127.0.0.1:${port}`, sessions };
}
