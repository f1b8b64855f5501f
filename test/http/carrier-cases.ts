// What a server may answer, and what both carriers must make of it. Where a browser's `fetch` does
// not tell why, the two reasons differ.

import type { Socket } from "node:net";
import { answerOf, BINARY, type Respond } from "./raw-server.ts";

export interface CarrierCase {
  readonly name: string;
  readonly respond: Respond;
  /** Default "request": the server answers when the whole request is there. */
  readonly respondsTo?: "head";
  /** An answer's text, or the reasons of a failure: of Node's carrier, of the one by `fetch`. */
  readonly answer?: string;
  readonly reasons?: readonly [node: string, fetch: string];
  /** Connections of two exchanges, one after the other: 1 where the first is used again. */
  readonly connections?: 1 | 2;
  /** The first connection must end by the client's doing: a test waits for that. */
  readonly isDestroyed?: boolean;
  readonly requestBytes?: number;
}

/** The carriers of these tests read so much of an answer. */
export const ANSWER_BYTES_MAX = 1_000;

const text = (...lines: readonly string[]): Respond => {
  return (socket) => socket.write(lines.join("\r\n"));
};
const closing = (...lines: readonly string[]): Respond => {
  return (socket) => socket.end(lines.join("\r\n"));
};
const both = (reason: string): readonly [string, string] => [reason, reason];

/** Sends what cannot be whole, and cuts the connection when it has left. */
function cut(socket: Socket, ...lines: readonly string[]): void {
  socket.write(lines.join("\r\n"), () => setImmediate(() => socket.resetAndDestroy()));
}

/** A byte each turn of the event loop. */
function trickle(socket: Socket, bytes: Buffer): void {
  if (bytes.byteLength === 0 || socket.destroyed) return;
  socket.write(bytes.subarray(0, 1), () => setImmediate(trickle, socket, bytes.subarray(1)));
}

const answered: readonly CarrierCase[] = [
  {
    name: "a body with its length",
    respond: (socket, { body }) => socket.write(answerOf(body)),
    answer: "body",
    connections: 1,
  },
  {
    name: "a body of our media type, spelt otherwise",
    respond: (socket, { body }) =>
      socket.write(answerOf(body, "200 OK", "content-type: Application/Octet-Stream; x=y\r\n")),
    answer: "body",
    connections: 1,
  },
  {
    name: "an empty body",
    respond: (socket) => socket.write(answerOf("")),
    answer: "",
    connections: 1,
  },
  {
    name: "a body in chunks, with a trailer",
    respond: text(
      "HTTP/1.1 200 OK",
      BINARY,
      "transfer-encoding: chunked",
      "",
      "2;extension=1",
      "ab",
      "1",
      "c",
      "0",
      "trailer: value",
      "",
      "",
    ),
    answer: "abc",
    connections: 1,
  },
  {
    name: "a byte at a time",
    respond: (socket) => trickle(socket, answerOf("slowly")),
    answer: "slowly",
    connections: 1,
  },
  {
    name: "as many bytes as may be",
    respond: (socket) => socket.write(answerOf("x".repeat(ANSWER_BYTES_MAX))),
    answer: "x".repeat(ANSWER_BYTES_MAX),
    connections: 1,
  },
  {
    name: "hints before the answer (103)",
    respond: text(
      "HTTP/1.1 103 Early Hints",
      "link: </a>",
      "",
      "HTTP/1.1 200 OK",
      BINARY,
      "content-length: 1",
      "",
      "a",
    ),
    answer: "a",
    connections: 1,
  },
  {
    name: "HTTP/1.0 with a length",
    respond: closing("HTTP/1.0 200 OK", BINARY, "content-length: 3", "", "old"),
    answer: "old",
    connections: 2,
  },
  {
    name: "HTTP/1.0 without a length, up to the connection's end",
    respond: closing("HTTP/1.0 200 OK", BINARY, "", "older"),
    answer: "older",
    connections: 2,
  },
  {
    name: "a connection to be closed by the client",
    respond: text("HTTP/1.1 200 OK", BINARY, "connection: close", "content-length: 4", "", "last"),
    answer: "last",
    connections: 2,
    isDestroyed: true,
  },
];

