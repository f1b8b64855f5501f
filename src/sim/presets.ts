/**
 * Networks that people are on, by name. Latencies and rates come from what has been published,
 * where something has; what could not be found is marked "chosen".
 *
 * One thing is chosen in all of them: how often a body vanishes. What is published is the loss of
 * packets, and TCP repairs that at the price of delay. What is left of it for HTTP is a connection
 * that hangs or breaks, and nobody seems to have counted those.
 */
import type { HttpFaults } from "./network/http-faults.ts";
import type { LineOptions } from "./network/line.ts";
import { type NetworkOptions, PERFECT_NETWORK } from "./network/network.ts";

/** Names of the networks of `PRESETS`. */
export type PresetName =
  | "wifi"
  | "lossyWifi"
  | "mobile4g"
  | "satellite"
  | "trainTunnel"
  | "hostileProxy";

const BYTES_OF_A_MEGABIT = 125_000;

/** What is not said is perfect. */
function network(
  both: Partial<LineOptions>,
  others: {
    readonly up?: Partial<LineOptions>;
    readonly down?: Partial<LineOptions>;
    readonly http?: Partial<HttpFaults>;
    readonly partitions?: NetworkOptions["partitions"];
  },
): NetworkOptions {
  const { up, down, http, partitions } = PERFECT_NETWORK;
  return {
    up: { ...up, ...both, ...others.up },
    down: { ...down, ...both, ...others.down },
    http: { ...http, ...others.http },
    partitions: others.partitions ?? partitions,
  };
}

/**
 * A wireless network at home or at work with a server nearby. Half of all packets see more than
 * 20 ms on the wireless hop's round trip, a tenth more than 100 ms: C. Pei et al., "WiFi can be the
 * weakest link of round trip network latency in the wild", INFOCOM 2016 (47 access points, two
 * months). Hence 10 ms each way, and one body in twenty late by up to 160 ms. Correlation 0.25,
 * as the examples in the documentation of Linux's netem have it. Loss: chosen.
 */
export const WIFI: NetworkOptions = network(
  {
    latencyMs: 10,
    jitterMs: 8,
    jitterCorrelation: 0.25,
    loss: 1,
    reorderPermille: 50,
    reorderMs: 160,
    bytesPerSecond: 50 * BYTES_OF_A_MEGABIT,
    queueBytesMax: 2_000_000,
  },
  { http: { requestFailsPermille: 1, responseLostPermille: 1, errorMs: 500 } },
);

/**
 * The same at the edge of its reach: losses come in bursts. The model is Gilbert's and Elliott's,
 * which fits what is measured on the Internet (G. Haßlinger and O. Hohlfeld, "The Gilbert-Elliott
 * model for packet loss in real time services on the Internet", MMB 2008) and is too kind to the
 * longest bursts indoors (K. V. Cardoso and J. F. de Rezende, "Accurate hidden Markov modeling of
 * packet losses in indoor 802.11 networks", IEEE Communications Letters 13, 2009). Its parameters
 * are chosen: one body in fifty begins a burst of three on average, and a burst loses four of five.
 */
export const LOSSY_WIFI: NetworkOptions = network(
  {
    latencyMs: 25,
    jitterMs: 20,
    jitterCorrelation: 0.5,
    loss: { enterPermille: 20, leavePermille: 333, lossGoodPermille: 1, lossBadPermille: 800 },
    reorderPermille: 100,
    reorderMs: 400,
    duplicatePermille: 1,
    bytesPerSecond: 2 * BYTES_OF_A_MEGABIT,
    queueBytesMax: 256_000,
  },
  {
    http: {
      requestFailsPermille: 10,
      responseLostPermille: 10,
      clientAbortPermille: 5,
      errorMs: 2_000,
    },
  },
);

/**
 * A telephone on 4G: 53.1 ms there and back on average, 14.7 Mbit/s down and 13.6 up. Ofcom,
 * "Measuring mobile broadband performance in the UK: 4G and 3G network performance", 2015 (five
 * cities, 120,000 samples of October to December 2014). Half of it each way. Jitter, queue, short
 * cuts by handovers: chosen.
 */
