/** The links that the tables go through, each so that it can be told to another process. */
import { connect, type ConnectOptions } from "../../src/http/connect-node.ts";
import type { ClientSession } from "../../src/session/index.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";

export interface LinkUnderTest {
  readonly name: string;
  readonly links: readonly LinkName[];
  /** By which the server is heard when all is well. */
  readonly settled: LinkName;
  /** No HTTP: lines that know requests are not for it. */
  readonly isRaw: boolean;
}

export const LINKS: readonly LinkUnderTest[] = [
  { name: "poll", links: ["poll"], settled: "poll", isRaw: false },
  { name: "stream", links: ["stream", "poll"], settled: "stream", isRaw: false },
  { name: "websocket", links: ["websocket", "poll"], settled: "websocket", isRaw: false },
];

/** Retries that do not wait for a person's patience. */
const QUICK = { reconnectDelayMinMs: 10, reconnectDelayMaxMs: 200 } as const;

export function connectBy<In, Out>(
  link: Pick<LinkUnderTest, "links">,
  port: number,
  options: ConnectOptions = {},
): ClientSession<In, Out> {
  const { links } = link;
  return connect<In, Out>(`http://127.0.0.1:${port}/holdfast`, { ...QUICK, links, ...options });
}
