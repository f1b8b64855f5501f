/**
 * TCP with a length of four bytes before each message: what any protocol on it pays at least. One
 * write for each message is what a program does that knows nothing better; all messages of a tick
 * in one write are the practical ceiling. Without Nagle's delay, which would hold an echo back.
 */
import { connect, createServer, type Socket } from "node:net";
import type { Connection, Contestant } from "../contestant.ts";
import { dialling } from "./dialling.ts";
import { listening } from "./listening.ts";

const PREFIX_BYTES = 4;

/** Bytes of one coalesced write, at most, about: what `socket.write` takes before it says false. */
const BLOCK_BYTES = 65_536;

class Framed implements Connection {
  onMessage: Connection["onMessage"] = () => {};
  onDrain: Connection["onDrain"] = () => {};
  onClose: Connection["onClose"] = () => {};
  protected readonly socket: Socket;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => this.onDrain());
    socket.on("close", () => this.onClose());
    socket.on("error", () => {});
  }

  send(message: Uint8Array): boolean {
    const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
    frame.writeUInt32LE(message.length);
    frame.set(message, PREFIX_BYTES);
    return this.socket.write(frame);
  }

  close(): void {
    this.socket.end();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const end = at + PREFIX_BYTES + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      this.onMessage(bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Collects the messages of a tick in a block of memory, and writes that. */
class Coalescing extends Framed {
  #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  #isWritePlanned = false;

  override send(message: Uint8Array): boolean {
    const needed = PREFIX_BYTES + message.length;
    let hasRoom = true;
    if (this.#used + needed > this.#block.length) hasRoom = this.#write();
    if (needed > this.#block.length) return super.send(message);
    this.#block.writeUInt32LE(message.length, this.#used);
    this.#block.set(message, this.#used + PREFIX_BYTES);
    this.#used += needed;
    if (!this.#isWritePlanned) {
      this.#isWritePlanned = true;
      process.nextTick(() => {
        this.#isWritePlanned = false;
        this.#write();
      });
    }
    return hasRoom && !this.socket.writableNeedDrain;
  }

  #write(): boolean {
    if (this.#used === 0) return true;
    const bytes = this.#block.subarray(0, this.#used);
    this.#block = Buffer.allocUnsafe(BLOCK_BYTES);
    this.#used = 0;
    return this.socket.write(bytes);
  }
}

function tcp(name: string, Kind: new (socket: Socket) => Connection): Contestant {
  return {
    name,
    kind: "tcp",
    payload: "bytes",
    async serve({ onConnection }) {
      const server = createServer((socket) => onConnection(new Kind(socket)));
      return { port: await listening(server), server };
    },
    connect: dialling((port, opened, failed) => {
      const socket = connect(port, "127.0.0.1", () => opened(new Kind(socket)));
      socket.once("error", failed);
    }),
  };
}

export const rawTcp: Contestant = tcp("raw TCP", Framed);
export const coalescedTcp: Contestant = tcp("raw TCP, coalesced", Coalescing);
