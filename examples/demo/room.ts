/**
 * The text, and everybody who looks at it. Each session has one end of its text here, a `Copy`, and
 * what comes out of one goes to all others.
 *
 * Whoever is behind (the cable is pulled, the line is slow) is sent `UNSEEN_MAX` edits and no more
 * until the page says that it has seen some; what changes meanwhile waits as one edit. So nobody
 * can make the server remember more than a little, and those who come back catch up in one step.
 */
import { type ChangeSet, Text } from "@codemirror/state";
import type { PeerSession } from "holdfast/server";
import { Copy } from "../shared-text/copy.ts";
import {
  digestOf,
  type FromPage,
  type FromServer,
  SESSION_ENDS,
  TEXT_LENGTH_TAKEN_MAX,
  UNSEEN_MAX,
} from "./messages.ts";

type TextSession = PeerSession<FromPage, FromServer>;

interface Person {
  readonly session: TextSession;
  readonly copy: Copy;
  /** What others changed since this one was told last. */
  waiting: ChangeSet | undefined;
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

export class Room {
  #text: Text = Text.of(INVITATION);
  readonly #people: Set<Person> = new Set();
  #tellTimer: NodeJS.Immediate | undefined;
  #countTimer: NodeJS.Timeout | undefined;

  get text(): string {
    return this.#text.toString();
  }

  /** Lets a session take part until it ends. */
  async serve(session: TextSession): Promise<void> {
    const copy = new Copy(false);
    const person: Person = { session, copy, waiting: undefined, isOwed: false, countTold: 0 };
    this.#people.add(person);
    session.on("status", () => this.#countSoon());
    session.on("ended", () => this.#people.delete(person));
    const { text } = this;
    session.send({ kind: "welcome", text, digest: digestOf(text) });
    this.#countSoon();
    for await (const edit of session) {
      try {
        this.#take(person, edit);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        session.abort(SESSION_ENDS.editRefused, error.message);
      }
      this.#tellSoon();
      // A page that does not take what it is told is not heard further.
      await session.ready;
    }
  }

  close(): void {
    clearImmediate(this.#tellTimer);
    clearTimeout(this.#countTimer);
  }

  /** Throws a RangeError at what cannot be, and then the text is as it was. */
  #take(person: Person, edit: FromPage): void {
    let changes = person.copy.receive(edit);
    if (changes === undefined) return;
    if (person.waiting !== undefined) {
      const { waiting } = person;
      if (changes.length !== waiting.length) throw new RangeError("of another text");
      person.waiting = waiting.map(changes, false);
      changes = changes.map(waiting, true);
    }
    this.#change(changes);
    person.isOwed = true;
    for (const other of this.#people) {
      if (other !== person) other.waiting = other.waiting?.compose(changes) ?? changes;
    }
  }

  #change(changes: ChangeSet): void {
    if (changes.newLength > TEXT_LENGTH_TAKEN_MAX)
      throw new RangeError("the text would be too long");
    const text = changes.apply(this.#text);
    const content = text.toString();
    // A page's text field would make a line feed of the one, and the codec something of the other.
    if (/\r|\p{Surrogate}/u.test(content)) throw new RangeError("the text would not be plain");
    this.#text = text;
  }

  /** What came together changes every other page once. */
  #tellSoon(): void {
    this.#tellTimer ??= setImmediate(() => {
      this.#tellTimer = undefined;
      const digest = digestOf(this.text);
      for (const person of this.#people) this.#tell(person, digest);
    });
  }

  /** Sends what a page has not been told, if it is not too far behind. */
  #tell(person: Person, digest: string): void {
    const { session, copy, waiting } = person;
    if (!session.isWritable || (waiting === undefined && !person.isOwed)) return;
    if (waiting !== undefined && copy.unseen >= UNSEEN_MAX) return;
    const edit = waiting === undefined ? copy.receipt() : copy.change(waiting);
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
