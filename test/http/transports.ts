import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { request as httpsRequest } from "node:https";
import { onTestFinished } from "vitest";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request under way, as any version of HTTP carries it. */
export interface Sent {
  readonly answer: Promise<Answer>;
  write(text: string): void;
  end(): void;
  /** Closes the connection, or resets the stream where many share one. */
  abort(): void;
}

/** Begins a POST, or what the headers say instead; the body is left open. */
export interface Transport {
  (headers: Record<string, string | undefined>): Sent;
  /** What a page of the server itself has as its origin. */
  readonly origin: string;
}

/** What a POST has when nothing else is said. */
const USUAL = {
  ":method": "POST",
  ":path": "/holdfast",
  "content-type": "application/octet-stream",
};

export function http1(url: string, ca?: string): Transport {
  const send = (headers: Record<string, string | undefined>): Sent => {
    const { ":method": method, ":path": path, ...rest } = defined({ ...USUAL, ...headers });
    const options = { method, headers: rest, agent: false, ...(ca === undefined ? {} : { ca }) };
    const make = ca === undefined ? httpRequest : httpsRequest;
    const sent: ClientRequest = make(new URL(path ?? "", url), options as object);
    onTestFinished(() => void sent.destroy());
    sent.flushHeaders();
    const response = once(sent, "response") as Promise<[IncomingMessage]>;
    return {
      answer: response.then(async ([message]) => ({
        status: message.statusCode ?? 0,
        headers: message.headers,
        body: await textOf(message),
      })),
      write: (text) => void sent.write(text),
      end: () => void sent.end(),
      abort: () => void sent.destroy(),
    };
  };
  return Object.assign(send, { origin: url });
}

export function http2(url: string, ca?: string): Transport {
  const session: ClientHttp2Session = connect(url, ca === undefined ? {} : { ca });
  onTestFinished(() => session.destroy());
  const send = (headers: Record<string, string | undefined>): Sent => {
    const stream = session.request(defined({ ...USUAL, ...headers }), { endStream: false });
    const response = once(stream, "response") as Promise<[Record<string, unknown>]>;
    // A stream that was aborted before its answer.
    stream.on("error", () => {});
    return {
      answer: response.then(async ([head]) => ({
        status: Number(head[":status"]),
        headers: head,
        body: await textOf(stream),
      })),
      write: (text) => void stream.write(text),
      end: () => void stream.end(),
      abort: () => stream.destroy(),
    };
  };
  return Object.assign(send, { origin: url });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function defined(headers: Record<string, string | undefined>): Record<string, string> {
  const entries = Object.entries(headers).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string>;
}
