/**
 * A process with nothing but a server that has timers of every kind: a parked request, a session
 * that is lost, a question without an answer, and a tombstone. It must end by itself. Its clients
 * are bare cores, which have no timers.
 */
import { RequestSide } from "../../src/core/index.ts";
import { nowMs } from "../../src/session/clock.ts";
import type { Reply } from "../../src/session/peer.ts";
import { SessionServer } from "../../src/session/server.ts";

const server = new SessionServer({
  onSession: () => {},
  authenticate: (peer) => (peer.header("token") === "yes" ? "ada" : new Promise(() => {})),
});

/** Sends what a client has to say; returns what to call when its connections have gone. */
function speak(client: RequestSide, headers: Readonly<Record<string, string>>): () => void {
  client.handleTimeout(nowMs());
  const gone: (() => void)[] = [];
  for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
    if (out.kind !== "request") continue;
    const { exchange, body } = out;
    const peer = { address: "", header: (name: string) => headers[name], request: undefined };
    const reply = (answer: Reply): void => {
      if (answer.kind === "answer") client.handleAnswer(nowMs(), exchange, answer.body.slice());
    };
    gone.push(server.handleRequest(body.slice(), peer, reply));
  }
  return () => {
    for (const leave of gone) leave();
  };
}

function begin(): RequestSide {
  const random = crypto.getRandomValues(new Uint8Array(32));
  const [nonce, secret] = [random.subarray(0, 16), random.subarray(16)];
  return new RequestSide(nowMs(), { nonce, secret });
}

async function ticks(): Promise<void> {
  for (let tick = 0; tick < 20; tick++) await new Promise((resolve) => setImmediate(resolve));
}

const [parked, lost, ended, asked] = [begin(), begin(), begin(), begin()];
for (const client of [parked, lost, ended]) speak(client, { token: "yes" });
speak(asked, {});
await ticks();
speak(parked, { token: "yes" });
speak(lost, { token: "yes" })();
ended.abort(nowMs());
speak(ended, { token: "yes" });
await ticks();
console.log(
  "sessions:",
  server.sessions.length,
  parked.state,
  lost.state,
  ended.state,
  asked.state,
);
