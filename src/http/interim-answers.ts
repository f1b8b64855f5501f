/**
 * Takes the interim answers (1xx) out of what a connection brings: any number of them may stand
 * before an answer, asked for or not (RFC 9110 section 15.2), and undici takes 100 for an error.
 * Whatever does not begin like one is handed on as it is, for undici's parser to judge.
 */
import http from "node:http";

/** How an interim answer begins; HTTP/1.0 has none. */
const BEGINNING = "HTTP/1.1 1";

/** A switch of protocols, which nobody asks for: what follows is not HTTP any more. */
const SWITCH = "HTTP/1.1 101";

const NOTHING: Buffer = Buffer.alloc(0);

export class InterimAnswers {
  private isAwaited = false;
  private held: Buffer = NOTHING;

  /** The next bytes are the beginning of an answer. */
  expectAnswer(): void {
    this.isAwaited = true;
  }

  /**
   * What is left of a piece; undefined: nothing yet.
   *
   * @throws Error for a switch of protocols.
   */
  take(piece: Buffer): Buffer | undefined {
    if (!this.isAwaited) return piece;
    let rest = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    this.held = NOTHING;
    while (BEGINNING.startsWith(rest.toString("latin1", 0, BEGINNING.length))) {
      const headEnd = rest.indexOf("\r\n\r\n");
      if (headEnd < 0 && rest.length < http.maxHeaderSize) {
        this.held = rest;
        return undefined;
      }
      // Too long a head is the parser's to refuse.
      if (headEnd < 0) break;
      if (rest.toString("latin1", 0, SWITCH.length) === SWITCH)
        throw new Error("a switch of protocols");
      rest = rest.subarray(headEnd + 4);
    }
    this.isAwaited = false;
    return rest;
  }
}
