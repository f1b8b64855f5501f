/**
 * Reads a stream of Node's by events, which take a fraction of the time of a stream of the web's and
 * copy nothing.
 */
import type { Readable } from "node:stream";

/** Hands on the pieces as they come, to its end; rejects where it is cut, or `take` throws. */
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
    stream.once("end", resolve).once("error", reject).once("close", reject);
  });
}
