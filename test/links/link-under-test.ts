/** The links that the tables go through, each so that it can be told to another process. */
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";

export interface LinkUnderTest {
  readonly name: string;
  readonly links: readonly LinkName[];
  /** By which the server is heard when all is well. */
  readonly settled: LinkName;
  /** TCP and no HTTP: lines that know requests are not for it. */
  readonly isRaw: boolean;
}

export const LINKS: readonly LinkUnderTest[] = [
  { name: "poll", links: ["poll"], settled: "poll", isRaw: false },
  { name: "stream", links: ["stream", "poll"], settled: "stream", isRaw: false },
  { name: "websocket", links: ["websocket", "poll"], settled: "websocket", isRaw: false },
  { name: "stream alone", links: ["stream"], settled: "stream", isRaw: false },
  { name: "websocket alone", links: ["websocket"], settled: "websocket", isRaw: false },
  { name: "tcp alone", links: ["tcp"], settled: "tcp", isRaw: true },
];

/** Retries that do not wait for a person's patience. */
const QUICK = { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 200 } as const;

export function connectBy<In, Out>(
  { links, isRaw = false }: Pick<LinkUnderTest, "links"> & Partial<LinkUnderTest>,
  port: number,
  options: ConnectOptions = {},
): ClientSession<In, Out> {
  const url = isRaw ? `tcp://127.0.0.1:${port}` : `http://127.0.0.1:${port}/holdfast`;
  return connect<In, Out>(url, { ...QUICK, links, ...options });
}
