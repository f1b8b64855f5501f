// The page's copy of the text, with what it says of the server's.

import { ChangeSet } from "@codemirror/state";
import { expect, test } from "vitest";
import { digestOf, type FromServer } from "../../../examples/demo/messages.ts";
import { SharedDocument } from "../../../examples/demo/page/shared-document.ts";
import { Copy } from "../../../examples/shared-text/copy.ts";

const TEXT = "first\nsecond";

/** The server's end of one page's text. */
class Server {
  text: string = TEXT;
  readonly copy: Copy = new Copy(false);

  get welcome(): FromServer {
    return { kind: "welcome", text: this.text, digest: digestOf(this.text) };
  }

  /** What it says of a change of its own, or of somebody else's. */
  insert(from: number, insert: string): FromServer {
    const changes = ChangeSet.of({ from, insert }, this.text.length);
    this.text = this.text.slice(0, from) + insert + this.text.slice(from);
    return { kind: "edit", edit: this.copy.change(changes), digest: digestOf(this.text) };
  }

  receipt(): FromServer {
    return { kind: "edit", edit: this.copy.receipt(), digest: digestOf(this.text) };
  }
}

function welcomed(): { readonly server: Server; readonly document: SharedDocument } {
  const server = new Server();
  const document = new SharedDocument();
  document.receive(server.welcome);
  return { server, document };
}

test("Before the text has come nothing is known", () => {
  const document = new SharedDocument();
  expect(document.agreement).toBe("unknown");
  expect(document.save()).toBeUndefined();
});

test("With the text both are identical; one's own change is under way until it is seen", () => {
  const { server, document } = welcomed();
  expect(document.text.toString()).toBe(TEXT);
  expect(document.agreement).toBe("identical");

  const edit = document.change(ChangeSet.of({ from: 0, insert: "the " }, TEXT.length));
  expect(document.agreement).toBe("underway");
  expect(document.underway).toBe(1);
  server.copy.receive(edit);
  server.text = `the ${TEXT}`;
  document.receive(server.receipt());
  expect(document.agreement).toBe("identical");
  expect(document.digest).toBe(document.serverDigest);
});

test("A change of somebody else is told as what it changes here", () => {
  const { server, document } = welcomed();
  document.change(ChangeSet.of({ from: 0, insert: "the " }, TEXT.length));
  const changes = document.receive(server.insert(TEXT.length, "!"));
  expect(changes?.mapPos(0)).toBe(0);
  expect(document.text.toString()).toBe(`the ${TEXT}!`);
});

test("A digest that is another one is an alarm", () => {
  const { server, document } = welcomed();
  server.insert(0, "This is lost on the way. ");
  const lossy = new Copy(false);
  const edit = lossy.change(ChangeSet.of({ from: 0, insert: "x" }, TEXT.length));
  document.receive({ kind: "edit", edit, digest: digestOf(server.text) });
  expect(document.agreement).toBe("different");
});

test("What cannot be an edit is refused", () => {
  const { document } = welcomed();
  expect(() => document.receive({ kind: "edit", edit: { seen: 7 }, digest: "" })).toThrow(
    RangeError,
  );
});

test("A copy that was saved goes on as if nothing had happened", () => {
  const { server, document } = welcomed();
  const edit = document.change(ChangeSet.of({ from: 0, insert: "the " }, TEXT.length));
  document.receive(server.insert(TEXT.length, "!"));
  const saved = document.save();
  if (saved === undefined) throw new Error("It has a text");
  const next = SharedDocument.load(JSON.parse(JSON.stringify(saved)) as typeof saved);
  expect(next.agreement).toBe("underway");

  expect(server.copy.receive(edit)?.newLength).toBe(server.text.length + 4);
  server.text = `the ${server.text}`;
  next.receive(server.receipt());
  expect(next.text.toString()).toBe(server.text);
  expect(next.agreement).toBe("identical");
});

test("What was seen is said once, or with the next change", () => {
  const { server, document } = welcomed();
  expect(document.takeReceipt()).toBeUndefined();
  document.receive(server.insert(0, "a"));
  document.receive(server.insert(0, "b"));
  expect(document.takeReceipt()).toEqual({ seen: 2 });
  expect(document.takeReceipt()).toBeUndefined();
  document.receive(server.insert(0, "c"));
  document.change(ChangeSet.of({ from: 0, insert: "d" }, document.text.length));
  expect(document.takeReceipt()).toBeUndefined();
});
