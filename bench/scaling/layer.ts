/**
 * A session with many channels over the session layer, both sides in one process, joined by TCP:
 * what the layer adds to the cores. A batch goes one way, and its last message is answered, so that
 * the acknowledgement rides along.
 */
import { createServer, type AddressInfo, type Server } from "node:net";
import { connect, raw, type Session, SessionServer, tcpListener } from "../holdfast.ts";
import type { Numbered } from "./numbered.ts";

/** Channels that are opened before others are. */
const OPENING = 200;

type Bytes = Session<Uint8Array, Uint8Array>;

/** Where messages of one channel go: the session itself, or a channel of it. */
type Stream = Pick<Bytes, "send" | "onBundle">;

export class Layer {
  readonly #server: Server;
  readonly #client: Bytes;
  readonly #streams: Stream[] = [];
  readonly #numbered: Numbered;
  readonly #peer: Peer;
  #sent = 0;

  private constructor(server: Server, client: Bytes, peer: Peer, numbered: Numbered) {
    this.#server = server;
    this.#client = client;
    this.#peer = peer;
    this.#numbered = numbered;
  }

  /** With channels that stand open; messages go round them, or all on channel 0. */
  static async open(channels: number, areIdle: boolean, numbered: Numbered): Promise<Layer> {
    const peer = new Peer(numbered, areIdle ? 1 : channels);
    const session = { channelsMax: channels, channelUnits: 16, windowBytes: 1 << 30 };
    const sessions = new SessionServer<Uint8Array, Uint8Array>({
      codec: raw,
      ...session,
      windowMessages: 1 << 22,
      earlyMessages: false,
      onSession: (opened) => peer.serve(opened, areIdle),
    });
    const server = createServer(tcpListener(sessions));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const client = connect<Uint8Array, Uint8Array>(`tcp://127.0.0.1:${port}`, {
      codec: raw,
      ...session,
      windowMessages: 1 << 22,
      earlyMessages: false,
    });
    await client.opened;
    const layer = new Layer(server, client, peer, numbered);
    client.onBundle((messages) => peer.noteAnswers(messages.length));
    for (let at = 0; at < channels; at++) {
      const channel = client.channel<Uint8Array, Uint8Array>("");
      if (!areIdle) layer.#streams.push(channel);
      if (at % OPENING === OPENING - 1) await client.flushed();
    }
    await client.flushed();
    if (areIdle) layer.#streams.push(client);
    return layer;
  }

  /** Sends a batch, and waits until all of it is there and its last message answered. */
  async turn(count: number): Promise<void> {
    const streams = this.#streams;
    for (let at = 0; at < count; at++) {
      const stream = streams[this.#sent % streams.length] as Stream;
      stream.send(this.#numbered.at(this.#sent++));
    }
    await this.#peer.answer(this.#sent);
  }

  verify(): void {
    this.#peer.verify(this.#sent);
  }

  async close(): Promise<void> {
    await this.#client.close();
    this.#server.close();
  }
}

/** The server's application. */
class Peer {
  readonly #numbered: Numbered;
  readonly #step: number;
  #session: Bytes | undefined;
  #channels = 0;
  #delivered = 0;
  #answerAt = Infinity;
  #answered: () => void = () => {};

  constructor(numbered: Numbered, step: number) {
    this.#numbered = numbered;
    this.#step = step;
  }

  serve(session: Bytes, isOnChannel0: boolean): void {
    this.#session = session;
    if (isOnChannel0) this.#take(session, 0);
    session.on("channel", (channel) => {
      if (!isOnChannel0) this.#take(channel.as<Uint8Array, Uint8Array>(), this.#channels);
      this.#channels++;
    });
  }

  #take(stream: Stream, place: number): void {
    let next = place;
    stream.onBundle((messages) => {
      this.#numbered.check(messages, next, this.#step);
      next += messages.length * this.#step;
      this.#delivered += messages.length;
      if (this.#delivered >= this.#answerAt) {
        this.#answerAt = Infinity;
        this.#session?.send(this.#numbered.at(0));
      }
    });
  }

  /** Resolves when so many messages have come and the last is answered. */
  answer(delivered: number): Promise<void> {
    this.#answerAt = delivered;
    return new Promise((resolve) => (this.#answered = resolve));
  }

  noteAnswers(count: number): void {
    if (count !== 1) throw new Error(`${count} answers`);
    this.#answered();
  }

  verify(sent: number): void {
    if (this.#delivered !== sent) throw new Error(`${this.#delivered} of ${sent} delivered`);
  }
}
