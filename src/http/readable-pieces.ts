/**
 * Reads a stream of Node's by events, which take a fraction of the time of a stream of the web's and
 * copy nothing.
 */
import { finished, type Readable } from "node:stream";

/**
 * Hands on the pieces as they come, to its end; rejects where it is cut, now or before, or `take`
 * throws, which is then not called again.
 */
export function readPieces(stream: Readable, take: (piece: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const handle = (piece: Uint8Array): void => {
      try {
        take(piece);
      } catch (error) {
        stream.off("data", handle);
        reject(error);
      }
    };
    stream.on("data", handle);
    finished(stream, { writable: false }, (error) => (error ? reject(error) : resolve()));
  });
}
