/**
 * The text, and everybody who looks at it. Each session has one end of its text here, a `Copy`, and
 * what comes out of one goes to all others.
 *
 * Whoever is behind (the cable is pulled, the line is slow) is sent `UNSEEN_MAX` edits and no more
 * until the page says that it has seen some; what changes meanwhile waits as one edit. So nobody
 * can make the server remember more than a little, and those who come back catch up in one step.
 *
 * Nobody is trusted. An edit is looked at whole before anything is changed, and whoever sends one
 * that cannot be takes no part from that moment on. Everything that costs is bounded: what an edit
 * may be made of, what is remembered for a person, what is done in one turn of the event loop.
 */
import { type ChangeSet, Text } from "@codemirror/state";
import type { PeerSession } from "holdfast/server";
import { Copy } from "../shared-text/copy.ts";
import { checkPlain, inOnePiece, partsOf, sizeOf, trimOf } from "./changes.ts";
import {
  digestOf,
  type FromPage,
  type FromServer,
  SESSION_ENDS,
  TEXT_LENGTH_TAKEN_MAX,
  UNSEEN_MAX,
} from "./messages.ts";
import { Tail } from "./tail.ts";
import { Turns } from "./turns.ts";

type TextSession = PeerSession<FromPage, FromServer>;

interface Person {
  readonly session: TextSession;
  readonly copy: Copy;
  /** What others changed since this one was told last, up to `place`; that is not in `copy`. */
  waiting: ChangeSet | undefined;
  /** Of the room's tail: what comes from there on was not looked at for this one. */
  place: number;
  /** Of each change that the page is not known to have seen. */
  sizes: number[];
  /** The page has made changes and was not told that they came. */
  isOwed: boolean;
  /** How many people the page thinks there are. */
  countTold: number;
}

const INVITATION = [
  "This text is everybody's. Open this page in a second tab, or let a friend open it, and type.",
  "",
  "Then pull the cable and go on typing. Plug it in again: nothing is lost, nothing comes twice.",
  "",
];

/** How many people there are is told so often at most, however fast they come and go. */
const COUNT_EVERY_MS = 200;

/**
 * Changes are told no sooner again than after so long for each person: so a crowd gets a thousand
 * messages a second, however fast it types, and two people do not notice.
 */
const TELL_EVERY_MS_EACH = 1;

/**
 * What waits for a person and has more parts is told as one replacement: hundreds of changes in
 * different places, and each edit of that person would be mapped over all of them.
 */
const WAITING_PARTS_MAX = 1_024;

/** Once a page has not seen so much, it is sent no more: a text's worth, and one edit beyond. */
const UNSEEN_SIZE_MAX = TEXT_LENGTH_TAKEN_MAX;

export class Room {
  #text: Text = Text.of(INVITATION);
  readonly #people: Set<Person> = new Set();
  readonly #tail: Tail = new Tail();
  readonly #turns: Turns = new Turns();
  #tellTimer: NodeJS.Timeout | undefined;
  #toldAtMs = -Infinity;
  #countTimer: NodeJS.Timeout | undefined;

  get text(): string {
    return this.#text.toString();
  }

