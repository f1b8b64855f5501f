/** What halves keep to themselves and checks look at all the same. */
import type {
  Endpoint,
  ParkSide,
  RequestOptions,
  RequestSide,
  SessionOptions,
} from "../../core/index.ts";

/** Either half of a session. */
export type Half = RequestSide | ParkSide;

interface OpenHalf {
  readonly settings: SessionOptions;
  readonly nowMs: number;
  readonly closeAtMs: number;
  readonly probeAtMs: number;
  readonly silenceAtMs: number;
  readonly pausedUntilMs: number;
  readonly bodyBytesLimit: number;
  readonly bodyBytesCeiling: number;
  readonly unreadableInRow: number;
  readonly isAboveHighWater: boolean;
  readonly ownChannels: number;
  considerTimers(consider: (name: string, atMs: number) => void): void;
}

interface OpenClient extends OpenHalf {
  readonly options: RequestOptions;
  readonly generation: number;
  readonly retry: { readonly notBeforeMs: number };
  readonly savedUntilMs: number;
  readonly wakeAtMs: number;
  readonly predecessors: readonly number[];
  readonly offer: { readonly due: { readonly link: number } | undefined };
}

interface OpenServer extends OpenHalf {
  readonly options: SessionOptions & { readonly requestsHeldMax: number };
  readonly leftOver: readonly unknown[];
  readonly isStarved: boolean;
  readonly isAdmitted: boolean;
  readonly isOpenedOwed: boolean;
  readonly isOfferOwed: boolean;
  readonly hearingFrom: number;
  readonly pauses: unknown;
  readonly messagesSinceMs: number;
  readonly overThrough: number;
  readonly over: RequestSide["exchanges"]["over"];
  readonly answerTimes: ReadonlyMap<number, number>;
}

interface OpenEndpoint {
  readonly options: {
    readonly sessionsMax: number;
    readonly pendingMax: number;
    readonly sessionsPerAddressMax: number;
    readonly tombstonesMax: number;
  };
  readonly tombstones: ReadonlyMap<string, { readonly forgetAtMs: number }>;
  readonly perAddress: ReadonlyMap<string, number>;
  readonly pending: number;
}

interface OpenReceiver {
  readonly options: {
    readonly hold: string;
    readonly windowMessages: number;
    readonly windowBytes: number;
    readonly channelsMax: number;
    readonly channelUnits: number;
    readonly channelBytes: number;
    readonly assemblyBytesMax: number;
  };
  readonly windows: {
    readonly unitsToLend: number;
    readonly bytesToLend: number;
    readonly seqsConsumed: number;
    readonly bytesConsumed: number;
    readonly peerBlocked: { readonly seqMax: number; readonly bytesMax: number } | undefined;
    readonly seqStated: number;
    readonly bytesStated: number;
  };
  readonly heldStated: number;
}

export function openHalf(half: Half): OpenHalf {
  return half as unknown as OpenHalf;
}

export function openClient(client: RequestSide): OpenClient {
  return client as unknown as OpenClient;
}

export function openServer(server: ParkSide): OpenServer {
  return server as unknown as OpenServer;
}

export function openEndpoint(endpoint: Endpoint): OpenEndpoint {
  return endpoint as unknown as OpenEndpoint;
}

export function openReceiver({ receiver }: Half): OpenReceiver {
  return receiver as unknown as OpenReceiver;
}
