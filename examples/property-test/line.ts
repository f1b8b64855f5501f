/** A network of one's own, and nothing else: `npx tsx examples/property-test/line.ts` */
import {
  drawChart,
  Network,
  type NetworkOptions,
  PERFECT_LINE,
  PERFECT_NETWORK,
  Play,
  seeded,
  SimulatedHttp,
} from "holdfast/sim";

/** Slow, far, and bad in bursts. */
export const PIGEONS: NetworkOptions = {
  ...PERFECT_NETWORK,
  up: {
    ...PERFECT_LINE,
    latencyMs: 400,
    jitterMs: 300,
    loss: { enterPermille: 50, leavePermille: 300, lossGoodPermille: 5, lossBadPermille: 900 },
  },
  down: { ...PERFECT_LINE, latencyMs: 400, bytesPerSecond: 1_000 },
};

const END_MS = 6_000;
const play = new Play(seeded(3));
const http = new SimulatedHttp();
const network = new Network(http, PIGEONS, play, { client: "pigeon", server: "loft" });
let sent = 0;
for (;;) {
  const sendAtMs = sent < 10 ? sent * 500 : Infinity;
  const item = network.nextItem;
  const atMs = Math.min(sendAtMs, item?.atMs ?? Infinity, network.nextAtMs);
  if (atMs > END_MS) break;
  network.nowMs = atMs; // Time goes to what happens next: a fault, an arrival, a request.
  if (network.nextAtMs <= atMs) network.handleTimeout();
  else if (item === undefined || item.atMs > atMs) {
    network.handleSent(http.sendRequest(++sent, new Uint8Array(3), atMs));
  } else {
    network.handleArrived(item);
    if (item.kind !== "request") http.takeAnswer(item);
    else {
      const answer = http.sendAnswer(http.takeRequest(item), new Uint8Array(300), atMs);
      if (answer !== undefined) network.handleSent(answer);
    }
  }
}
console.log(drawChart(play));
