/** What scenarios with one client have in common: both ends of its connection. */
import type { Connection, ReceiveOptions } from "../contestant.ts";
import type { Part } from "../scenario.ts";
import { WireBytes } from "../wire-bytes.ts";

export interface End {
  readonly connection: Connection;
  /** At the server. */
  readonly wire?: WireBytes;
}

/** Serves, tells the port, and waits for the client. */
export async function accept(
  { contestant, line }: Part,
  options: ReceiveOptions = {},
): Promise<Required<End>> {
  let welcome: (connection: Connection) => void = () => {};
  const connected = new Promise<Connection>((resolve) => (welcome = resolve));
  const { port, server } = await contestant.serve({
    ...options,
    onConnection: (each) => welcome(each),
  });
  const wire = new WireBytes(server);
  line.tell(port);
  return { connection: await connected, wire };
}

/** Connects to the port that is told. */
export async function join({ contestant, line }: Part, options: ReceiveOptions = {}): Promise<End> {
  return { connection: await contestant.connect({ ...options, port: await line.hear() }) };
}
