// What compiles on every host, with the types of the clients that all of them share.
import {
  type Channel,
  type ClientSession,
  type Codec,
  connect,
  type EndedInfo,
  json,
  msgpack,
  raw,
  type Session,
  SessionEndedError,
  type Stats,
  UsageError,
} from "holdfast";

interface Move {
  readonly x: number;
  readonly y: number;
}

type Order = { readonly kind: "go"; readonly to: Move } | { readonly kind: "stop" };

const session: ClientSession<Move, Order> = connect<Move, Order>("https://example.com/holdfast", {
  codec: json,
  headers: async () => ({ authorization: "Bearer token" }),
  highWaterBytes: 65_536,
  lostAfterMs: undefined,
  parkedMax: 2,
});

const isBelowMark: boolean = session.send({ kind: "go", to: { x: 1, y: 2 } });
if (!isBelowMark) await session.ready;
session.send({ kind: "stop" }, { key: 1 });
for await (const move of session) {
  const sum: number = move.x + move.y;
  if (sum > 3) break;
}
session.onBundle(async (moves) => {
  const last: Move | undefined = moves.at(-1);
  if (last !== undefined) await session.flushed();
});

const places: Channel<Move, Move> = session.channel<Move, Move>("places", {
  mode: "latest",
  ttlMs: 500,
});
places.send({ x: 0, y: 0 }, { key: 7 });
places.setTimeToLive(1_000);
places.finish();
session.on("channel", (channel) => channel.as<string, Move>().send({ x: 1, y: 1 }));
const forget: () => void = session.on("lost", ({ reason }) => reason.toUpperCase());
session.on("resumed", ({ downMs }) => downMs.toFixed());
forget();

const saved: string = session.save();
connect<Move, Order>(new URL("https://example.com/holdfast"), { codec: json, resume: saved });
const stats: Stats = session.stats;
const { reason, neverSent, unknown: unknownFates }: EndedInfo = await session.close();
const codec: Codec = json();
for (const { payload } of [...neverSent, ...unknownFates]) codec.decode(payload);

// A session of any kind goes where only sending and taking matter.
export async function relay(from: Session<Move>, to: Session<unknown, Move>): Promise<void> {
  try {
    for await (const move of from) if (!to.send(move)) await to.ready;
  } catch (error) {
    if (error instanceof SessionEndedError) to.abort(1, error.ended.reason);
    if (error instanceof UsageError && error.code === "session_closed") return;
    throw error;
  }
}

export const facts: readonly unknown[] = [stats, reason, raw, msgpack];

// @ts-expect-error A message that the other side does not expect.
session.send({ kind: "jump" });
// @ts-expect-error An option that there is not.
connect("/holdfast", { highWaterByte: 1 });
// @ts-expect-error A codec instead of what makes one.
connect("/holdfast", { codec: json() });
// @ts-expect-error An event that there is not.
session.on("reopened", () => {});
// @ts-expect-error A mode that there is not.
session.channel("places", { mode: "newest" });
// @ts-expect-error Nobody sets what is only told.
session.status.state = "open";
// @ts-expect-error What arrives is a Move.
for await (const move of session) move.z();
