/**
 * What the contract suite needs of a pair of adapters, and what it makes of it: a server with its
 * sessions, a way to connect, ways to break the path, and counts of what went over it.
 */
import { onTestFinished } from "vitest";
import type { CarrierOptions } from "../../src/http/carrier-options.ts";
import type { ClientOptions, ClientSession, CodecFactory } from "../../src/session/index.ts";
import type { Claim } from "../../src/core/index.ts";
import type {
  Peer,
  PipeEvents,
  Reply,
  RequestHandler,
  ServerPipe,
} from "../../src/session/peer.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { soon } from "../waiting.ts";

/** What a pair of adapters cannot do; the cases that need it are left out, by name. */
export type Lack =
  /** The server does not learn the address of its client. */
  | "addresses"
  /** Connections belong to the host, and stay when the session has ended. */
  | "connections of its own"
  /** The client has no HTTP/2: the server is met by HTTP/1.1 on the same port. */
  | "http2 at the client"
  /** Nothing is said of a client beside its bodies. */
  | "headers"
  /** No request ever leaves: what is looked at for each is looked at for each connection. */
  | "requests"
  /** What comes down is acknowledged by requests, which cost answers of their own. */
  | "acknowledgements on a pipe"
  /** No HTTP at all. */
  | "http";

export interface LinkOptions extends ClientOptions {
  readonly codec?: CodecFactory;
  readonly headers?: NonNullable<CarrierOptions["headers"]>;
}

/** A server that listens. */
export interface Site {
  connect<In, Out>(options: LinkOptions): ClientSession<In, Out>;
  /** Where it listens; empty without HTTP. */
  readonly url: string;
  /** Kills every connection with what is under way on it; returns how many there were. */
  cut(): number;
  /** The path goes down, and nothing comes through until it is up again. */
  block(): void;
  unblock(): void;
  close(): Promise<void>;
}

/** A pair of adapters. */
export interface Harness {
  readonly name: string;
  readonly lacks: readonly Lack[];
  listen(handler: RequestHandler): Promise<Site>;
}

/**
 * Stands between an adapter and its server and counts. It also lets the server be replaced by one
 * that knows nothing, as a restart would.
 */
export class Desk implements RequestHandler {
  readonly bodyBytesMax: number;
  server: RequestHandler;
  /** Requests that came whole, and connections of pipes that opened. */
  visits = 0;
  /** Requests that came whole, and bodies on pipes. */
  requests = 0;
  /** Answers, and bodies on pipes. */
  answers = 0;
  /** Requests that wait for their answer now, and pipes: by each of them the server can speak. */
  waiting = 0;
  /** What the last requests said about who they are; the last one last. */
  readonly authorizations: string[] = [];

  constructor(server: RequestHandler) {
    this.server = server;
    this.bodyBytesMax = server.bodyBytesMax;
  }

  handleRequest(body: Uint8Array, peer: Peer, reply: (reply: Reply) => void): () => void {
    this.visits++;
    this.requests++;
    this.waiting++;
    this.authorizations.push(peer.header("authorization") ?? "");
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.waiting--;
      isOver = true;
    };
    const gone = this.server.handleRequest(body, peer, (answer) => {
      end();
      this.answers++;
      reply(answer);
    });
    return () => {
      end();
      gone();
    };
  }

  handlePipe(peer: Peer, pipe: ServerPipe, claim?: Claim): PipeEvents {
    this.authorizations.push(peer.header("authorization") ?? "");
    const { counted, end } = this.#count(pipe);
    const events = this.server.handlePipe?.(peer, counted, claim);
    if (events === undefined) throw new Error("The server has no pipes");
    return {
      body: (bytes) => {
        this.requests++;
        events.body(bytes);
      },
      gone: () => {
        end();
        events.gone();
      },
    };
  }

  handleStream(ticket: Uint8Array, peer: Peer, pipe: ServerPipe): (() => void) | undefined {
    const { counted, end } = this.#count(pipe);
    const gone = this.server.handleStream?.(ticket, peer, counted);
    if (gone === undefined) {
      end();
      return undefined;
    }
    return () => {
      end();
      gone();
    };
  }

  /** A pipe whose bodies are counted; and what is to be called at its end. */
  #count(pipe: ServerPipe): { readonly counted: ServerPipe; readonly end: () => void } {
    this.visits++;
    this.waiting++;
    let isOver = false;
    const end = (): void => {
      if (!isOver) this.waiting--;
      isOver = true;
    };
    const counted: ServerPipe = {
      write: (body: Uint8Array): void => {
        this.answers++;
        pipe.write(body);
      },
      close: (): void => {
        end();
        pipe.close();
      },
      get unsentBytes(): number {
        return pipe.unsentBytes ?? 0;
      },
      cut: (): void => pipe.cut?.(),
    };
    return { counted, end };
  }
}

