/**
 * What runs in the page: sessions as an application would keep them, through reloads too. The tests
 * call its methods from outside, so what goes in and out is plain data.
 */
import type * as client from "../../src/http/connect-fetch.ts";

/** What is used here of a page. */
interface PageHost {
  readonly sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, text: string): void;
  };
  readonly document: { readonly visibilityState: string };
  readonly location: { href: string };
  addEventListener(type: string, listener: (event: { readonly persisted?: boolean }) => void): void;
  open(url: string): unknown;
}

export interface OpenOptions extends Pick<
  client.ConnectOptions,
  | "reconnectDelayMinMs"
  | "reconnectDelayMaxMs"
  | "lostAfterMs"
  | "credentials"
  | "links"
  | "sharesConnections"
> {
  readonly url?: string;
  /** Each request gets the next of these tokens; the last one stays. None: no such header. */
  readonly tokens?: readonly (string | null)[];
}

/** What the page keeps for the one after it. */
interface Kept {
  readonly saved: string;
  readonly received: readonly unknown[];
  readonly sent: number;
  readonly isPaced: boolean;
  readonly links: OpenOptions["links"];
}

/** Outcome of a session, as plain data: the messages that were never sent, or perhaps sent. */
export interface PlainEnd {
  readonly reason: string;
  readonly neverSent: readonly unknown[];
  readonly unknown: readonly unknown[];
}

const KEY = "session";
const PACE_MS = 5;
/** Messages at once while the page keeps its pace. */
const BURST = 4;

