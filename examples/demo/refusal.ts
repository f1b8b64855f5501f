/**
 * Requests that are refused: what is thrown by whoever finds the reason, and answered in server.ts.
 */

export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