const STATUSES: readonly (readonly [code: number, reason: string])[] = [
  [201, "Created"],
  [204, "No Content"],
  [205, "Reset Content"],
  [206, "Partial Content"],
  [302, "Found"],
  [304, "Not Modified"],
  [307, "Temporary Redirect"],
  [308, "Permanent Redirect"],
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [404, "Not Found"],
  [413, "Content Too Large"],
  [429, "Too Many Requests"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [599, ""],
];
const WITHOUT_BODY = [204, 205, 304];

/** Each of these statuses is a failure, and its connection is used again. */
const refused: readonly CarrierCase[] = STATUSES.map(([code, reason]) => {
  const body = WITHOUT_BODY.includes(code) ? "" : "<p>a page</p>";
  return {
    name: `the status ${code}`,
    respond: (socket) => socket.write(answerOf(body, `${code} ${reason}`, "location: /else\r\n")),
    reasons: both(`http_${code}`),
    connections: 1,
  };
});

const refusedOtherwise: readonly CarrierCase[] = [
  {
    name: "a page of somebody in between, with status 200",
    respond: text("HTTP/1.1 200 OK", "content-type: text/html", "content-length: 3", "", "<p>"),
    reasons: both("answer_foreign"),
    connections: 1,
  },
  {
    name: "what says nothing of its media type, with status 200",
    respond: text("HTTP/1.1 200 OK", "content-length: 6", "", "my app"),
    reasons: both("answer_foreign"),
    connections: 1,
  },
  {
    name: "what has an empty media type, with status 200",
    respond: text("HTTP/1.1 200 OK", "content-type:", "content-length: 6", "", "my app"),
    reasons: both("answer_foreign"),
    connections: 1,
  },
  {
    name: "an error's page that is too large",
    respond: (socket) => socket.write(answerOf("x".repeat(100_000), "502 Bad Gateway")),
    reasons: both("http_502"),
    connections: 2,
    isDestroyed: true,
  },
  {
    name: "an error's page that is cut",
    respond: (socket) => cut(socket, "HTTP/1.1 502 Bad Gateway", "content-length: 9", "", "<p>"),
    reasons: both("http_502"),
    connections: 2,
  },
  {
    name: "413 before the request is there, with the rest of it in vain",
    respond: text("HTTP/1.1 413 Too Large", "content-length: 2", "", "no"),
    respondsTo: "head",
    reasons: both("http_413"),
    connections: 2,
    isDestroyed: true,
    requestBytes: 8_000_000,
  },
  {
    name: "413 before the request is there, and the end of the connection",
    respond: closing("HTTP/1.1 413 Too Large", "connection: close", "content-length: 2", "", "no"),
    respondsTo: "head",
    reasons: both("http_413"),
    connections: 2,
    isDestroyed: true,
    requestBytes: 8_000_000,
  },
];

/** Whether its connection is used again depends on whether the host has already read it whole. */
const slightlyTooLarge: CarrierCase = {
  name: "a byte more than may be",
  respond: (socket) => socket.write(answerOf("x".repeat(ANSWER_BYTES_MAX + 1))),
  reasons: both("answer_too_large"),
};

const tooLarge: readonly CarrierCase[] = [
  {
    name: "a large body of which little has come",
    respond: text("HTTP/1.1 200 OK", BINARY, "content-length: 99999999", "", "x".repeat(2_000)),
  },
  {
    name: "chunks without end",
    respond: (socket: Socket) => {
      const more = (): void => {
        if (!socket.destroyed)
          socket.write("40\r\n".concat("x".repeat(64), "\r\n"), () => setImmediate(more));
      };
      socket.write(`HTTP/1.1 200 OK\r\n${BINARY}\r\ntransfer-encoding: chunked\r\n\r\n`, more);
    },
  },
].map((one) => ({
  ...one,
  reasons: both("answer_too_large"),
  connections: 2,
  isDestroyed: true,
}));

const cuts: readonly CarrierCase[] = [
  {
    name: "less than its length, and the end of the connection",
    respond: closing("HTTP/1.1 200 OK", BINARY, "content-length: 9", "", "cut"),
    reasons: both("answer_cut"),
    connections: 2,
  },
  {
    name: "less than its length, and a reset",
    respond: (socket) => cut(socket, "HTTP/1.1 200 OK", BINARY, "content-length: 9", "", "cut"),
    reasons: both("answer_cut"),
    connections: 2,
  },
  {
    name: "chunks without the last one, and the end of the connection",
    respond: closing("HTTP/1.1 200 OK", BINARY, "transfer-encoding: chunked", "", "3", "cut", ""),
    reasons: both("answer_cut"),
    connections: 2,
  },
  {
    name: "a chunk that is none",
    respond: text(
      "HTTP/1.1 200 OK",
      BINARY,
      "transfer-encoding: chunked",
      "",
      "3",
      "cut",
      "zzz",
      "",
    ),
    reasons: both("answer_cut"),
    connections: 2,
    isDestroyed: true,
  },
];

const notHttp: readonly CarrierCase[] = [
  { name: "another protocol", respond: text("SSH-2.0-OpenSSH_9.6", "", "") },
  {
    name: "two framings at once",
    respond: text(
      "HTTP/1.1 200 OK",
      BINARY,
      "content-length: 3",
      "transfer-encoding: chunked",
      "",
      "3",
      "abc",
      "0",
      "",
      "",
    ),
  },
  {
    name: "two lengths",
    respond: text("HTTP/1.1 200 OK", BINARY, "content-length: 3", "content-length: 4", "", "abcd"),
  },
  { name: "a flood of headers", respond: text("HTTP/1.1 200 OK", "x: y\r\n".repeat(10_000), "") },
].map((one) => ({
  ...one,
  reasons: ["answer_malformed", "network_error"],
  connections: 2,
  isDestroyed: true,
}));

const unanswered: readonly CarrierCase[] = [
  {
    name: "nothing, and the end of the connection",
    respond: (socket) => socket.end(),
    reasons: ["connection_reset", "network_error"],
    connections: 2,
  },
  {
    name: "nothing, and a reset",
    respond: (socket) => socket.resetAndDestroy(),
    reasons: ["connection_reset", "network_error"],
    connections: 2,
  },
  {
    name: "half a head, and the end of the connection",
    respond: closing("HTTP/1.1 200 OK", "content-le"),
    reasons: ["connection_reset", "network_error"],
    connections: 2,
  },
  {
    name: "another protocol to be switched to (101)",
    respond: text("HTTP/1.1 101 Switching", "connection: upgrade", "upgrade: x", "", ""),
    reasons: both("network_error"),
    connections: 2,
    isDestroyed: true,
  },
];

export const CASES: readonly CarrierCase[] = [
  ...answered,
  ...refused,
  ...refusedOtherwise,
  slightlyTooLarge,
  ...tooLarge,
  ...cuts,
  ...notHttp,
  ...unanswered,
];
