import { type PeerSession, SessionServer } from "holdfast/server";

const listeners = new Set<PeerSession<string, string>>();

export const sessions: SessionServer<string, string> = new SessionServer({
  async onSession(session) {
    listeners.add(session);
    session.on("ended", () => listeners.delete(session));
    for await (const line of session) broadcast(line);
  },
});

/** To everybody. Who lets a megabyte wait (`highWaterBytes`) is sent away, and delays nobody. */
function broadcast(line: string): void {
  for (const session of listeners) {
    if (!session.isWritable) continue; // Is closing, and takes nothing more.
    if (session.send(line)) continue;
    listeners.delete(session);
    session.abort(2, "too slow");
  }
}