/** Retries that do not wait for a person's patience. */
export const QUICK = { reconnectDelayMinMs: 5, reconnectDelayMaxMs: 50 } as const;

export type RigOptions<In, Out> = Partial<ServerOptions<In, Out>>;

/** A running pair, ended with the test. */
export class Rig<In = unknown, Out = unknown> {
  readonly site: Site;
  readonly desk: Desk;
  server: SessionServer<In, Out>;
  readonly #sessions: PeerSession<In, Out>[] = [];
  readonly #waiting: ((session: PeerSession<In, Out>) => void)[] = [];
  readonly #clients: ClientSession[] = [];
  readonly #options: RigOptions<In, Out>;

  private constructor(
    server: SessionServer<In, Out>,
    desk: Desk,
    site: Site,
    options: RigOptions<In, Out>,
  ) {
    this.server = server;
    this.desk = desk;
    this.site = site;
    this.#options = options;
  }

  static async start<In = unknown, Out = unknown>(
    harness: Harness,
    options: RigOptions<In, Out> = {},
    // Of tests that run side by side each has its own.
    whenFinished: (end: () => Promise<void>) => void = onTestFinished,
  ): Promise<Rig<In, Out>> {
    // The server needs its callback before there is a rig to call.
    const early: { rig?: Rig<In, Out> } = {};
    const onSession = (session: PeerSession<In, Out>): void => early.rig?.welcome(session);
    const server = new SessionServer<In, Out>({ onSession, ...options });
    const desk = new Desk(server);
    const rig = new Rig<In, Out>(server, desk, await harness.listen(desk), options);
    early.rig = rig;
    whenFinished(() => rig.close());
    return rig;
  }

  /** Sessions in the order in which they were admitted, each once. */
  nextSession(): Promise<PeerSession<In, Out>> {
    const session = this.#sessions.shift();
    if (session !== undefined) return Promise.resolve(session);
    const coming = new Promise<PeerSession<In, Out>>((resolve) => this.#waiting.push(resolve));
    return soon(coming, "a session at the server");
  }

  connect(options: LinkOptions = {}): ClientSession<Out, In> {
    const session = this.site.connect<Out, In>({ ...QUICK, ...options });
    this.#clients.push(session as ClientSession);
    return session;
  }

  /** A client and its session at the server. */
  async pair(
    options: LinkOptions = {},
  ): Promise<readonly [ClientSession<Out, In>, PeerSession<In, Out>]> {
    const client = this.connect(options);
    const session = await this.nextSession();
    await soon(client.opened, "the opening");
    return [client, session];
  }

  /** The server restarts and has forgotten everything. */
  replaceServer(options: RigOptions<In, Out> = {}): void {
    const before = this.server;
    const onSession = (session: PeerSession<In, Out>): void => this.welcome(session);
    this.server = new SessionServer<In, Out>({ onSession, ...this.#options, ...options });
    this.desk.server = this.server;
    // What the old process held is gone with it.
    this.site.cut();
    before.abort();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.abort();
    this.server.abort();
    this.site.unblock();
    await this.site.close();
  }

  private welcome(session: PeerSession<In, Out>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#sessions.push(session);
    else waiting(session);
  }
}
