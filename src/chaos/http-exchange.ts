/**
 * One request of a client with its answer, under the plan that was drawn for it. Each fault is
 * counted when it has happened, which need not be when it was planned: a client may go away before.
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { BodyStage, BufferStage } from "./body-stages.ts";
import type { Carried, Connection } from "./connections.ts";
import type { CountName, Place } from "./counts.ts";
import { DelayLine } from "./delay-line.ts";
import { type Plan, planDamage } from "./dice.ts";
import { declaredBytes, requestHeaders, responseHeaders } from "./headers.ts";
import type { HttpTarget, Recording, RequestHead } from "./http-target.ts";
import { badGatewayPage } from "./pages.ts";
import { formatAddress } from "./quantities.ts";
import type { Running } from "./running.ts";

export class HttpExchange implements Carried, Place {
  readonly connection: number;
  /** The number of the request, from 1. */
  readonly request: number;
  readonly #running: Running;
  readonly #target: HttpTarget;
  readonly #client: Connection;
  readonly #plan: Plan;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  /** Requests at the target that may still give the answer. */
  readonly #outgoing: Set<ClientRequest> = new Set();
  #recordedBody: Uint8Array | undefined;
  /** Stages of the bodies, some of which hold timers. */
  readonly #stages: Readable[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sendAfterwards: (() => void) | undefined;
  #isAnswered = false;
  #isOver = false;

  constructor(
    running: Running,
    target: HttpTarget,
    client: Connection,
    number: number,
    plan: Plan,
    incoming: IncomingMessage,
    response: ServerResponse,
  ) {
    this.#running = running;
    this.#target = target;
    this.#client = client;
    this.connection = client.connection;
    this.request = number;
    this.#plan = plan;
    this.#incoming = incoming;
    this.#response = response;
  }

  start(): void {
    this.#client.carried.add(this);
    this.#incoming.on("error", () => {});
    this.#response.on("error", () => {});
    this.#response.once("finish", () => this.#finish());
    const { fate, reachesTarget } = this.#plan;
    if (fate === "loseRequest") this.#whenRead(() => this.#loseRequest());
    else if (fate === "halfOpen" && !reachesTarget) this.#goHalfOpen();
    else if (fate === "badGateway" && !reachesTarget) {
      this.#whenRead(() => this.#answerBadGateway(["badGateways"], "not asked"));
    } else this.#forward();
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const stage of this.#stages) stage.destroy();
    for (const sent of this.#outgoing) sent.destroy();
    if (!this.#client.isEndedByProxy) this.#count("requestsAbandoned");
  }

  freeze(): void {
    clearTimeout(this.#timer);
    this.#incoming.unpipe();
    this.#incoming.pause();
  }

  #count(name: CountName): void {
    this.#running.ledger.count(name, this);
  }

  #whenRead(then: () => void): void {
    this.#incoming.once("end", () => {
      if (!this.#isOver && !this.#client.isSilent) then();
    });
    this.#incoming.resume();
  }

  #after(delayMs: number, name: "requestsDelayed" | "responsesDelayed", then: () => void): void {
    if (delayMs === 0) {
      then();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#count(name);
      then();
    }, delayMs);
  }

  #loseRequest(): void {
    const { silentMs } = this.#running.faults;
    this.#count("requestsLost");
    if (!this.#plan.isSilent) {
      this.#client.end("rst");
      return;
    }
    this.#count("requestsLostSilently");
    this.#client.silence(silentMs);
  }

  #goHalfOpen(): void {
    this.#count("connectionsHalfOpened");
    this.#client.silence(this.#running.faults.halfOpenMs);
  }

  /** The request is on its way to the target. */
  #forward(): void {
    const { requestDelayMs, damagesRequest, isReplayed, double } = this.#plan;
    const head: RequestHead = {
      method: this.#incoming.method ?? "GET",
      path: this.#incoming.url ?? "/",
      headers: requestHeaders(this.#incoming, formatAddress(this.#running.target)),
    };
    const stage = this.#stage(this.#incoming, "bytesToTarget", damagesRequest, {
      isRecorded: isReplayed || double !== "no",
      onEnd: (body) => (this.#recordedBody = body),
    });
    const body = this.#delayed(this.#incoming.pipe(stage), requestDelayMs);
    this.#after(requestDelayMs, "requestsDelayed", () => this.#send(head, body));
  }

  #send(head: RequestHead, body: Readable): void {
    let sent: ClientRequest;
    try {
      sent = this.#target.send(head);
    } catch {
      // Node reads some headers that it does not write.
      this.#count("badRequests");
      this.#client.end("fin");
      return;
    }
    this.#await(sent);
    sent.once("finish", () => this.#requestSent(head));
    body.pipe(sent);
    // A body that comes later must not hold the head back.
    setImmediate(() => {
      if (!sent.destroyed && !sent.writableEnded) sent.flushHeaders();
    });
  }

  #await(sent: ClientRequest): void {
    this.#outgoing.add(sent);
    sent.once("response", (answer) => this.#handleAnswer(sent, answer));
    sent.once("close", () => {
      this.#outgoing.delete(sent);
      if (!this.#isAnswered && !this.#isOver && this.#outgoing.size === 0) this.#targetFailed();
    });
  }

  /** The target has the whole request. */
  #requestSent(head: RequestHead): void {
    const { fate, isReplayed, double } = this.#plan;
    if (isReplayed || double !== "no") {
      if (this.#recordedBody === undefined) this.#count("recordingsRefused");
      else this.#sendAgain({ ...head, body: this.#recordedBody, place: this });
    }
    if (fate === "halfOpen" && !this.#isOver) this.#goHalfOpen();
  }

  #sendAgain(recording: Recording): void {
    const { isReplayed, double } = this.#plan;
    if (isReplayed) this.#target.replayLater(recording, this.#running.faults.replayAfterMs);
    if (double === "overlapping" && !this.#isOver) {
      this.#await(this.#target.resend(recording, "requestsDoubled"));
    } else if (double === "afterwards") {
      this.#sendAfterwards = () => this.#target.resendInVain(recording, "requestsDoubled");
      if (this.#isOver && this.#isAnswered) this.#callAfterwards();
    }
  }

  #callAfterwards(): void {
    const send = this.#sendAfterwards;
    this.#sendAfterwards = undefined;
    send?.();
  }

  #handleAnswer(sent: ClientRequest, answer: IncomingMessage): void {
    if (this.#isAnswered || this.#isOver) {
      this.#target.discardSecond(answer, this);
      return;
    }
    this.#isAnswered = true;
    // Half-open: the answer stays where it is, and goes with the connection.
    if (this.#client.isSilent) return;
    answer.on("error", () => {});
    if (this.#plan.fate === "loseResponse") this.#loseResponse(sent, answer);
    else if (this.#plan.fate === "badGateway") {
      answer.resume();
      this.#answerBadGateway(["badGateways", "badGatewaysAnswered"], "answer unusable");
    } else this.#deliver(answer);
  }

  #deliver(answer: IncomingMessage): void {
    const { responseDelayMs, damagesResponse, isBuffered } = this.#plan;
    this.#watch(answer);
    const stage = this.#stage(answer, "bytesToClient", damagesResponse, {
      isRecorded: false,
      onEnd: () => {},
    });
    let body: Readable = answer.pipe(stage);
    const open = (): void => {
      this.#after(responseDelayMs, "responsesDelayed", () => this.#answer(answer, body));
    };
    let openLater: BufferStage | undefined;
    if (isBuffered) {
      openLater = new BufferStage((isWhole) => {
        if (isWhole) this.#count("responsesBuffered");
        open();
      });
      this.#stages.push(openLater);
      body = body.pipe(openLater);
    }
    body = this.#delayed(body, responseDelayMs);
    if (openLater === undefined) open();
  }

  #answer(answer: IncomingMessage, body: Readable): void {
    if (this.#isOver || !this.#writeHead(answer)) return;
    body.pipe(this.#response);
    // An answer that streams begins at once, whenever its first byte may come.
    setImmediate(() => {
      if (!this.#isOver && !this.#response.writableEnded) this.#response.flushHeaders();
    });
  }

  #writeHead(answer: IncomingMessage): boolean {
    this.#response.sendDate = false;
    try {
      const { statusCode = 0, statusMessage = "" } = answer;
      this.#response.writeHead(statusCode, statusMessage, responseHeaders(answer));
      return true;
    } catch {
      // Node reads some heads that it does not write.
      this.#count("targetErrors");
      this.#client.end("rst");
      return false;
    }
  }

  /** An answer that breaks off in the middle breaks the client's connection too. */
  #watch(answer: IncomingMessage): void {
    answer.once("close", () => {
      if (answer.complete || this.#isOver) return;
      this.#count("targetErrors");
      this.#client.end("rst");
    });
  }

  #loseResponse(sent: ClientRequest, answer: IncomingMessage): void {
    // The target has done its part and must not notice.
    this.#outgoing.delete(sent);
    const lengthBytes = declaredBytes(answer) ?? Infinity;
    let leftBytes = Math.min(this.#plan.lostAfterBytes, lengthBytes - 1);
    const drop = (): void => {
      if (this.#isOver) return;
      this.#count("responsesLost");
      this.#client.end("rst");
      this.#target.detach(sent);
      this.#callAfterwards();
    };
    if (leftBytes <= 0 || this.#incoming.method === "HEAD") {
      answer.resume();
      drop();
      return;
    }
    if (!this.#writeHead(answer)) return;
    // What was written so far is sent before the reset.
    const dropAfterWriting = (): boolean => this.#client.socket.write("", drop);
    answer.on("data", (piece: Uint8Array) => {
      if (leftBytes === 0 || this.#isOver) return;
      const passed = piece.subarray(0, leftBytes);
      leftBytes -= passed.length;
      this.#running.ledger.countBytes("bytesToClient", passed.length);
      this.#response.write(passed);
      if (leftBytes === 0) dropAfterWriting();
    });
    answer.once("close", () => {
      if (leftBytes > 0 && !this.#isOver) dropAfterWriting();
    });
  }

  /** No answer came, and none will. */
  #targetFailed(): void {
    this.#isAnswered = true;
    this.#answerBadGateway(["targetErrors"], "target not reached");
  }

  #answerBadGateway(names: readonly CountName[], why: string): void {
    if (this.#client.isSilent) return;
    for (const name of names) this.#count(name);
    const page = badGatewayPage(why);
    this.#response.writeHead(502, page.headers);
    this.#response.end(page.body);
  }

  #delayed(body: Readable, delayMs: number): Readable {
    if (delayMs === 0) return body;
    const line = new DelayLine(delayMs);
    this.#stages.push(line);
    return body.pipe(line);
  }

  #stage(
    message: IncomingMessage,
    bytes: "bytesToTarget" | "bytesToClient",
    isDamaged: boolean,
    recording: {
      readonly isRecorded: boolean;
      readonly onEnd: (body: Uint8Array | undefined) => void;
    },
  ): BodyStage {
    const { seed, faults, ledger } = this.#running;
    const way = bytes === "bytesToTarget" ? 0 : 1;
    const flipsOf = (lengthBytes: number): ReturnType<typeof planDamage> =>
      planDamage(seed, this.request, way, lengthBytes, faults.damageBytesMax);
    const stage = new BodyStage({
      ...recording,
      onBytes: (count) => ledger.countBytes(bytes, count),
      flipsOf: isDamaged ? flipsOf : undefined,
      lengthBytes: declaredBytes(message),
      onDamage: () => this.#count(way === 0 ? "requestsDamaged" : "responsesDamaged"),
    });
    this.#stages.push(stage);
    return stage;
  }

  /** The answer has been handed whole to the client's connection. */
  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.carried.delete(this);
    this.#count("responses");
    // The rest of a request that was answered early; the next one comes behind it.
    this.#incoming.unpipe();
    this.#incoming.resume();
    for (const sent of this.#outgoing) this.#target.detach(sent);
    this.#callAfterwards();
    this.#client.touch(this.#running);
  }
}
