/**
 * The text field. What a person does to it becomes a change, and what others change is put into it
 * without moving the caret, what is selected or what is in view. While an input method composes a
 * character the field is left alone.
 */
import { ChangeSet, Text } from "@codemirror/state";
import { mapSelection, type Selection } from "./selection.ts";
import { differenceOf } from "./text-difference.ts";
import { UndoHistory } from "./undo.ts";

/**
 * Keyboards of phones compose for as long as the caret is at a word: after so long without a new
 * letter, changes of others go in all the same.
 */
const COMPOSING_REST_MS = 3_000;

export class Editor {
  readonly #field: HTMLTextAreaElement;
  /** Gets each change of the person. */
  readonly #tell: (changes: ChangeSet) => void;
  #text: Text = Text.empty;
  #undo: UndoHistory = new UndoHistory();
  /** Where text goes in that nobody types by hand: it stays where it is as the text changes. */
  #mark = 0;
  /** What is selected when somebody comes back to the field: setting it now would scroll there. */
  #asleep: Selection | undefined;
  #isComposing = false;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #released: (() => void) | undefined;
  #release: Promise<void> | undefined;

  constructor(field: HTMLTextAreaElement, tell: (changes: ChangeSet) => void) {
    this.#field = field;
    this.#tell = tell;
    field.addEventListener("input", () => this.#handleInput());
    field.addEventListener("compositionstart", () => this.#compose());
    field.addEventListener("compositionend", () => this.#stopComposing());
    field.addEventListener("blur", () => this.#stopComposing());
    field.addEventListener("focus", () => this.#wake());
    field.addEventListener("keydown", (event) => this.#handleKey(event));
    // The menu of the field, and gestures.
    field.addEventListener("beforeinput", (event) => {
      if (event.inputType === "historyUndo") this.#step(event, "undo");
      if (event.inputType === "historyRedo") this.#step(event, "redo");
    });
  }

  /** Resolves when changes of others may be put in; undefined: now. */
  get release(): Promise<void> | undefined {
    return this.#release;
  }

  /** Of the text, in UTF-16 units. */
  get length(): number {
    return this.#text.length;
  }

  /** Another text altogether, of a new session. */
  begin(text: Text): void {
    this.#undo = new UndoHistory();
    this.#mark = text.length;
    this.#asleep = undefined;
    this.#text = text;
    this.#field.value = text.toString();
  }

  /** A change of somebody else. */
  receive(changes: ChangeSet): void {
    this.#undo.map(changes);
    this.#put(changes);
    // Who only watches sees what is written at the end.
    const isWatching = document.activeElement !== this.#field;
    if (isWatching && changes.touchesRange(changes.length) !== false) this.#showEnd();
  }

  /** Puts the mark at the end of the text, on a line of its own. */
  markEnd(): void {
    this.#mark = this.#text.length;
    this.#showEnd();
    if (this.#text.line(this.#text.lines).length > 0) this.insertAtMark("\n");
  }

  /** Puts in text that nobody types by hand. The mark is behind it then. */
  insertAtMark(insert: string): void {
    const changes = ChangeSet.of({ from: this.#mark, insert }, this.#text.length);
    this.#undo.record(performance.now(), changes, this.#text);
    this.#put(changes, 1);
    this.#tell(changes);
  }

  #handleInput(): void {
    if (this.#isComposing) this.#compose();
    const { value, selectionEnd } = this.#field;
    const whole = wellFormed(value);
    const difference = differenceOf(this.#text.toString(), whole, selectionEnd);
    if (difference === undefined) return;
    const changes = ChangeSet.of(difference, this.#text.length);
    this.#undo.record(performance.now(), changes, this.#text);
    this.#mark = changes.mapPos(this.#mark, -1);
    this.#text = changes.apply(this.#text);
    if (whole !== value) this.#show({ start: selectionEnd, end: selectionEnd, direction: "none" });
    this.#tell(changes);
  }

  #handleKey(event: KeyboardEvent): void {
    if (event.altKey || event.isComposing || !(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    if (key === "z") this.#step(event, event.shiftKey ? "redo" : "undo");
    if (key === "y") this.#step(event, "redo");
  }

  #step(event: Event, way: "undo" | "redo"): void {
    event.preventDefault();
    const { readOnly, maxLength } = this.#field;
    const changes = readOnly ? undefined : this.#undo[way](this.#text, maxLength);
    if (changes === undefined) return;
    this.#put(changes);
    let end = 0;
    changes.iterChanges((_fromA, _toA, _fromB, toB) => {
      end = toB;
    });
    this.#asleep = undefined;
    this.#field.setSelectionRange(end, end);
    this.#tell(changes);
  }

  /** The side of an insertion at which the mark goes on: by itself before what others insert. */
  #put(changes: ChangeSet, markSide = -1): void {
    this.#mark = changes.mapPos(this.#mark, markSide);
    this.#text = changes.apply(this.#text);
    this.#show(mapSelection(this.#selection, changes));
  }

  get #selection(): Selection {
    const { selectionStart: start, selectionEnd: end, selectionDirection } = this.#field;
    return this.#asleep ?? { start, end, direction: selectionDirection };
  }

  #show(selection: Selection): void {
    const field = this.#field;
    const { scrollTop, scrollHeight, clientHeight } = field;
    // Who looks at the end goes on looking at the end.
    const isAtEnd = scrollHeight > clientHeight && scrollTop + clientHeight >= scrollHeight - 2;
    field.value = this.#text.toString();
    this.#asleep = selection;
    if (document.activeElement === field) this.#wake();
    field.scrollTop = isAtEnd ? field.scrollHeight : scrollTop;
  }

  #wake(): void {
    if (this.#asleep === undefined) return;
    const { start, end, direction } = this.#asleep;
    this.#asleep = undefined;
    this.#field.setSelectionRange(start, end, direction);
  }

  #showEnd(): void {
    this.#field.scrollTop = this.#field.scrollHeight;
  }

  #compose(): void {
    this.#isComposing = true;
    this.#release ??= new Promise((resolve) => {
      this.#released = resolve;
    });
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#free(), COMPOSING_REST_MS);
  }

  #stopComposing(): void {
    this.#isComposing = false;
    this.#free();
  }

  #free(): void {
    clearTimeout(this.#rest);
    this.#released?.();
    this.#release = undefined;
  }
}

/** Halves of letters, as a program may paste them, become the sign for what cannot be shown. */
function wellFormed(text: string): string {
  // A mark of the order of bytes is a letter here as any other.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text));
}
