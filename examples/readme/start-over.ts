import { type ClientSession, connect, json } from "holdfast";

/** `id` rises. The server's application takes each id once, and forgets none: they are on disk. */
export interface Order {
  readonly id: number;
  readonly text: string;
}

/** Goes on with new sessions until one is closed. Returns why it gave up, and what is left. */
export async function keepOrdering(
  url: string,
  use: (session: ClientSession<string, Order>) => void,
): Promise<{ readonly reason: string; readonly left: readonly Order[] }> {
  let left: Order[] = [];
  for (;;) {
    const session = connect<string, Order>(url, { codec: json });
    for (const order of left) session.send(order); // Before any new ones.
    use(session);
    const { reason, neverSent, unknown } = await session.ended;
    const fates = [...unknown, ...neverSent].map(({ payload }) => json().decode(payload) as Order);
    left = fates.toSorted((one, other) => one.id - other.id);
    // These two take seconds to be certain: no spinning. Any other would be there next time too.
    if (reason !== "lost" && reason !== "silence") return { reason, left };
  }
}
