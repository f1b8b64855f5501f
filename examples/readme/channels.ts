import type { Session } from "holdfast";

export interface Position {
  readonly x: number;
  readonly y: number;
}

/** A player, at the one side. */
export async function play(session: Session<string, string>): Promise<void> {
  // Order and arrival as on the session itself, but what waits there holds up nothing here.
  const uploads = session.channel<never, Uint8Array>("uploads");
  for (let count = 0; count < 100; count++) {
    if (!uploads.send(new Uint8Array(65_536))) await uploads.ready; // Back-pressure.
  }
  uploads.finish();
  // What has not left yet is replaced by what is newer of the same key: here, of the same player.
  const positions = session.channel<never, Position>("positions", { mode: "latest" });
  for (let x = 0; x < 1_000; x++) positions.send({ x, y: 0 }, { key: 7 });
  // Without order; what has not arrived after a second is given up.
  const sparks = session.channel<never, string>("sparks", { mode: "unordered", ttlMs: 1_000 });
  sparks.send("boom");
}

/** And whoever watches, at the other. */
export function watch(session: Session<string, string>, see: (position: Position) => void): void {
  session.on("channel", async (channel) => {
    if (channel.label !== "positions") return channel.onBundle(() => {}); // Taken unread.
    for await (const position of channel.as<Position, never>()) see(position);
  });
}
