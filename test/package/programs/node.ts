// A program of Node's: the client by `node:http`, servers, and the fault proxy.
import { Agent, createServer } from "node:http";
import { createServer as createServerOfHttps } from "node:https";
import { createSecureServer } from "node:http2";
import { createServer as createServerOfTcp } from "node:net";
import { createServer as createServerOfTls } from "node:tls";
import { connect } from "holdfast";
import { type ChaosCounts, type ChaosProxy, parseProbability, startChaos } from "holdfast/chaos";
import { configureServer, type NodeListener, nodeListener } from "holdfast/http/node";
import { type PeerSession, SessionServer } from "holdfast/server";
import { type TcpListener, tcpListener } from "holdfast/tcp";

const sessions = new SessionServer<string, number>({
  authenticate: async (peer) => peer.header("authorization")?.slice("Bearer ".length),
  async onSession(session: PeerSession<string, number>, peer) {
    const who: string = `${session.principal} at ${session.address}, ${peer.address}`;
    for await (const text of session) session.send(text.length + who.length);
  },
  onError: (error, session) => console.error(error, session?.principal),
  reauthenticateAfterMs: 60_000,
  windowBytes: 8 * 1024 * 1024,
});

const listener: NodeListener = nodeListener(sessions, {
  cors: { origins: ["https://example.com"], credentials: true },
  path: "/holdfast",
  trustProxy: ["10.0.0.0/8"],
});
const server = createServer(listener);
configureServer(server, { keepAliveTimeoutMs: 120_000 });
configureServer(createServerOfHttps(listener));
createSecureServer(listener).listen(0);
server.listen(0);
const byTcp: TcpListener = tcpListener(sessions, { preambleTimeoutMs: 5_000 });
createServerOfTcp(byTcp).listen(0);
createServerOfTls({ handshakeTimeout: 5_000 }, byTcp);
connect<number, string>("tls://127.0.0.1:7000", { tls: { rejectUnauthorized: true } });
connect("http://127.0.0.1/holdfast", { tcp: "tcp://127.0.0.1:7000", links: ["tcp", "poll"] });

const proxy: ChaosProxy = await startChaos({ target: 8080, loss: parseProbability("5%") });
proxy.set({ cutBy: "rst", cutEveryMs: 500 });
const counts: ChaosCounts = proxy.counts;
proxy.on("counted", ({ name }) => counts[name].toFixed());
const session = connect<number, string>(`http://${proxy.address}/holdfast`, {
  agent: new Agent({ keepAlive: true }),
  connectTimeoutMs: 5_000,
});
session.send("text");
sessions.drain();
sessions.abort();
await proxy.close();

// @ts-expect-error Without `onSession` nobody serves a session.
export const unserved = new SessionServer({});
// @ts-expect-error These options belong to the listener.
export const misled = new SessionServer({ onSession: () => {}, path: "/holdfast" });
// @ts-expect-error A listener is made of a server.
nodeListener({});
// @ts-expect-error Credentials are for browsers.
connect("http://127.0.0.1/holdfast", { credentials: "include" });
// @ts-expect-error A probability is a number.
await startChaos({ target: 8080, loss: "5%" });
