/**
 * What a network lets through between here and a server: which links work and how soon, whether
 * anybody holds streams back, and for how long a request may be held.
 */
import { NodeCarrier, type NodeCarrierOptions } from "../http/node-carrier.ts";
import type { ClientSession } from "../session/client-session.ts";
import type { Carrier, LinkName, Outcome } from "../session/index.ts";
import { connectOver, msgpack } from "../session/index.ts";

/** What is asked of a probe. */
export interface ProbeOptions extends Pick<NodeCarrierOptions, "headers" | "agent"> {
  /** A link that has not come about after so long does not work. Default 10 s. */
  readonly linkTimeoutMs?: number | undefined;
  /** For how long a request is held at most. Default 30 s; 0: that is not tried. */
  readonly holdForMs?: number | undefined;
}

/** How one link fares. */
export interface LinkReport {
  readonly link: LinkName;
  readonly works: boolean;
  /** How long it took until it was used, in ms, beside polling; undefined where it does not work. */
  readonly afterMs: number | undefined;
  /** Why it does not work; machine-readable, empty where it does. */
  readonly reason: string;
}

/** How long a request was held. */
export interface HoldReport {
  readonly heldMs: number;
  /** `answered` by the server, `still held` when the time was over, or what cut it. */
  readonly ended: string;
}

/** What a probe found. */
export interface ProbeReport {
  readonly url: string;
  readonly links: readonly LinkReport[];
  /** Somebody on the way holds back what comes by a stream. */
  readonly isBuffered: boolean;
  /** Undefined where it was not tried, or polling does not work. */
  readonly hold: HoldReport | undefined;
}

const LINKS: readonly Exclude<LinkName, "poll">[] = ["stream", "websocket"];

/**
 * Opens a session for each link, one after the other, and closes it; the server's application sees
 * them come and go.
 *
 * @throws UsageError `option_invalid`.
 */
export async function probe(url: string, options: ProbeOptions = {}): Promise<ProbeReport> {
  const { linkTimeoutMs = 10_000, holdForMs = 30_000, ...carrierOptions } = options;
  const poll = await tryPoll(url, carrierOptions, linkTimeoutMs, holdForMs);
  const links: LinkReport[] = [poll.report];
  for (const link of poll.report.works ? LINKS : []) {
    links.push(await tryPipe(url, carrierOptions, link, linkTimeoutMs));
  }
  const isBuffered = links.some(({ reason }) => reason === "buffered");
  return { url, links, isBuffered, hold: poll.hold };
}

type CarrierChoice = Pick<NodeCarrierOptions, "headers" | "agent">;

async function tryPoll(
  url: string,
  options: CarrierChoice,
  timeoutMs: number,
  holdForMs: number,
): Promise<{ readonly report: LinkReport; readonly hold: HoldReport | undefined }> {
  const watched = new WatchedCarrier(new NodeCarrier(url, { ...options, links: ["poll"] }));
  const beganAtMs = performance.now();
  const session = connectOver(watched, msgpack);
  const isOpen = await within(timeoutMs, (done) => {
    void session.opened.then(() => done(true), () => done(false));
  });
  const afterMs = performance.now() - beganAtMs;
  const reason = isOpen === true ? "" : session.status.reason || "timeout";
  const report = reportOf("poll", isOpen === true ? afterMs : undefined, reason);
  let hold: HoldReport | undefined;
  if (isOpen === true && holdForMs > 0) {
    hold = await within(holdForMs, (done) => watched.watchHeld(done));
    hold ??= { heldMs: Math.round(watched.heldMs), ended: "still held" };
  }
  await leave(session);
  return { report, hold };
}

async function tryPipe(
  url: string,
  options: CarrierChoice,
  link: LinkName,
  timeoutMs: number,
): Promise<LinkReport> {
  const beganAtMs = performance.now();
  const session = connectOver(new NodeCarrier(url, { ...options, links: [link] }), msgpack);
  const isJoined = await within(timeoutMs, (done) => {
    session.on("link", (name) => name === link && done(true));
    session.on("ended", () => done(false));
  });
  const afterMs = isJoined === true ? performance.now() - beganAtMs : undefined;
  const reason = session.linkReason || session.status.reason || "timeout";
  await leave(session);
  return reportOf(link, afterMs, reason);
}

function reportOf(link: LinkName, afterMs: number | undefined, reason: string): LinkReport {
  const works = afterMs !== undefined;
  return { link, works, afterMs: works ? Math.round(afterMs) : undefined, reason: works ? "" : reason };
}

async function leave(session: ClientSession): Promise<void> {
  if (session.status.state !== "ended") session.abort(undefined, "probe");
  await session.ended;
}

/** What `begin` is told first, or undefined when the time is over. */
function within<Result>(
  timeoutMs: number,
  begin: (done: (result: Result) => void) => void,
): Promise<Result | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    begin((result) => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}

/** Sees how long requests are held. Those that are answered at once were not. */
class WatchedCarrier implements Carrier {
  readonly carriersMax = undefined;
  readonly #carrier: Carrier;
  #beganAtMs = 0;
  #told: ((report: HoldReport) => void) | undefined;

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  /** How long the request that left last has been out. */
  get heldMs(): number {
    return performance.now() - this.#beganAtMs;
  }

  /** The first request that ends after more than a round trip, or fails, is what is looked for. */
  watchHeld(told: (report: HoldReport) => void): void {
    this.#told = told;
  }

  async exchange(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const beganAtMs = (this.#beganAtMs = performance.now());
    const outcome = await this.#carrier.exchange(body, signal);
    const heldMs = Math.round(performance.now() - beganAtMs);
    const ended = outcome.kind === "answer" ? "answered" : outcome.reason;
    if (!signal.aborted) this.#told?.({ heldMs, ended });
    return outcome;
  }

  watch(wake: () => void): () => void {
    return this.#carrier.watch(wake);
  }

  close(): void {
    this.#carrier.close();
  }
}
