/**
 * A client's session: it can be saved and gone on with elsewhere, after a page's reload for one.
 */
import { type RequestOptions, RequestSide, UsageError } from "../core/index.ts";
import { within } from "../core/options.ts";
import type { Carrier } from "./carrier.ts";
import { ClientLoop } from "./client-loop.ts";
import { type Optional, withoutUndefined } from "./checks.ts";
import { checkCodec, type CodecFactory } from "./codec.ts";
import { type Host, platform } from "./host.ts";
import { CLIENT_LOST_AFTER_MS } from "./limits.ts";
import { encodeSaved, resumeSaved, type SavedInbox } from "./saved-session.ts";
import type { LinkName } from "./pipe-carrier.ts";
import { Session } from "./session.ts";
import type { SessionHub } from "./session-hub.ts";

/** Bytes of the secret that a client makes: 256 bits. */
const SECRET_BYTES = 32;
const NONCE_BYTES = 16;

/** What every client can be told; limits and times are the core's, with its defaults. */
export interface ClientOptions extends Optional<
  Omit<RequestOptions, "consume" | "literal" | "requests">
> {
  /**
   * What `save()` gave. The session goes on where it was saved, with the limits that it had; the
   * options of the core are not looked at. A state may be resumed more than once, as when a tab is
   * duplicated: the client that the server hears first has the session, and every other one, the
   * one that was saved too, is told `superseded`. Another build of this library refuses it: to the
   * application that is as if nothing had been saved.
   */
  readonly resume?: string | undefined;
  /**
   * A path that has been down for so long is told as `lost`. Default 1 s: shorter than a person
   * takes for an outage, longer than the retry that mends a cut connection.
   */
  readonly lostAfterMs?: number | undefined;
}

const DAY_MS = 86_400_000;

/** A session at the client: what `connect` returns. */
export class ClientSession<Incoming = unknown, Outgoing = unknown> extends Session<
  Incoming,
  Outgoing
> {
  readonly #hub: SessionHub;
  readonly #side: RequestSide;

  /** @internal Made by the library. */
  constructor(hub: SessionHub, side: RequestSide) {
    super(hub);
    this.#hub = hub;
    this.#side = side;
  }

  /** By which link the server is heard at present; `link` tells of each other one. */
  get link(): LinkName {
    return this.#hub.link;
  }

  /**
   * Why the last other link ended or did not come about: `websocket_refused`, `websocket_timeout`,
   * `buffered`, `silent`; also where another session of its origin has found that out. Empty while
   * none has; machine-readable.
   */
  get linkReason(): string {
    return this.#hub.linkReason;
  }

  /**
   * The session's state as text, for `connect(url, { resume })`. It holds the session's secret:
   * keep it where other origins and users cannot read it. A message that the application was
   * handed counts as delivered. Channels are found again in `channels`. Encoders start anew, and
   * decoders with what they save. Call it last, at `pagehide` for one: what is sent or received
   * afterwards is not in it. The session is then silent for a second, or until its page is shown
   * again, so that a page that goes away leaves the session to what is resumed: saved more often
   * than that, it says nothing.
   *
   * @throws UsageError `session_closed` after the end.
   */
  save(): string {
    const nowMs = this.#hub.host.nowMs();
    this.#hub.beforeTransmit(nowMs);
    const inboxes: SavedInbox[] = [];
    const { inbox, channels } = this.#hub;
    inboxes.push({ channelId: 0, facts: undefined, ...inbox.content });
    for (const [id, { channel, inbox: other }] of channels) {
      const { label, mode, isOwn } = channel;
      inboxes.push({ channelId: id, facts: { label, mode, isOwn }, ...other.content });
    }
    const core = this.#side.save(nowMs);
    // It is silent for a while, and then has something to say.
    this.#hub.touch();
    return encodeSaved({ version: 1, core, inboxes });
  }
}

/**
 * Begins a session over a carrier, or goes on with one that was saved. Returns at once: messages
 * may be sent before the server has answered.
 *
 * @throws UsageError `option_invalid`, `option_unknown`, `state_invalid` for `resume`.
 */
export function connectOver<Incoming = unknown, Outgoing = unknown>(
  carrier: Carrier,
  makeCodec: CodecFactory,
  options: ClientOptions = {},
): ClientSession<Incoming, Outgoing> {
  return connectIn(platform, carrier, makeCodec, options);
}

/** The same in another host than the platform. */
export function connectIn<Incoming, Outgoing>(
  host: Host,
  carrier: Carrier,
  makeCodec: CodecFactory,
  options: ClientOptions,
): ClientSession<Incoming, Outgoing> {
  checkCodec(makeCodec);
  const { resume, lostAfterMs = CLIENT_LOST_AFTER_MS, ...limits } = withoutUndefined(options);
  // Of the core's options those that this layer decides.
  for (const name of ["consume", "requests"]) {
    if (name in limits) throw new UsageError("option_unknown", name);
  }
  const { requests = "parked" } = carrier;
  within(lostAfterMs, 0, DAY_MS, "lostAfterMs");
  if (resume !== undefined) {
    const { side, inboxes } = resumeSaved(host, resume, requests);
    const { hub } = new ClientLoop(host, side, carrier, makeCodec, lostAfterMs);
    hub.restore(inboxes);
    return new ClientSession(hub, side);
  }
  const credentials = host.randomBytes(NONCE_BYTES + SECRET_BYTES);
  const nonce = credentials.subarray(0, NONCE_BYTES);
  const secret = credentials.subarray(NONCE_BYTES);
  const carriers = carrier.carriersMax === undefined ? {} : { carriersMax: carrier.carriersMax };
  const settings = { ...carriers, ...limits, consume: "explicit", requests } as const;
  const side = new RequestSide(host.nowMs(), { nonce, secret }, settings);
  return new ClientSession(new ClientLoop(host, side, carrier, makeCodec, lostAfterMs).hub, side);
}
