/**
 * The two cores with HTTP and pipes between them: what a core wants done is put on its way, and
 * what arrives is told to the other one.
 */
import type { ApplicationOutput } from "../core/index.ts";
import type { SideName } from "./applications.ts";
import { type CoreEvent, Cores, type Reaction } from "./cores.ts";
import { type Router, SimulatedHttp } from "./http.ts";
import { readWhole } from "./whole-bodies.ts";
import { type PipeItem, type PipeKind, sideAt, type SimulatedPipe, type Way } from "./pipes.ts";

/** Stands in for the cores of a pair. */
export interface Reactor {
  /** Brings the side's core, clock and `wakeAt` to where the event leads. */
  react(pair: ConnectedCores, side: SideName, event: CoreEvent): Reaction;
}

/** Cores that are connected. What their applications see is for those who extend it. */
export abstract class ConnectedCores extends Cores {
  /** Connections are numbered on over reloads, as exchanges are not. */
  connectionBase = 0;
  /** What is between them. */
  readonly http: SimulatedHttp = new SimulatedHttp();
  /** How items travel; undefined: they wait until a step takes them. */
  router: Router | undefined = undefined;
  /** Who reacts to events; undefined: the cores themselves. */
  reactor: Reactor | undefined = undefined;

  /** An application is told something. */
  protected abstract noteOutput(side: SideName, output: ApplicationOutput): void;

  // --- readers --------------------------------------------------------------------------------

  /** Something is on its way. */
  protected get isMoving(): boolean {
    return this.http.items.length > 0 || this.http.pipes.isMoving;
  }

  /** Something with a number is on its way: a message, or what is said of channels and ends. */
  protected get isCarrying(): boolean {
    const { items, pipes } = this.http;
    const bodies = items.map(({ body }) => body);
    for (const { up, down } of pipes.all.values()) {
      for (const { body } of [...up, ...down]) bodies.push(body);
    }
    const { sessionId } = this.client as unknown as { readonly sessionId: Uint8Array };
    return bodies.some((body) => {
      const read = body.length === 0 ? undefined : readWhole(body, sessionId);
      return read !== undefined && read.body.numbered.length > 0;
    });
  }

  /** Both sides know by which pipe the client hears, and it works. */
  get isPiped(): boolean {
    const { client, session, http } = this;
    const pipe = http.pipes.find("client", client.joined);
    if (pipe === undefined || pipe.isDeaf.down || pipe.isDeaf.up) return false;
    return pipe.server === "open" && session?.side.joined === client.joined;
  }

  // --- pipes ----------------------------------------------------------------------------------

  /** A connection has come about that carries bodies both ways. The client's session lives. */
  openPipe(): SimulatedPipe {
    const reaction = this.reactionTo("client", { kind: "open-pipe" });
    return this.beginPipe("duplex", reaction);
  }

  /** The client asks for a stream: its requests offer to take one. The client's session lives. */
  offerPipe(): SimulatedPipe {
    const ticket = this.http.pipes.nextTicket;
    const reaction = this.reactionTo("client", { kind: "offer-pipe", ticket });
    return this.beginPipe("stream", reaction, ticket);
  }

  private beginPipe(kind: PipeKind, reaction: Reaction, ticket?: Uint8Array): SimulatedPipe {
    const pipe = this.http.pipes.begin(kind, reaction.result as number, ticket);
    this.carryOut("client", reaction);
    return pipe;
  }

  /** What comes next that way on a pipe arrives. */
  deliverOnPipe(number: number, way: Way): void {
    const { pipes } = this.http;
    const pipe = pipes.all.get(number);
    const item = pipes.take(number, way);
    if (pipe !== undefined) this.takePipeItem(pipe, way, item);
    pipes.forget(number);
  }

  private takePipeItem(pipe: SimulatedPipe, way: Way, { kind, body }: PipeItem): void {
    const { number, link, server, ticket } = pipe;
    if (kind === "end") this.tellPipeGone(number, sideAt(way));
    else if (kind === "ask") this.handStream(number, ticket);
    else if (way === "down") this.react("client", { kind: "pipe-down", link, body });
    else this.react("server", { kind: "pipe-up", handle: number, isFirst: server === "new", body });
  }

