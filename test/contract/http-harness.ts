/** Pairs of a client's adapter and a server's over real sockets. */
import { Agent as HttpsAgent } from "node:https";
import { connect as connectByFetch } from "../../src/http/connect-fetch.ts";
import { connect as connectByNode, type ConnectOptions } from "../../src/http/connect-node.ts";
import { LINKS_DEFAULT } from "../../src/session/link-options.ts";
import { connectOver, msgpack } from "../../src/session/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import type { Harness, Lack, LinkOptions, Site } from "./harness.ts";
import { Http2Carrier, Http2Connection } from "./http2-carrier.ts";
import { Connections, type Listening, type Serve } from "./http-sites.ts";

/** A client's adapter: how it connects, and how what it keeps is ended. */
interface Client {
  connect: Site["connect"];
  close(): void;
}

/** How streams are asked for. */
type StreamOptions = Pick<ConnectOptions, "streamNames" | "streamLabel">;

function nodeClient(links: readonly LinkName[], streams: StreamOptions = {}) {
  return ({ authority }: Listening, url: string): Client => {
    if (authority === undefined) {
      return {
        connect: <In, Out>(options: LinkOptions) =>
          connectByNode<In, Out>(url, { links, ...streams, ...options }),
        close: () => {},
      };
    }
    const agent = new HttpsAgent({ ca: authority, keepAlive: true, scheduling: "lifo" });
    return {
      connect: <In, Out>(options: LinkOptions) =>
        connectByNode<In, Out>(url, { links, ...streams, ...options, agent }),
      close: () => agent.destroy(),
    };
  };
}

function fetchClient(links: readonly LinkName[]) {
  return (_listening: Listening, url: string): Client => ({
    connect: <In, Out>(options: LinkOptions) => connectByFetch<In, Out>(url, { links, ...options }),
    close: () => {},
  });
}

/** Something between the client and a server's port; its own port is what the client sees. */
export type Front = (port: number) => Promise<{
  readonly port: number;
  close(): Promise<void>;
}>;

const noFront: Front = async (port) => ({ port, close: async () => {} });

function http2Client(links: readonly LinkName[]) {
  return ({ authority = "" }: Listening, url: string): Client => ({
    connect<In, Out>({ codec = msgpack, headers, ...options }: LinkOptions) {
      const connection = new Http2Connection(url, authority);
      const carrier = new Http2Carrier(url, connection, links, headers);
      return connectOver<In, Out>(carrier, codec, options);
    },
    close: () => {},
  });
}

function harnessOf(
  name: string,
  serve: Serve,
  makeClient: (listening: Listening, url: string) => Client,
  lacks: readonly Lack[],
  putFront: Front,
): Harness {
  const start = async (handler: Parameters<Serve>[0]): Promise<Site> => {
    const listening = await serve(handler);
    const connections = new Connections(listening.server);
    const front = await putFront(listening.port);
    const scheme = listening.authority === undefined ? "http" : "https";
    const url = `${scheme}://127.0.0.1:${front.port}/holdfast`;
    const client = makeClient(listening, url);
    return {
      url,
      connect: client.connect,
      cut: () => connections.cut(),
      block: () => connections.block(),
      unblock: () => connections.unblock(),
      async close() {
        await front.close();
        const closed = listening.close();
        connections.cut();
        await closed;
        client.close();
      },
    };
  };
  return { name, lacks, listen: start };
}

/** `connect` of `holdfast` in Node. */
export function byNode(
  name: string,
  serve: Serve,
  lacks: readonly Lack[] = [],
  front: Front = noFront,
): Harness {
  return harnessOf(`node:http to ${name}`, serve, nodeClient(["poll"]), lacks, front);
}

const LINK_LACKS: Readonly<Record<LinkName, readonly Lack[]>> = {
  poll: [],
  stream: ["acknowledgements on a pipe"],
  tcp: ["requests"],
  websocket: ["requests"],
};

/** The same by another link alone. */
export function byLink(
  link: LinkName,
  name: string,
  serve: Serve,
  streams: StreamOptions = {},
): Harness {
  const client = nodeClient([link], streams);
  return harnessOf(`${link} to ${name}`, serve, client, LINK_LACKS[link], noFront);
}

/** The same as it is without being told of links: by polling first, then by the best that works. */
export function byChoice(name: string, serve: Serve): Harness {
  const lacks = ["acknowledgements on a pipe"] as const;
  return harnessOf(`its choice to ${name}`, serve, nodeClient(LINKS_DEFAULT), lacks, noFront);
}

/** `connect` of `holdfast` in browsers, on Node's own fetch, which keeps its connections itself. */
export function byFetch(
  name: string,
  serve: Serve,
  lacks: readonly Lack[] = [],
  front: Front = noFront,
  links: readonly LinkName[] = ["poll"],
): Harness {
  const ofLinks = links.includes("poll") ? [] : links.flatMap((link) => LINK_LACKS[link]);
  const all = ["connections of its own", ...lacks, ...ofLinks] as const;
  return harnessOf(`fetch to ${name}`, serve, fetchClient(links), all, front);
}

/** A carrier of the tests' own, to meet a server by HTTP/2. */
export function byHttp2(name: string, serve: Serve, link: "poll" | "stream" = "poll"): Harness {
  const by = link === "poll" ? "node:http2" : `${link} by node:http2`;
  return harnessOf(`${by} to ${name}`, serve, http2Client([link]), LINK_LACKS[link], noFront);
}
