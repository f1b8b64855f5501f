import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawResponse {
  readonly version: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A client that writes what it is told, byte for byte, and reads answers one after the other. */
export class RawClient {
  readonly socket: Socket;
  /** Resolves when the connection is closed, with the error that closed it, if any. */
  readonly closed: Promise<Error | undefined>;
  private received = "";
  private isEnded = false;
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    let failure: Error | undefined;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
      this.wake();
    });
    socket.on("error", (error) => {
      failure = error;
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.isEnded = true;
        this.wake();
        resolve(failure);
      });
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return new RawClient(socket);
  }

  write(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** A POST with these headers beside the usual ones, which they replace. */
  post(body: string, headers: Record<string, string | undefined> = {}, version = "1.1"): void {
    this.write(postText(body, headers, version));
  }

  /** The next answer, delimited by its length; interim ones (100) have no body. */
  async response(): Promise<RawResponse> {
    const head = await this.until("\r\n\r\n");
    const [first = "", ...lines] = head.trimEnd().split("\r\n");
    const [, version = "", status = ""] = /^HTTP\/(\d\.\d) (\d{3})/.exec(first) ?? [];
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const body = await this.take(Number(headers["content-length"] ?? 0));
    return { version, status: Number(status), headers, body };
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async until(mark: string): Promise<string> {
    while (!this.received.includes(mark)) await this.more();
    return this.take(this.received.indexOf(mark) + mark.length);
  }

  private async take(bytes: number): Promise<string> {
    while (this.received.length < bytes) await this.more();
    const taken = this.received.slice(0, bytes);
    this.received = this.received.slice(bytes);
    return taken;
  }

  private async more(): Promise<void> {
    if (this.isEnded) throw new Error(`closed after: ${this.received.slice(0, 200)}`);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }
}

/** Not `once`, which takes the error of a cut body for its own. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

export function postText(
  body: string,
  headers: Record<string, string | undefined> = {},
  version = "1.1",
): string {
  const all: Record<string, string | undefined> = {
    host: "localhost",
    "content-type": "application/octet-stream",
    "content-length": String(body.length),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `POST /holdfast HTTP/${version}\r\n${lines.join("")}\r\n${body}`;
}
