/** A server of pages and of sessions, and the pages that browsers show of it. */
import http, { type IncomingHttpHeaders, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";
import { configureServer } from "../../src/http/configure-server.ts";
import { type ListenerOptions, nodeListener, upgradeListener } from "../../src/http/node.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { soon, until } from "../waiting.ts";
import { listenLocally } from "../listening.ts";
import { assets, type Assets, type ClientForm, pageText } from "./assets.ts";
import type { DrivenContext, DrivenPage } from "./driven.ts";
import type { Program } from "./page-program.ts";

const SESSIONS_PATH = "/holdfast";
const PACE_MS = 5;
const BURST = 4;

export interface SiteOptions {
  readonly form?: ClientForm;
  /** The `Content-Security-Policy` of the page. */
  readonly policy?: string;
  readonly listener?: ListenerOptions;
  /** Default true. */
  readonly hasWebSockets?: boolean;
  readonly server?: Partial<ServerOptions<unknown, unknown>>;
}

/** A request at the sessions' path, as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** A session at the server, with all that came on it. */
export class Served {
  readonly session: PeerSession;
  readonly received: unknown[] = [];
  sent = 0;
  #pace: NodeJS.Timeout | undefined;

  constructor(session: PeerSession) {
    this.session = session;
    session.onBundle((messages) => void this.received.push(...messages));
  }

  /** The next numbers from 0 on. */
  sendNumbers(count: number): void {
    for (let at = 0; at < count; at++) this.session.send(this.sent++);
  }

  startPace(): void {
    this.#pace = setInterval(() => this.sendNumbers(BURST), PACE_MS);
    onTestFinished(() => clearInterval(this.#pace));
  }

  /** Returns how many numbers were sent in all. */
  stopPace(): number {
    clearInterval(this.#pace);
    return this.sent;
  }

  /** All that came, when it is so many. */
  async take(count: number): Promise<readonly unknown[]> {
    await until(() => this.received.length >= count, `${count} messages at the server`);
    return this.received;
  }
}

export class Site {
  readonly requests: SeenRequest[] = [];
  readonly sessions: Served[] = [];
  /** Requests at the sessions' path at once: now, and at most so far. */
  waiting = 0;
  waitingMost = 0;
  port = 0;
  readonly #options: SiteOptions;
  readonly #scripts: Assets;
  /** While false, upgrades are refused as by a proxy that knows none. */
  takesWebSockets: boolean;
  readonly #upgraded: Set<Duplex> = new Set();
  readonly #sessionServer: SessionServer;
  readonly #http: Server;

  private constructor(options: SiteOptions, scripts: Assets) {
    this.#options = options;
    this.#scripts = scripts;
    this.takesWebSockets = options.hasWebSockets ?? true;
    this.#sessionServer = new SessionServer({
      onSession: (session) => void this.sessions.push(new Served(session)),
      ...options.server,
    });
    const sessions = nodeListener(this.#sessionServer, options.listener);
    this.#http = http.createServer((request, response) => {
      if (request.url === SESSIONS_PATH) this.#note(request, response);
      sessions(request, response, () => this.#showPage(request.url ?? "", response));
    });
    const upgrade = upgradeListener(this.#sessionServer, options.listener);
    this.#http.on("upgrade", (request, socket, head) => {
      if (!this.takesWebSockets) {
        socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        return;
      }
      this.#upgraded.add(socket);
      socket.once("close", () => this.#upgraded.delete(socket));
      upgrade(request, socket, head);
    });
    configureServer(this.#http);
  }

  /** It ends with the test. */
  static async start(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(options, await assets());
    site.port = await listenLocally(site.#http);
    onTestFinished(() => {
      site.#sessionServer.abort();
      site.#http.close();
      site.#http.closeAllConnections();
    });
    return site;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections that were upgraded to WebSockets and are open. */
  get webSockets(): number {
    return this.#upgraded.size;
  }

  cutWebSockets(): void {
    for (const socket of this.#upgraded) socket.destroy();
  }

  /** The session of that number, in the order in which they opened. */
  async served(number = 0): Promise<Served> {
    await until(() => this.sessions.length > number, `session ${number}`);
    return this.sessions[number] as Served;
  }

  #note(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.requests.push({ method: request.method ?? "", headers: request.headers });
    this.waitingMost = Math.max(this.waitingMost, ++this.waiting);
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.waiting--;
      isOver = true;
    };
    // Answered before the browser has the answer; or gone.
    response.once("finish", end);
    response.once("close", end);
  }

  #showPage(path: string, response: http.ServerResponse): void {
    const { form = "bundled", policy } = this.#options;
    const script = this.#scripts.get(path);
    const type = script === undefined ? "text/html" : "text/javascript";
    response.setHeader("content-type", `${type}; charset=utf-8`);
    if (policy !== undefined) response.setHeader("content-security-policy", policy);
    if (path === "/") response.end(pageText(form));
    else response.end(script ?? "<!doctype html><title>Another page</title>");
  }
}

/** Shows the page of a site, and is done when its program runs. */
export async function show<Page extends DrivenPage>(
  context: DrivenContext<Page>,
  origin: string,
): Promise<Page> {
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await running(page);
  return page;
}

/** Until the page's program runs. */
export async function running(page: DrivenPage): Promise<void> {
  await page.waitForFunction("globalThis.program !== undefined");
}

type Methods = {
  [
    Name in keyof Program as Program[Name] extends (...args: never) => unknown ? Name : never
  ]: Program[Name];
};

/** Calls the program of a page, and waits for what it returns. */
export async function call<Name extends keyof Methods>(
  page: DrivenPage,
  name: Name,
  ...args: Parameters<Methods[Name]>
): Promise<Awaited<ReturnType<Methods[Name]>>> {
  const text = `program.${name}(...${JSON.stringify(args)})`;
  const result = page.evaluate(text) as Promise<Awaited<ReturnType<Methods[Name]>>>;
  return await soon(result, `${name} in the page`);
}

/** What the program of a page has at present. */
export async function look<
  Name extends "events" | "links" | "received" | "receivedAtMs" | "canEvaluate",
>(page: DrivenPage, name: Name): Promise<Program[Name]> {
  return (await page.evaluate(`program.${name}`)) as Program[Name];
}
