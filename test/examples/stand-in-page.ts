/** What stands in for the demo's page in tests: a session over a line, and a copy of the text. */
import http, { type IncomingHttpHeaders } from "node:http";
import { ChangeSet, Text } from "@codemirror/state";
import { type ClientSession, connect } from "holdfast";
import { type MockInstance, onTestFinished, vi } from "vitest";
import {
  digestOf,
  type FromPage,
  type FromServer,
  type LineFaults,
  type LineReport,
  sessionPath,
} from "../../examples/demo/messages.ts";
import { type Demo, type DemoOptions, startDemo } from "../../examples/demo/server.ts";
import { Copy } from "../../examples/shared-text/copy.ts";
import { soon, until } from "../waiting.ts";

/** A demo that ends with the test. */
export async function demoOf(options: Partial<DemoOptions> = {}): Promise<Demo> {
  const demo = await startDemo({ host: "127.0.0.1", port: 0, ...options });
  onTestFinished(() => demo.close());
  return demo;
}

/** Every `console.error` of this test. */
export function watchComplaints(): MockInstance<typeof console.error> {
  const complaints = vi.spyOn(console, "error");
  onTestFinished(() => complaints.mockRestore());
  return complaints;
}

/** Of a demo: one here, or one in a process of its own. */
export type Address = Pick<Demo, "url">;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One request on a connection of its own; unlike `fetch` it says whatever it is told to. */
export function ask(demo: Address, { body, ...question }: Question): Promise<Answer> {
  const { hostname: host, port } = new URL(demo.url);
  const answered = new Promise<Answer>((resolve, reject) => {
    const sent = http.request({ host, port, agent: false, ...question }, (response) => {
      const pieces: Uint8Array[] = [];
      response.on("data", (piece: Uint8Array) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(pieces).toString() });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return soon(answered, `an answer to ${question.method ?? "GET"} ${question.path}`);
}

export async function makeLine(demo: Address): Promise<LineReport> {
  return reportOf(await ask(demo, { method: "POST", path: "/lines" }), 201);
}

export async function lookAt(demo: Address, id: string): Promise<LineReport> {
  return reportOf(await ask(demo, { path: `/lines/${id}` }), 200);
}

export async function setFaults(
  demo: Address,
  id: string,
  faults: Partial<LineFaults>,
): Promise<LineReport> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(faults);
  return reportOf(await ask(demo, { method: "PUT", path: `/lines/${id}`, headers, body }), 200);
}

function reportOf({ status, text }: Answer, wanted: number): LineReport {
  if (status !== wanted) throw new Error(`Answered ${status}: ${text}`);
  return JSON.parse(text) as LineReport;
}

/** Does with the session what the page does. */
export class StandInPage {
  readonly demo: Address;
  readonly lineId: string;
  readonly session: ClientSession<FromServer, FromPage>;
  readonly received: FromServer[] = [];
  people = 0;
  /** How often the text was compared with the server's, and found equal. */
  equalTexts = 0;
  /** Messages after which it was another one. */
  readonly differences: FromServer[] = [];
  readonly #copy: Copy = new Copy(true);
  #text: Text = Text.empty;

  constructor(demo: Address, lineId: string) {
    this.demo = demo;
    this.lineId = lineId;
    this.session = connect(new URL(sessionPath(lineId), demo.url));
    this.session.onBundle((messages) => {
      for (const message of messages) this.receive(message);
      if (messages.some(({ kind }) => kind === "edit")) this.session.send(this.#copy.receipt());
    });
    onTestFinished(() => this.session.abort());
  }

  /** A page on a line of its own, which has the text. */
  static async open(demo: Address): Promise<StandInPage> {
    const page = new StandInPage(demo, (await makeLine(demo)).id);
    await until(() => page.received.length > 0, "a welcome");
    return page;
  }

  get text(): string {
    return this.#text.toString();
  }

  get length(): number {
    return this.#text.length;
  }

  /** The server has all that was typed here. */
  get isQuiet(): boolean {
    return this.#copy.unseen === 0;
  }

  type(insert: string, from: number = this.length, to: number = from): void {
    const changes = ChangeSet.of({ from, to, insert }, this.length);
    this.#text = changes.apply(this.#text);
    this.session.send(this.#copy.change(changes));
  }

  set(faults: Partial<LineFaults>): Promise<LineReport> {
    return setFaults(this.demo, this.lineId, faults);
  }

  report(): Promise<LineReport> {
    return lookAt(this.demo, this.lineId);
  }

  protected receive(message: FromServer): void {
    this.received.push(message);
    if (message.kind === "people") {
      this.people = message.count;
      return;
    }
    if (message.kind === "welcome") this.#text = Text.of(message.text.split("\n"));
    else this.#text = this.#copy.receive(message.edit)?.apply(this.#text) ?? this.#text;
    if (!this.isQuiet) return;
    if (digestOf(this.text) === message.digest) this.equalTexts++;
    else this.differences.push(message);
  }
}
