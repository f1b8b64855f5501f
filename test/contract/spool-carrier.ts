/** The client's end of a spool directory. */
import { randomUUID } from "node:crypto";
import type { Carrier, Outcome, ExchangeSignal } from "../../src/session/carrier.ts";
import type { CarrierOptions } from "../../src/http/carrier-options.ts";
import {
  ANSWER_KINDS,
  ANSWERS,
  FolderWatch,
  post,
  REQUESTS,
  takeFile,
  WITHDRAWN,
} from "./spool-folder.ts";

export class SpoolCarrier implements Carrier {
  readonly carriersMax = undefined;
  readonly #root: string;
  readonly #headers: CarrierOptions["headers"];
  readonly #name: string = randomUUID();
  readonly #waiting: Map<string, (outcome: Outcome) => void> = new Map();
  readonly #watch: FolderWatch;
  #nextNumber = 1;
  isClosed = false;

  constructor(root: string, headers?: CarrierOptions["headers"]) {
    this.#root = root;
    this.#headers = headers;
    const onName = (name: string): void => this.#look(name);
    this.#watch = new FolderWatch(root, ANSWERS, onName, () => this.#failAll());
  }

  async exchange(body: Uint8Array, signal: ExchangeSignal): Promise<Outcome> {
    let head: Uint8Array;
    try {
      const headers = this.#headers;
      const provided = typeof headers === "function" ? await headers() : headers;
      head = new TextEncoder().encode(`${JSON.stringify(provided ?? {})}\n`);
    } catch {
      return failure("credentials_failed");
    }
    if (signal.aborted) return failure("aborted");
    const name = `${this.#name}-${this.#nextNumber++}`;
    try {
      post(this.#root, REQUESTS, name, Buffer.concat([head, body]));
    } catch {
      return failure("spool_missing");
    }
    return new Promise((resolve) => {
      const withdraw = (): void => {
        this.#waiting.delete(name);
        this.#withdraw(name);
        resolve(failure("aborted"));
      };
      this.#waiting.set(name, (outcome) => {
        signal.removeEventListener("abort", withdraw);
        resolve(outcome);
      });
      signal.addEventListener("abort", withdraw);
    });
  }

  /** Nothing tells that a folder is back. */
  watch(): () => void {
    return () => {};
  }

  close(): void {
    this.isClosed = true;
    this.#watch.close();
  }

  /** The folder is away: what is in it may never be answered. */
  #failAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const settle of waiting) settle(failure("spool_missing"));
  }

  #look(name: string): void {
    const settle = this.#waiting.get(name);
    if (settle === undefined) {
      // The answer to a request that was withdrawn.
      if (name.startsWith(this.#name)) takeFile(this.#root, ANSWERS, name);
      return;
    }
    const content = takeFile(this.#root, ANSWERS, name);
    if (content === undefined) return;
    this.#waiting.delete(name);
    const rest = content.subarray(1);
    if (content[0] === ANSWER_KINDS.body) settle({ kind: "answer", bytes: rest });
    else settle(failure(new TextDecoder().decode(rest)));
  }

  #withdraw(name: string): void {
    try {
      if (takeFile(this.#root, REQUESTS, name) !== undefined) return;
      post(this.#root, REQUESTS, name + WITHDRAWN, new Uint8Array(0));
    } catch {
      // The folder is not there, and neither is the request.
    }
  }
}

function failure(reason: string): Outcome {
  return { kind: "failure", reason, isTooLarge: false };
}