export const MOBILE_4G: NetworkOptions = network(
  {
    latencyMs: 27,
    jitterMs: 15,
    jitterCorrelation: 0.5,
    loss: 2,
    reorderPermille: 10,
    reorderMs: 300,
    queueBytesMax: 1_000_000,
  },
  {
    up: { bytesPerSecond: 13.6 * BYTES_OF_A_MEGABIT },
    down: { bytesPerSecond: 14.7 * BYTES_OF_A_MEGABIT },
    http: { requestFailsPermille: 3, responseLostPermille: 3, errorMs: 1_000 },
    partitions: {
      checkMs: 5_000,
      permille: 50,
      lengthMinMs: 100,
      lengthMaxMs: 2_000,
      cuts: ["both"],
    },
  },
);

/**
 * A geostationary satellite: some 600 ms there and back, of which light alone takes 477. G. Huston,
 * "Using LEOs and GEOs", APNIC Labs 2022. 100 Mbit/s down and 10 up are the subscription that
 * UCLouvain and others compared Starlink with ("Fact checking Starlink's performance figures",
 * APNIC blog 2022). Jitter and losses: chosen.
 */
export const SATELLITE: NetworkOptions = network(
  {
    latencyMs: 300,
    jitterMs: 20,
    jitterCorrelation: 0.25,
    loss: { enterPermille: 5, leavePermille: 500, lossGoodPermille: 1, lossBadPermille: 500 },
    queueBytesMax: 1_000_000,
  },
  {
    up: { bytesPerSecond: 10 * BYTES_OF_A_MEGABIT },
    down: { bytesPerSecond: 100 * BYTES_OF_A_MEGABIT },
    http: { requestFailsPermille: 2, responseLostPermille: 2, errorMs: 1_000 },
  },
);

/**
 * The telephone of `MOBILE_4G` on a train: at 100 km/h a tunnel of 300 m lasts 11 s and one of
 * 1.7 km 61 s. How often there is one is chosen: it is asked each 90 s, with even odds. What is
 * under way when one begins hangs, or is lost when connections break.
 */
export const TRAIN_TUNNEL: NetworkOptions = network(
  { ...MOBILE_4G.up, jitterMs: 25, loss: 10, reorderPermille: 50, reorderMs: 1_500 },
  {
    down: { bytesPerSecond: MOBILE_4G.down.bytesPerSecond },
    http: { ...MOBILE_4G.http, requestFailsPermille: 20, responseLostPermille: 20 },
    partitions: {
      checkMs: 90_000,
      permille: 500,
      lengthMinMs: 11_000,
      lengthMaxMs: 61_000,
      cuts: ["both"],
    },
  },
);

/**
 * A good line and a middle that means well: it cuts what is silent for 60 s (nginx's default
 * `proxy_read_timeout`, and the idle timeout of AWS's load balancers), refuses uploads of more than
 * 1 MiB (nginx's default `client_max_body_size`), sends requests again, holds answers back, speaks
 * for the server, rewrites now and then, and shows cut bodies as whole. That proxies do each of
 * these was measured: decision 0012. How often is chosen.
 */
export const HOSTILE_PROXY: NetworkOptions = network(
  { latencyMs: 15, jitterMs: 5, loss: 2, truncatePermille: 10, flipPermille: 5 },
  {
    http: {
      responseLostPermille: 10,
      requestFailsPermille: 10,
      clientAbortPermille: 5,
      gatewayPermille: 20,
      pagePermille: 5,
      replayPermille: 20,
      replayMs: 2_000,
      bufferPermille: 30,
      bufferMs: 5_000,
      errorMs: 1_000,
      parkedIdleMs: 60_000,
      requestBytesMax: 1_048_576,
      restartCheckMs: 60_000,
      restartPermille: 50,
    },
  },
);

/** Networks by name. */
export const PRESETS: Readonly<Record<PresetName, NetworkOptions>> = {
  wifi: WIFI,
  lossyWifi: LOSSY_WIFI,
  mobile4g: MOBILE_4G,
  satellite: SATELLITE,
  trainTunnel: TRAIN_TUNNEL,
  hostileProxy: HOSTILE_PROXY,
};