export class Program {
  /** What happened to the page and to its sessions, in order. */
  readonly events: string[] = [];
  received: unknown[] = [];
  /** Links of the first session, as they came. */
  readonly links: string[] = [];
  /** When each of these came, in milliseconds since 1970. */
  readonly receivedAtMs: number[] = [];
  sent = 0;
  /** Asked when the page loads: what is called from outside is not bound by its policy. */
  readonly canEvaluate: boolean = canEvaluate();
  readonly #client: typeof client;
  readonly #host: PageHost = globalThis as unknown as PageHost;
  readonly #sessions: client.ClientSession[] = [];
  #pace: ReturnType<typeof setInterval> | undefined;
  #isEcho = false;
  #keeps = true;
  #links: OpenOptions["links"];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(from: typeof client) {
    this.#client = from;
    const text = this.#host.sessionStorage.getItem(KEY);
    if (text !== null) this.#goOn(JSON.parse(text) as Kept);
    for (const type of ["online", "offline", "freeze", "resume", "securitypolicyviolation"]) {
      this.#host.addEventListener(type, () => this.events.push(type));
    }
    this.#host.addEventListener("visibilitychange", () => {
      this.events.push(this.#host.document.visibilityState);
    });
    this.#host.addEventListener("pagehide", () => this.#keep());
    this.#host.addEventListener("pageshow", ({ persisted }) => {
      if (persisted === true) this.events.push("shown again");
    });
  }

  open(options: OpenOptions = {}): void {
    const { url = "/holdfast", tokens, ...rest } = options;
    this.#links = rest.links;
    this.#use(this.#client.connect(url, { ...rest, headers: headersFrom(tokens) }));
  }

  /** The next numbers from 0 on, on the first session. */
  sendNumbers(count: number): void {
    for (let at = 0; at < count; at++) this.#first.send(this.sent++);
  }

  send(message: unknown, session = 0): void {
    this.#sessions.at(session)?.send(message);
  }

  startPace(): void {
    this.#pace = setInterval(() => this.sendNumbers(BURST), PACE_MS);
  }

  /** Returns how many numbers were sent in all. */
  stopPace(): number {
    clearInterval(this.#pace);
    this.#pace = undefined;
    return this.sent;
  }

  /** Resolves when so many messages have come, with all of them. */
  async take(count: number): Promise<readonly unknown[]> {
    if (this.received.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.received;
  }

  flushed(): Promise<void> {
    return this.#first.flushed();
  }

  status(): string {
    return this.#first.status.state;
  }

  reason(): string {
    return this.#first.status.reason;
  }

  /** Resolves when the first session is told one of these. */
  told(name: "lost" | "resumed"): Promise<void> {
    return new Promise((resolve) => {
      const unlisten = this.#first.on(name, () => {
        unlisten();
        resolve();
      });
    });
  }

  async ended(): Promise<PlainEnd> {
    const { reason, neverSent, unknown } = await this.#first.ended;
    const codec = this.#client.msgpack();
    const decode = ({ payload }: { readonly payload: Uint8Array }): unknown =>
      codec.decode(payload);
    return { reason, neverSent: neverSent.map(decode), unknown: unknown.map(decode) };
  }

  /** Fetches something of the page's own so often, and resolves with the time of the slowest. */
  async fetchOften(path: string, count: number): Promise<number> {
    const times = Array.from({ length: count }, async () => {
      const sinceMs = performance.now();
      const response = await fetch(path);
      await response.text();
      return performance.now() - sinceMs;
    });
    return Math.max(...(await Promise.all(times)));
  }

  /** How long a timer of so many milliseconds takes, when others came before. */
  async timerMs(delayMs: number): Promise<number> {
    let tookMs = 0;
    for (let timer = 0; timer < 3; timer++) {
      const sinceMs = performance.now();
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
      tookMs = performance.now() - sinceMs;
    }
    return tookMs;
  }

  /** Sends back whatever comes on the first session. */
  startEcho(): void {
    this.#isEcho = true;
  }

  /** Another session in the place of the one before, of which nothing is kept. */
  replace(options: OpenOptions): void {
    for (const session of this.#sessions.splice(0)) session.abort();
    this.received = [];
    this.receivedAtMs.length = 0;
    this.sent = 0;
    this.open(options);
  }

  /** Nothing is kept for the page after this one. */
  keepNothing(): void {
    this.#keeps = false;
  }

  /** Sends numbers and is on its way to another page before they can have left. */
  sendAndLeave(count: number, url: string): void {
    this.sendNumbers(count);
    this.#host.location.href = url;
  }

  /** The same with the numbers as the page's very last words. */
  sendOnLeaving(count: number): void {
    this.#host.addEventListener("pagehide", () => this.sendNumbers(count));
  }

  close(): void {
    void this.#first.close();
  }

  abort(reason: string): void {
    this.#first.abort(7, reason);
  }

  link(): string {
    return this.#first.link;
  }

  linkReason(): string {
    return this.#first.linkReason;
  }

  /** Resolves when the first session is on this link. */
  async on(link: string): Promise<void> {
    if (this.#first.link === link) return;
    await new Promise<void>((resolve) => {
      const unlisten = this.#first.on("link", (name) => {
        if (name !== link) return;
        unlisten();
        resolve();
      });
    });
  }

  /** Another tab with a copy of this one's storage, as when a person duplicates it. */
  duplicate(): void {
    this.#host.open("/");
  }

  get #first(): client.ClientSession {
    const [session] = this.#sessions;
    if (session === undefined) throw new Error("The page has no session");
    return session;
  }

  #use(session: client.ClientSession): void {
    if (this.#sessions.push(session) === 1) {
      session.on("link", (name) => this.links.push(name));
    }
    for (const name of ["lost", "resumed", "ended"] as const) {
      session.on(name, () => this.events.push(name));
    }
    session.onBundle((messages) => {
      for (const message of messages) {
        this.received.push(message);
        this.receivedAtMs.push(Date.now());
        if (this.#isEcho) session.send(message);
      }
      const met = this.#waiting.filter(({ count }) => this.received.length >= count);
      this.#waiting = this.#waiting.filter((each) => !met.includes(each));
      for (const { resolve } of met) resolve();
    });
  }

  #goOn(kept: Kept): void {
    this.received = [...kept.received];
    this.sent = kept.sent;
    this.events.push("went on");
    this.#links = kept.links;
    this.#use(this.#client.connect("/holdfast", { resume: kept.saved, links: kept.links }));
    if (kept.isPaced) this.startPace();
  }

  #keep(): void {
    const [session] = this.#sessions;
    if (!this.#keeps || session === undefined || session.status.state === "ended") return;
    const isPaced = this.#pace !== undefined;
    const { received, sent } = this;
    const kept: Kept = { saved: session.save(), received, sent, isPaced, links: this.#links };
    this.#host.sessionStorage.setItem(KEY, JSON.stringify(kept));
  }
}

/** Whether the page may make code out of text. */
function canEvaluate(): boolean {
  try {
    return Reflect.construct(Function, ["return true"])() as boolean;
  } catch {
    return false;
  }
}

function headersFrom(
  tokens: readonly (string | null)[] | undefined,
): client.ConnectOptions["headers"] {
  if (tokens === undefined) return undefined;
  let next = 0;
  return async () => {
    const token = tokens[Math.min(next++, tokens.length - 1)];
    if (typeof token !== "string") throw new Error("No token at present");
    return { authorization: `Bearer ${token}` };
  };
}
