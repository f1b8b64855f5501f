/**
 * What a network lets through between here and a server: which links work and how soon, whether
 * anybody holds streams back, and for how long a request may be held. Each link is tried by a session
 * of its own, so what is found is what a session would find.
 */
import { NodeCarrier, type NodeCarrierOptions } from "../http/node-carrier.ts";
import {
  type ClientSession,
  type CodecFactory,
  connectOver,
  type LinkName,
  msgpack,
  raw,
} from "../session/index.ts";
import { refuse } from "../session/checks.ts";
import { type HoldReport, watchHolding } from "./holding.ts";
import { firstWithin } from "./first-within.ts";
import { WatchedCarrier } from "./watched-carrier.ts";

export type { HoldReport } from "./holding.ts";

/** How the server is reached: as of `connect`. The link by TCP is tried where `tcp` says where. */
type Way = Pick<NodeCarrierOptions, "headers" | "agent" | "tcp" | "tls">;

/** What is asked of a probe. */
export interface ProbeOptions extends Way {
  /** A link that has not come about after so long does not work. Default 10 s. */
  readonly linkTimeoutMs?: number | undefined;
  /**
   * For how long a request is held at most, to see whether somebody cuts it. Default 30 s: longer
   * than servers hold one by themselves. 0: that is not tried.
   */
  readonly holdForMs?: number | undefined;
  /** Sent by each link, as the codec likes. Default: none, as the server's application gets it. */
  readonly message?: unknown;
  /**
   * Default: `raw`, which takes whatever the server says; where a message is sent, which needs the
   * server's codec, the one that sessions have by default, `msgpack`.
   */
  readonly codec?: CodecFactory | undefined;
}

/** How one link fares. */
export interface LinkReport {
  readonly link: LinkName;
  readonly works: boolean;
  /**
   * How long it took until it was used, in ms, from the beginning of its session. For polling that is
   * the first round trip; the others are opened beside it. Undefined where it does not work.
   */
  readonly afterMs: number | undefined;
  /** How long the message took to be held by the server, in ms; undefined where none was sent. */
  readonly messageMs: number | undefined;
  /** Why it does not work, or the message did not get there; machine-readable, else empty. */
  readonly reason: string;
}

/** What a probe found. */
export interface ProbeReport {
  readonly url: string;
  /** Polling works, no stream is held back, no held request is cut, and no message was lost. */
  readonly isFine: boolean;
  /** Polling first. If it does not work, only the link by TCP is tried, if there is one. */
  readonly links: readonly LinkReport[];
  /**
   * Somebody on the way holds back what comes by a stream. Undefined where that is not known: no
   * stream was tried, or it was refused or cut before anything could come by it.
   */
  readonly isBuffered: boolean | undefined;
  /** Undefined where it was not tried, or polling does not work. */
  readonly hold: HoldReport | undefined;
}

/** Beside polling, and where that does not work: what goes another way. */
const PIPES: readonly Exclude<LinkName, "poll">[] = ["stream", "websocket", "tcp"];
const ALONE: readonly Exclude<LinkName, "poll">[] = ["tcp"];

const LINK_TIMEOUT_MS = 10_000;
const HOLD_FOR_MS = 30_000;

/** Longer than that no timer waits: it fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** So many failures in a row are an answer; one may be an accident. */
const FAILURES_MAX = 3;

/** For so long it is waited for what somebody has held back, and for the end of a session. */
const LATE_MS = 2_000;

/** What all links are tried with. */
interface Trial {
  readonly url: string;
  readonly way: Way;
  readonly timeoutMs: number;
  readonly message: unknown;
  readonly codec: CodecFactory;
}

/**
 * Opens a session by each link, one after the other, and closes it; the server's application sees
 * them come and go.
 *
 * @throws UsageError `option_invalid`, as a rejection.
 */
export async function probe(url: string, options: ProbeOptions = {}): Promise<ProbeReport> {
  const { headers, agent, tcp, tls, message } = options;
  const { codec = message === undefined ? raw : msgpack } = options;
  const { linkTimeoutMs: timeoutMs = LINK_TIMEOUT_MS, holdForMs = HOLD_FOR_MS } = options;
  checkTime(timeoutMs, 1, "linkTimeoutMs");
  checkTime(holdForMs, 0, "holdForMs");
  const trial = { url, way: { headers, agent, tcp, tls }, timeoutMs, message, codec };
  const poll = await tryPoll(trial);
  const links: LinkReport[] = [poll.report];
  let isBuffered: boolean | undefined;
  const isPolling = poll.report.works;
  // It takes its time: meanwhile the others are tried.
  const held = isPolling ? watchHolding(poll.carrier, holdForMs) : undefined;
  for (const link of isPolling ? PIPES : ALONE) {
    if (link === "tcp" && tcp === undefined) continue;
    const { report, isHeldBack } = await tryPipe(trial, link, isPolling ? [link, "poll"] : [link]);
    links.push(report);
    if (link === "stream") isBuffered = isHeldBack;
  }
  const hold = await held;
  await leave(poll.session);
  const isLost = links.some(({ works, reason }) => works && reason !== "");
  const isFine = isPolling && isBuffered !== true && !isLost && hold?.cutAfterMs === undefined;
  return { url, isFine, links, isBuffered, hold };
}

