/** The server's end of a spool directory: hands requests to a `RequestHandler`. */
import type { Reply, RequestHandler } from "../../src/session/peer.ts";
import {
  ANSWER_KINDS,
  ANSWERS,
  FolderWatch,
  namesIn,
  post,
  REQUESTS,
  takeFile,
  WITHDRAWN,
} from "./spool-folder.ts";

export class SpoolServer {
  readonly #root: string;
  readonly #handler: RequestHandler;
  readonly #watch: FolderWatch;
  /** Requests that wait for their answer, with what tells that they are gone. */
  readonly #held: Map<string, () => void> = new Map();

  constructor(root: string, handler: RequestHandler) {
    this.#root = root;
    this.#handler = handler;
    this.#watch = new FolderWatch(root, REQUESTS, (name) => this.#look(name));
  }

  /** Takes away every request and every answer; returns how many there were. */
  cut(): number {
    const lost = new Set(this.#held.keys());
    for (const gone of this.#held.values()) gone();
    this.#held.clear();
    for (const folder of [REQUESTS, ANSWERS]) {
      for (const name of namesIn(this.#root, folder)) {
        if (takeFile(this.#root, folder, name) !== undefined) lost.add(name);
      }
    }
    for (const name of lost) {
      if (!name.endsWith(WITHDRAWN)) this.#answer(name, ANSWER_KINDS.severed, "severed");
    }
    return lost.size;
  }

  close(): void {
    this.cut();
    this.#watch.close();
  }

  #look(name: string): void {
    const content = takeFile(this.#root, REQUESTS, name);
    if (content === undefined) return;
    if (name.endsWith(WITHDRAWN)) {
      const request = name.slice(0, -WITHDRAWN.length);
      const gone = this.#held.get(request);
      this.#held.delete(request);
      gone?.();
      return;
    }
    const end = content.indexOf(10);
    const headers = JSON.parse(new TextDecoder().decode(content.subarray(0, end))) as Headers;
    const peer = { address: "", request: name, header: (key: string) => headers[key] };
    let isAnswered = false;
    const gone = this.#handler.handleRequest(content.subarray(end + 1), peer, (reply) => {
      isAnswered = true;
      this.#held.delete(name);
      this.#reply(name, reply);
    });
    if (!isAnswered) this.#held.set(name, gone);
  }

  #reply(name: string, reply: Reply): void {
    if (reply.kind === "answer") this.#answer(name, ANSWER_KINDS.body, reply.body);
    else this.#answer(name, ANSWER_KINDS.refusal, reply.refusal);
  }

  #answer(name: string, kind: number, content: Uint8Array | string): void {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    try {
      post(this.#root, ANSWERS, name, Buffer.concat([Uint8Array.of(kind), bytes]));
    } catch {
      // The folder is not there: the answer is lost, and the session lives on.
    }
  }
}

type Headers = Readonly<Record<string, string>>;
