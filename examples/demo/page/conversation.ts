/** One session over one line, with its copy of the text. */
import type { ChangeSet } from "@codemirror/state";
import { type ClientSession, connect, type EndedInfo, type Status } from "holdfast";
import { type FromPage, type FromServer, sessionPath, SILENCE_LIMIT_MS } from "../messages.ts";
import type { Kept } from "./kept.ts";
import { observedFetch } from "./observed-fetch.ts";
import type { TabView } from "./panel.ts";
import { SharedDocument } from "./shared-document.ts";
import { Traffic } from "./traffic.ts";

/** Somebody who plugs the cable in does not want to wait for the library's five seconds. */
const RECONNECT_DELAY_MS_MAX = 1_000;

/** How long what was seen may go without a word: some of one's own may come and say it. */
const RECEIPT_AFTER_MS = 250;

/** What the server is told when something came that does not fit the text. */
const TEXT_BROKEN = 2;

/** Nothing of it is called after `leave`. */
export interface ConversationListeners {
  /** The text has come, or has come back with a reloaded page. */
  begun(): void;
  /** Somebody else changed the text. */
  changed(changes: ChangeSet): void;
  /** Something passed on the line. */
  passed(): void;
  /** Something may be different: the digests, the numbers. */
  news(): void;
  status(status: Status): void;
  ended(info: EndedInfo): void;
  /** Until then nothing may be put into the text field; undefined: now. */
  readonly release: Promise<void> | undefined;
}

export class Conversation {
  readonly lineId: string;
  readonly session: ClientSession<FromServer, FromPage>;
  readonly document: SharedDocument;
  readonly traffic: Traffic = new Traffic();
  /** How many have the text before them, as far as is known. */
  people = 1;
  readonly #listeners: ConversationListeners;
  /** Messages that wait until the text field is free. */
  #waiting: FromServer[] = [];
  #receipt: ReturnType<typeof setTimeout> | undefined;
  #isLeft = false;

  /** @throws UsageError, RangeError if what was kept is nothing to go on with. */
  constructor(lineId: string, listeners: ConversationListeners, kept?: Kept) {
    this.lineId = lineId;
    this.#listeners = listeners;
    this.document = kept === undefined ? new SharedDocument() : SharedDocument.load(kept.document);
    this.people = kept?.people ?? 1;
    this.session = connect<FromServer, FromPage>(sessionPath(lineId), {
      silenceLimitMs: SILENCE_LIMIT_MS,
      reconnectDelayMaxMs: RECONNECT_DELAY_MS_MAX,
      fetch: observedFetch(this.traffic, () => this.#tell(() => listeners.passed())),
      resume: kept?.session,
      // What passes is shown exchange by exchange.
      links: ["poll"],
    });
    this.session.on("status", (status) => this.#tell(() => listeners.status(status)));
    this.session.on("ended", (info) => this.#tell(() => listeners.ended(info)));
    this.session.onBundle((messages) => this.#take(messages));
  }

  /** Ends it, whatever is under way. */
  leave(): void {
    this.#isLeft = true;
    clearTimeout(this.#receipt);
    this.session.abort();
  }

  /** The text is there, and what is done to it will be sent. */
  get isReady(): boolean {
    return this.document.agreement !== "unknown" && this.session.isWritable;
  }

  /** A change that was made in this page. */
  change(changes: ChangeSet): void {
    clearTimeout(this.#receipt);
    this.#receipt = undefined;
    const edit = this.document.change(changes);
    // A letter may come between the end and the word of it: it stays in this tab, unsent.
    if (this.session.isWritable) this.session.send(edit);
    this.#listeners.news();
  }

  /** What the next page needs to go on, if it can. */
  save(): Kept | undefined {
    // What was handed over counts as delivered, so it must be in the text.
    this.#takeWaiting();
    const document = this.document.save();
    if (document === undefined || !this.isReady) return undefined;
    return { lineId: this.lineId, session: this.session.save(), document, people: this.people };
  }

  view(nowMs: number): TabView {
    const { status, stats, unacknowledged, bufferedBytes } = this.session;
    const { traffic } = this;
    const outstanding = traffic.outstanding;
    const parked = outstanding.filter((each) => traffic.isParked(each, nowMs)).length;
    const inFlight = outstanding.length - parked;
    return { state: status.state, stats, unacknowledged, bufferedBytes, inFlight, parked };
  }

  #take(messages: readonly FromServer[]): Promise<void> | undefined {
    this.#waiting.push(...messages);
    const { release } = this.#listeners;
    if (release !== undefined) return release.then(() => this.#takeWaiting());
    this.#takeWaiting();
    return undefined;
  }

  #tell(news: () => void): void {
    if (!this.#isLeft) news();
  }

  #takeWaiting(): void {
    if (this.#isLeft) return;
    const messages = this.#waiting;
    this.#waiting = [];
    try {
      for (const message of messages) this.#takeOne(message);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.session.abort(TEXT_BROKEN, error.message);
    }
    this.#receipt ??= setTimeout(() => this.#sendReceipt(), RECEIPT_AFTER_MS);
    this.#listeners.news();
  }

  #takeOne(message: FromServer): void {
    const changes = this.document.receive(message);
    if (message.kind === "people") this.people = message.count;
    else if (message.kind === "welcome") this.#listeners.begun();
    else if (changes !== undefined) this.#listeners.changed(changes);
  }

  #sendReceipt(): void {
    this.#receipt = undefined;
    const receipt = this.isReady ? this.document.takeReceipt() : undefined;
    if (receipt !== undefined) this.session.send(receipt);
  }
}
