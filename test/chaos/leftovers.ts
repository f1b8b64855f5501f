// Runs a proxy with every fault at once, with requests under way, delayed, silent, half-open and
// planned for later; closes it in the middle; and says how long the process then stayed alive by
// itself. Started by proxy.test.ts in a process of its own.

import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { startChaos } from "../../src/chaos/index.ts";
import { listenLocally } from "../listening.ts";

const isTcp = process.argv[2] === "tcp";
const common = {
  seed: 5,
  cutEveryMs: 10,
  delayMs: 20,
  delayJitterMs: 20,
  damage: 0.2,
  halfOpen: 0.05,
  closeIdleMs: 10_000,
  blackoutEveryMs: 10_000,
};
const requestFaults = {
  loss: 0.1,
  loseSilently: 0.5,
  double: 0.3,
  replay: 0.5,
  badGateway: 0.1,
  bufferResponses: 0.3,
};

const server = createServer((incoming, response) => {
  incoming.on("error", () => {});
  incoming.resume();
  // Every third request is held for ever.
  if (incoming.url !== "/0") incoming.on("end", () => response.end("answer"));
});
const target = await listenLocally(server);
const options = { target, tcp: isTcp, ...common, ...(isTcp ? {} : requestFaults) };
const proxy = await startChaos(options);

const sockets = new Set<Socket>();
function post(path: string): void {
  const socket = connect(proxy.port, "127.0.0.1");
  sockets.add(socket);
  socket.on("error", () => {});
  socket.resume();
  socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`);
}

for (let n = 0; n < 90; n++) post(`/${n % 3}`);
let faults = 0;
await new Promise<void>((resolve) => {
  proxy.on("counted", ({ name }) => {
    if (name !== "connections" && name !== "requests" && ++faults === 100) resolve();
  });
});

// Some that are delayed beyond the time within which the process must end.
proxy.set({ delayMs: 8_000, cutEveryMs: 0, halfOpen: 0 });
let delayed = 0;
const allDelayed = new Promise<void>((resolve) => {
  proxy.on("counted", ({ name }) => {
    if (name === (isTcp ? "requestsDelayed" : "requests") && ++delayed === 10) resolve();
  });
});
for (let n = 0; n < 10; n++) post("/1");
await allDelayed;
await new Promise((resolve) => setImmediate(resolve));

const closingAtMs = performance.now();
await proxy.close();
const closedAtMs = performance.now();
for (const socket of sockets) socket.destroy();
server.closeAllConnections();
server.close();
process.once("beforeExit", () => {
  const closedAfterMs = closedAtMs - closingAtMs;
  const endedAfterMs = performance.now() - closedAtMs;
  process.stdout.write(JSON.stringify({ closedAfterMs, endedAfterMs, faults }));
});