  /** Lets a session take part until it ends. */
  async serve(session: TextSession): Promise<void> {
    const person: Person = {
      session,
      copy: new Copy(false),
      waiting: undefined,
      place: this.#tail.end,
      sizes: [],
      isOwed: false,
      countTold: 0,
    };
    this.#people.add(person);
    try {
      session.on("status", () => this.#countSoon());
      const { text } = this;
      session.send({ kind: "welcome", text, digest: digestOf(text) });
      this.#countSoon();
      await this.#hear(person);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      session.abort(SESSION_ENDS.editRefused, error.message);
    } finally {
      // In the same turn: nothing of somebody whose edit was refused fits the text any more.
      this.#people.delete(person);
    }
  }

  close(): void {
    clearTimeout(this.#tellTimer);
    clearTimeout(this.#countTimer);
  }

  /** Until the session ends. Throws a RangeError at an edit that cannot be. */
  async #hear(person: Person): Promise<void> {
    for await (const edit of person.session) {
      for (let { over } = this.#turns; over !== undefined; { over } = this.#turns) await over;
      this.#take(person, edit);
      this.#tellSoon();
      // A page that does not take what it is told is not heard further.
      await person.session.ready;
    }
  }

  /** Throws a RangeError at what cannot be, and then the text is as it was. */
  #take(person: Person, edit: FromPage): void {
    const { copy, sizes } = person;
    const received = copy.receive(edit);
    sizes.splice(0, sizes.length - copy.unseen);
    if (received === undefined) return;
    const waiting = this.#waitingFor(person);
    if (waiting !== undefined && received.length !== waiting.length) {
      throw new RangeError("of another text");
    }
    const changes = waiting === undefined ? received : received.map(waiting, true);
    const stillWaiting = waiting?.map(received, false);
    checkPlain(changes, this.#text);
    const text = changes.apply(this.#text);
    const trim = trimOf(changes, text, TEXT_LENGTH_TAKEN_MAX);
    // Nothing throws from here on.
    this.#text = trim?.apply(text) ?? text;
    this.#tail.push(changes);
    person.waiting = stillWaiting;
    person.place = this.#tail.end;
    person.isOwed = true;
    // A change of the server's own, which whoever inserted too much is told as everybody else is.
    if (trim !== undefined) this.#tail.push(trim);
    if (this.#tail.isLong) this.#clearTail();
  }

  /** All that this person is not sent yet. */
  #waitingFor(person: Person): ChangeSet | undefined {
    const news = this.#tail.from(person.place);
    person.place = this.#tail.end;
    if (news !== undefined) person.waiting = person.waiting?.compose(news) ?? news;
    const { waiting } = person;
    if (waiting !== undefined && partsOf(waiting) > WAITING_PARTS_MAX) {
      person.waiting = inOnePiece(waiting, this.#text);
    }
    return person.waiting;
  }

  #clearTail(): void {
    for (const person of this.#people) {
      this.#waitingFor(person);
      person.place = 0;
    }
    this.#tail.clear();
  }

  /** What came together changes every other page once. */
  #tellSoon(): void {
    const fromMs = this.#toldAtMs + this.#people.size * TELL_EVERY_MS_EACH;
    this.#tellTimer ??= setTimeout(
      () => {
        this.#tellTimer = undefined;
        this.#toldAtMs = performance.now();
        const digest = digestOf(this.text);
        for (const person of this.#people) this.#tell(person, digest);
      },
      Math.max(0, fromMs - performance.now()),
    );
  }

  /** Sends what a page has not been told, if it is not too far behind. */
  #tell(person: Person, digest: string): void {
    const { session, copy, sizes } = person;
    if (!session.isWritable) return;
    const isWaiting = person.waiting !== undefined || person.place < this.#tail.end;
    if (!isWaiting && !person.isOwed) return;
    const unseenSize = sizes.reduce((sum, size) => sum + size, 0);
    if (isWaiting && (copy.unseen >= UNSEEN_MAX || unseenSize >= UNSEEN_SIZE_MAX)) return;
    const waiting = this.#waitingFor(person);
    const edit = waiting === undefined ? copy.receipt() : copy.change(waiting);
    if (waiting !== undefined) sizes.push(sizeOf(waiting));
    person.waiting = undefined;
    person.isOwed = false;
    session.send({ kind: "edit", edit, digest });
  }

  #countSoon(): void {
    this.#countTimer ??= setTimeout(() => {
      this.#countTimer = undefined;
      this.#tellCount();
    }, COUNT_EVERY_MS);
  }

  #tellCount(): void {
    const listening = [...this.#people].filter(({ session }) => session.isWritable);
    const count = listening.filter(({ session }) => session.status.state !== "interrupted").length;
    for (const person of listening) {
      if (person.countTold === count) continue;
      person.countTold = count;
      person.session.send({ kind: "people", count });
    }
  }
}