  /** A host that has no such stream closes the connection. */
  private handStream(number: number, ticket: Uint8Array): void {
    const reaction = this.reactionTo("server", { kind: "stream", handle: number, ticket });
    if (reaction.result === false) this.hangUp("server", number);
    this.carryOut("server", reaction);
  }

  /** The host of a side sees that a pipe has ended. */
  tellPipeGone(number: number, side: SideName): void {
    const { pipes } = this.http;
    const pipe = pipes.all.get(number);
    if (pipe === undefined) return;
    const isOpen = side === "client" ? pipe.isClientOpen : pipe.server === "open";
    pipes.close(number, side);
    if (!isOpen) return;
    if (side === "client") this.react("client", { kind: "pipe-closed", link: pipe.link });
    else this.react("server", { kind: "pipe-gone", handle: number });
  }

  /** The connection is gone, with what is on it; the sides that are named are going to be told. */
  protected breakPipe(number: number, told: readonly SideName[]): void {
    const { pipes } = this.http;
    pipes.break(number);
    for (const side of told) pipes.endFor(number, side === "client" ? "down" : "up", 0);
  }

  /** The server's host wants a pipe replaced. */
  retirePipe(number: number): void {
    this.react("server", { kind: "retire", handle: number });
  }

  /** Whatever there was at a side is gone, and its pipes with it. */
  protected endPipes(side: SideName): void {
    for (const pipe of Array.from(this.http.pipes.all.values())) {
      const isOpen = side === "client" ? pipe.isClientOpen : pipe.server === "open";
      if (isOpen) this.hangUp(side, side === "client" ? pipe.link : pipe.number);
    }
  }

  // --- cores ----------------------------------------------------------------------------------

  /** A core is told, and what it wants done is done. */
  protected react(side: SideName, event: CoreEvent): void {
    this.carryOut(side, this.reactionTo(side, event));
  }

  protected reactionTo(side: SideName, event: CoreEvent): Reaction {
    return this.reactor?.react(this, side, event) ?? this.runCore(side, event);
  }

  // --- what comes of it -----------------------------------------------------------------------

  protected carryOut(side: SideName, { outputs }: Reaction): void {
    for (const output of outputs) {
      switch (output.kind) {
        case "request":
          this.sendRequest(output.exchange, output.body);
          break;
        case "abort":
          this.abort(output.exchange);
          break;
        case "respond": {
          const item = this.http.sendAnswer(output.handle, output.body);
          if (item !== undefined) this.router?.handleSent(item);
          break;
        }
        case "transmit":
          this.transmit(side, output.handle, output.body);
          break;
        case "hang-up":
          this.hangUp(side, output.handle);
          break;
        default:
          this.noteOutput(side, output);
          if (output.kind === "pipe-offered") this.ask(output.link);
      }
    }
  }

  private sendRequest(exchange: number, body: Uint8Array): void {
    const item = this.http.sendRequest(this.connectionBase + exchange, body);
    this.router?.handleSent(item);
  }

  private abort(exchange: number): void {
    const connection = this.connectionBase + exchange;
    const survives = this.router?.requestSurvives(connection) ?? false;
    this.http.abort(connection, survives);
  }

  private transmit(side: SideName, handle: number, body: Uint8Array): void {
    const pipe = this.http.pipes.find(side, handle);
    const item = this.http.pipes.transmit(side, handle, body);
    this.route(pipe, side === "client" ? "up" : "down", item);
  }

  private hangUp(side: SideName, handle: number): void {
    const pipe = this.http.pipes.find(side, handle);
    const item = this.http.pipes.hangUp(side, handle);
    this.route(pipe, side === "client" ? "up" : "down", item);
  }

  private ask(link: number): void {
    const pipe = this.http.pipes.find("client", link);
    this.route(pipe, "up", this.http.pipes.ask(link));
  }

  private route(pipe: SimulatedPipe | undefined, way: Way, item: PipeItem | undefined): void {
    if (pipe === undefined || item === undefined) return;
    this.router?.handlePipeSent(pipe.number, way, item);
  }
}