function checkTime(timeMs: unknown, leastMs: number, name: string): void {
  const isFit = typeof timeMs === "number" && timeMs >= leastMs && timeMs <= TIMER_MS_MAX;
  if (!isFit) refuse(name, timeMs, `from ${leastMs} to ${TIMER_MS_MAX}`);
}

async function tryPoll({ url, way, timeoutMs, message, codec }: Trial): Promise<{
  readonly report: LinkReport;
  readonly session: ClientSession;
  readonly carrier: WatchedCarrier;
}> {
  const carrier = new WatchedCarrier(new NodeCarrier(url, { ...way, links: ["poll"] }));
  const beganAtMs = performance.now();
  const session = connectOver(carrier, codec);
  let lastReason = "timeout";
  const isOpen = await firstWithin(timeoutMs, (done) => {
    void session.opened.then(
      () => done(true),
      () => done(false),
    );
    let failures = 0;
    carrier.onExchange = ({ outcome }) => {
      if (outcome.kind === "failure") lastReason = outcome.reason;
      if (outcome.kind === "failure" && ++failures === FAILURES_MAX) done(false);
    };
  });
  const afterMs = isOpen === true ? performance.now() - beganAtMs : undefined;
  const told = isOpen === true ? await say(session, message, timeoutMs) : NOTHING_SAID;
  const reason = session.status.state === "ended" ? await endOf(session) : lastReason;
  return { report: reportOf("poll", afterMs, told, reason), session, carrier };
}

async function tryPipe(
  { url, way, timeoutMs, message, codec }: Trial,
  link: Exclude<LinkName, "poll">,
  links: readonly LinkName[],
): Promise<{ readonly report: LinkReport; readonly isHeldBack: boolean | undefined }> {
  const carrier = new WatchedCarrier(new NodeCarrier(url, { ...way, links }));
  const beganAtMs = performance.now();
  const session = connectOver(carrier, codec);
  const isJoined = await firstWithin(timeoutMs, (done) => {
    session.on("link", (name) => name === link && done(true));
    // Alone it is the link from the beginning.
    if (session.link === link) session.opened.then(() => done(true)).catch(() => {});
    session.on("ended", () => done(false));
    let failures = 0;
    for (const pipes of carrier.pipes) {
      pipes.onEnd = (wasSilent) => {
        // A session does not try that again for long.
        if (++failures === FAILURES_MAX || wasSilent) done(false);
      };
    }
  });
  const afterMs = isJoined === true ? performance.now() - beganAtMs : undefined;
  const told = isJoined === true ? await say(session, message, timeoutMs) : NOTHING_SAID;
  const { state } = session.status;
  const reason = state === "ended" ? await endOf(session) : session.linkReason || "timeout";
  const cameLate = await leaveWatching(session, carrier);
  const wasLate = afterMs === undefined && (cameLate || reason === "buffered");
  const report = reportOf(link, afterMs, told, wasLate ? "buffered" : reason);
  // What stayed silent to the end was swallowed. Of a pipe that never came about nothing is known.
  const wasOpen = report.works || wasLate || reason === "silent";
  return { report, isHeldBack: wasOpen ? wasLate : undefined };
}

/** Why a session has ended. */
async function endOf(session: ClientSession): Promise<string> {
  const { reason, detail } = await session.ended;
  return detail === "" ? reason : `${reason}: ${detail}`;
}

/** How long it took until the server held the message, and whether it did, if there is one. */
interface Told {
  readonly messageMs: number | undefined;
  readonly isLost: boolean;
}

const NOTHING_SAID: Told = { messageMs: undefined, isLost: false };

async function say(session: ClientSession, message: unknown, timeoutMs: number): Promise<Told> {
  if (message === undefined) return NOTHING_SAID;
  const beganAtMs = performance.now();
  session.send(message);
  const isHeld = await firstWithin(timeoutMs, (done) => {
    void session.flushed().then(
      () => done(true),
      () => done(false),
    );
  });
  if (isHeld !== true) return { messageMs: undefined, isLost: true };
  return { messageMs: Math.round(performance.now() - beganAtMs), isLost: false };
}

function reportOf(
  link: LinkName,
  afterMs: number | undefined,
  { messageMs, isLost }: Told,
  reason: string,
): LinkReport {
  if (afterMs === undefined) return { link, works: false, afterMs, messageMs, reason };
  const why = isLost ? `message lost: ${reason}` : "";
  return { link, works: true, afterMs: Math.round(afterMs), messageMs, reason: why };
}

/** Ends a session. If the server ended a silent stream with it, what was held back comes now. */
async function leaveWatching(session: ClientSession, carrier: WatchedCarrier): Promise<boolean> {
  const kept = carrier.pipes.filter(({ hasKept }) => hasKept);
  const late = firstWithin(LATE_MS, (done) => {
    for (const pipes of kept) pipes.onLate = () => done(true);
    if (kept.length === 0) done(false);
  });
  await leave(session);
  const cameLate = (await late) === true;
  for (const pipes of carrier.pipes) pipes.release();
  return cameLate;
}

async function leave(session: ClientSession): Promise<void> {
  if (session.status.state === "open") {
    await firstWithin(LATE_MS, (done) => void session.close().then(() => done(true)));
  }
  if (session.status.state !== "ended") session.abort(undefined, "probe");
  await session.ended;
}
