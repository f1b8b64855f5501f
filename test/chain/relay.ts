/**
 * B of a chain A-B-C: a server for A and a client of C in one process. It passes messages on as
 * fast as the next hop has room, so that who is slow at one end is felt at the other.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import type { ClientSession, Session } from "../../src/session/index.ts";
import { type PeerSession, type ServerOptions, SessionServer } from "../../src/session/server.ts";
import { listenLocally } from "../listening.ts";

type Limits = Partial<ServerOptions<unknown, unknown>>;

/** Somebody's session at B, and B's session at C for it. */
export class Passage {
  readonly near: PeerSession;
  far: ClientSession;
  readonly #open: (resume?: string) => ClientSession;

  constructor(near: PeerSession, open: (resume?: string) => ClientSession) {
    this.near = near;
    this.#open = open;
    this.far = open();
    this.#pass(this.#passUp());
    this.#pass(this.#passDown());
  }

  /** The hop to C starts anew from what can be saved of it, as after a restart of its process. */
  restartFarHop(): void {
    this.far = this.#open(this.far.save());
    this.#pass(this.#passDown());
  }

  /** Where one hop has ended otherwise than by a close, the other one ends too. */
  #pass(passing: Promise<void>): void {
    passing.catch(() => {
      this.near.abort();
      this.far.abort();
    });
  }

  async #passUp(): Promise<void> {
    for await (const message of this.near) {
      if (!this.far.send(message)) await this.far.ready;
    }
    void this.far.close();
  }

  async #passDown(): Promise<void> {
    const { far, near } = this;
    for await (const message of far) {
      // What comes to a hop that was left comes to the next one again.
      if (far !== this.far) return;
      if (!near.send(message)) await near.ready;
    }
    if (far === this.far) void near.close();
  }
}

/** What B is told to do. */
export interface RelayOptions {
  readonly near?: Limits;
  readonly far?: ConnectOptions;
}

export class Relay {
  readonly passages: Passage[] = [];
  readonly server: SessionServer;
  url = "";
  readonly #http: Server;
  readonly #hops: Session[] = [];
  /** Numbers of the hop that is used: the requests of the others wait for ever. */
  #hop = 0;

  private constructor(target: string, { near, far }: RelayOptions) {
    const open = (resume?: string): ClientSession => {
      const hop = ++this.#hop;
      const headers = (): Promise<Record<string, string>> => {
        return hop === this.#hop ? Promise.resolve({}) : new Promise(() => {});
      };
      const session = connect(target, {
        ...far,
        headers,
        ...(resume === undefined ? {} : { resume }),
      });
      this.#hops.push(session);
      return session;
    };
    this.server = new SessionServer({
      ...near,
      onSession: (session) => {
        this.passages.push(new Passage(session, open));
      },
    });
    this.#http = createServer(nodeListener(this.server));
  }

  static async start(target: string, options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(target, options);
    relay.url = `http://127.0.0.1:${await listenLocally(relay.#http)}/holdfast`;
    return relay;
  }

  /** Kills every connection of the hop to A. */
  cutNear(): void {
    this.#http.closeAllConnections();
  }

  async close(): Promise<void> {
    for (const hop of this.#hops) hop.abort();
    this.server.abort();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, "close");
  }
}
