/**
 * The text as this page has it, with what is known of the server's. Pure: messages come in, changes
 * and messages go out.
 */
import { ChangeSet, Text } from "@codemirror/state";
import { Copy, type Edit, type SavedCopy } from "../../shared-text/copy.ts";
import { digestOf, type FromServer } from "../messages.ts";

export type Agreement =
  /** The text has not come yet. */
  | "unknown"
  /** Changes of this page are on their way: the two texts cannot be compared. */
  | "underway"
  | "identical"
  /** They should be equal and are not. It must never happen: that is what the page is there for. */
  | "different";

/** A document as plain data, for the page after this one. */
export interface SavedDocument {
  readonly text: string;
  readonly copy: SavedCopy;
  readonly serverDigest: string;
}

export class SharedDocument {
  #text: Text = Text.empty;
  #copy: Copy = new Copy(true);
  #serverDigest: string | undefined;
  #wasEqual = true;
  /** Changes of others since this side said something. */
  #unsaid = 0;

  /** @throws RangeError for what was saved by something else. */
  static load(saved: SavedDocument): SharedDocument {
    const document = new SharedDocument();
    document.#text = textOf(saved.text);
    document.#copy = Copy.load(true, saved.copy);
    document.#serverDigest = saved.serverDigest;
    document.#unsaid = 1;
    document.#wasEqual = document.underway > 0 || document.digest === saved.serverDigest;
    return document;
  }

  /** Undefined before the text has come. */
  save(): SavedDocument | undefined {
    const { text, serverDigest } = this;
    if (serverDigest === undefined) return undefined;
    return { text: text.toString(), copy: this.#copy.save(), serverDigest };
  }

  get text(): Text {
    return this.#text;
  }

  get digest(): string {
    return digestOf(this.#text.toString());
  }

  /** Of the server's text when it last spoke. */
  get serverDigest(): string | undefined {
    return this.#serverDigest;
  }

  /** Changes of this page that the server is not known to have seen. */
  get underway(): number {
    return this.#copy.unseen;
  }

  get agreement(): Agreement {
    if (this.#serverDigest === undefined) return "unknown";
    if (!this.#wasEqual) return "different";
    return this.underway > 0 ? "underway" : "identical";
  }

  /** Takes a change made in this page; returns what the server must get. */
  change(changes: ChangeSet): Edit {
    this.#text = changes.apply(this.#text);
    this.#unsaid = 0;
    return this.#copy.change(changes);
  }

  /**
   * Takes a message; returns what it changes in the text, if anything.
   *
   * @throws RangeError at what does not fit: then something was lost, and nothing can be trusted.
   */
  receive(message: FromServer): ChangeSet | undefined {
    if (message.kind === "people") return undefined;
    const changes = this.#changesOf(message);
    if (changes !== undefined) this.#text = changes.apply(this.#text);
    this.#serverDigest = message.digest;
    // With changes under way the server's text is another one, rightly.
    if (this.underway === 0) this.#wasEqual = this.digest === message.digest;
    return changes;
  }

  /** What to tell the server now and then, so that it may forget what was seen. */
  takeReceipt(): Edit | undefined {
    if (this.#unsaid === 0) return undefined;
    this.#unsaid = 0;
    return this.#copy.receipt();
  }

  #changesOf(message: Exclude<FromServer, { kind: "people" }>): ChangeSet | undefined {
    if (message.kind === "welcome") {
      const { length } = this.#text;
      return ChangeSet.of({ from: 0, to: length, insert: textOf(message.text) }, length);
    }
    const changes = this.#copy.receive(message.edit);
    if (changes !== undefined) this.#unsaid++;
    return changes;
  }
}

function textOf(text: string): Text {
  return Text.of(text.split("\n"));
}
