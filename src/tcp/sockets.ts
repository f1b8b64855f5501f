/** What both ends of a TCP link want of their sockets, and HTTP in Node of its own. */
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { whenCarried } from "../core/index.ts";

/**
 * A silent connection is probed by TCP after so long, in ms; by Node's default, each second. A host
 * that is gone is noticed even where nobody has anything to say, and held requests fail before their
 * hold time of 25 s is over.
 */
export const TCP_PROBE_MS = 10_000;

/** Small bodies leave at once, and a dead host is noticed. */
export function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, TCP_PROBE_MS);
}

/** A body from this size on fills packets by itself, and is worth a call of the system. */
const UNCORKED_BYTES_MIN = 65_536;

/** Writes a body; small ones that are written in one tick leave together. */
export function writeBody(socket: Socket, body: Uint8Array): void {
  if (!socket.writable) return;
  if (body.length < UNCORKED_BYTES_MIN && socket.writableCorked === 0) {
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(body, whenLeft(socket, body));
}

/**
 * What a write calls back that carries a body of ours. The callback of a socket says that the system
 * has the bytes, and that of TLS, that it has others made of them. Any other stream can be given to
 * a server of Node's as a connection, and it may call back while its reader has not read.
 */
export function whenLeft(connection: Duplex, body: Uint8Array): ReturnType<typeof whenCarried> {
  return connection instanceof Socket ? whenCarried(body) : undefined;
}

/** Ends a connection behind what was written, or after `timeoutMs` where that is not taken. */
export function endSocket(socket: Socket, timeoutMs: number): void {
  socket.end();
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
