/**
 * The way to the target in HTTP mode: kept-alive connections, requests that are sent again, and
 * answers that nobody waits for.
 */
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Place } from "./counts.ts";
import {
  DISCARDED_ANSWER_MS,
  RECORDINGS_BYTES_MAX,
  RECORDINGS_MAX,
  TARGET_CONNECTIONS_MAX,
  TARGET_IDLE_MS,
} from "./limits.ts";
import type { Running } from "./running.ts";

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value. */
  readonly headers: string[];
}

/** A request as the target got it. */
export interface Recording extends RequestHead {
  readonly body: Uint8Array;
  readonly place: Place;
}

export class HttpTarget {
  readonly #running: Running;
  readonly #agent: Agent = new Agent({
    keepAlive: true,
    maxSockets: TARGET_CONNECTIONS_MAX,
    timeout: TARGET_IDLE_MS,
  });
  readonly #open: Set<ClientRequest> = new Set();
  readonly #replays: Set<NodeJS.Timeout> = new Set();
  #replayBytes = 0;

  constructor(running: Running) {
    this.#running = running;
  }

  /** Begins a request. Throws on what Node does not send. Its "close" comes in every case. */
  send(head: RequestHead): ClientRequest {
    const { host, port } = this.#running.target;
    const sent = request({ ...head, host, port, agent: this.#agent, setHost: false });
    this.#open.add(sent);
    sent.on("error", () => {});
    sent.once("close", () => this.#open.delete(sent));
    return sent;
  }

  /** Nobody waits for this request any more; the target may finish it, within bounds. */
  detach(sent: ClientRequest): void {
    if (sent.destroyed) return;
    const timer = setTimeout(() => sent.destroy(), DISCARDED_ANSWER_MS);
    sent.once("close", () => clearTimeout(timer));
  }

  /** Throws away the answer to a second copy of a request. */
  discardSecond(answer: IncomingMessage, place: Place): void {
    answer.on("error", () => {});
    answer.once("end", () => this.#running.ledger.count("answersDiscarded", place));
    answer.resume();
  }

  /** Sends a request once more; counted as soon as it is sent whole. */
  resend(recording: Recording, name: "requestsDoubled" | "requestsReplayed"): ClientRequest {
    const sent = this.send(recording);
    sent.once("finish", () => this.#running.ledger.count(name, recording.place));
    sent.end(recording.body);
    return sent;
  }

  /** Sends a request once more, and throws the answer away. */
  resendInVain(recording: Recording, name: "requestsDoubled" | "requestsReplayed"): void {
    const sent = this.resend(recording, name);
    sent.once("response", (answer) => this.discardSecond(answer, recording.place));
    this.detach(sent);
  }

  /** Keeps a request, to send it once more after `afterMs`. */
  replayLater(recording: Recording, afterMs: number): void {
    const bytes = recording.body.length;
    const isFull = this.#replays.size >= RECORDINGS_MAX;
    if (isFull || this.#replayBytes + bytes > RECORDINGS_BYTES_MAX) {
      this.#running.ledger.count("recordingsRefused", recording.place);
      return;
    }
    this.#replayBytes += bytes;
    const timer = setTimeout(() => {
      this.#replays.delete(timer);
      this.#replayBytes -= bytes;
      this.resendInVain(recording, "requestsReplayed");
    }, afterMs);
    this.#replays.add(timer);
  }

  close(): void {
    for (const timer of this.#replays) clearTimeout(timer);
    this.#replays.clear();
    for (const sent of this.#open) sent.destroy();
    this.#agent.destroy();
  }
}
