// Requests that no honest client sends, and what each is answered with before the connection closes.
// All were tried by somebody: at parsers, at proxies that read a request otherwise than the server
// behind them (request smuggling, RFC 9112 section 11.2), or at servers for another protocol.

export interface HttpCase {
  readonly name: string;
  readonly bytes: string;
  /** What comes back, in this order and nothing more. */
  readonly says: readonly string[];
  /** Nothing follows, although something should. */
  readonly isCut?: boolean;
}

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

function request({ method = "POST", target = "/holdfast", body = "x", ...rest }: Parts): string {
  const all: Record<string, string | undefined> = {
    host: "victim",
    "content-type": "application/octet-stream",
    "content-length": String(body.length),
    ...rest.headers,
  };
  const lines = Object.entries(all).map(([name, value]) =>
    value === undefined ? "" : `${name}: ${value}\r\n`,
  );
  return `${method} ${target} HTTP/${rest.version ?? "1.1"}\r\n${lines.join("")}\r\n${body}`;
}

const chunked = (body: string, headers = {}): string =>
  request({
    headers: { "content-length": undefined, "transfer-encoding": "chunked", ...headers },
    body,
  });

const plain = request({});
const bare = { "content-type": undefined, "content-length": undefined };
const HEAD =
  "POST /holdfast HTTP/1.1\r\nhost: victim\r\ncontent-type: application/octet-stream\r\n";

/** The body of these requests, an x, has a version that the server does not know, and it says so. */
const TAKEN = "200 versions 1";
const LATE = "408 request_timeout";
const MALFORMED = "400 request_malformed";
const NOT_FOUND = "404 not_found";
const METHOD = "405 method_not_allowed";
const TYPE = "415 media_type_unsupported";
const CODING = "415 encoding_unsupported";
const TOO_LARGE = "413 body_too_large";
const HEAD_TOO_LARGE = "431 head_too_large";

type Row = readonly [name: string, bytes: string, ...says: string[]];

const methods: readonly Row[] = [
  ["GET", request({ method: "GET", headers: bare, body: "" }), METHOD],
  // To HEAD, a content is not sent.
  ["HEAD", request({ method: "HEAD", headers: bare, body: "" }), "405 without a reason"],
  ["PUT", request({ method: "PUT" }), METHOD],
  ["DELETE", request({ method: "DELETE" }), METHOD],
  ["PATCH", request({ method: "PATCH" }), METHOD],
  ["TRACE", request({ method: "TRACE", headers: bare, body: "" }), METHOD],
  ["PROPFIND", request({ method: "PROPFIND" }), METHOD],
  ["OPTIONS", request({ method: "OPTIONS", headers: bare, body: "" }), METHOD],
  ["OPTIONS *", request({ method: "OPTIONS", target: "*", headers: bare, body: "" }), NOT_FOUND],
  ["CONNECT", request({ method: "CONNECT", target: "bank:443", headers: bare, body: "" }), METHOD],
  ["a method of its own", request({ method: "STEAL" }), MALFORMED],
  ["a method in small letters", request({ method: "post" }), MALFORMED],
  ["no method", request({ method: "" }), MALFORMED],
];

const targets: readonly Row[] = [
  ["the root", request({ target: "/" }), NOT_FOUND],
  ["a slash more", request({ target: "/holdfast/" }), NOT_FOUND],
  ["two slashes", request({ target: "//holdfast" }), NOT_FOUND],
  ["another case", request({ target: "/Holdfast" }), NOT_FOUND],
  ["an encoded letter", request({ target: "/%68oldfast" }), NOT_FOUND],
  ["an encoded zero", request({ target: "/holdfast%00" }), NOT_FOUND],
  ["dots", request({ target: "/x/../holdfast" }), NOT_FOUND],
  ["dots upwards", request({ target: "/../../etc/passwd" }), NOT_FOUND],
  ["a query", request({ target: "/holdfast?secret=1" }), TAKEN],
  ["an absolute target", request({ target: "http://victim/holdfast" }), TAKEN],
  ["an absolute target elsewhere", request({ target: "http://evil/else" }), NOT_FOUND],
  ["an absolute target that is none", request({ target: "http://[::" }), NOT_FOUND],
  ["no slash", request({ target: "holdfast" }), MALFORMED],
  ["a space", request({ target: "/hold fast" }), MALFORMED],
  ["a target of 20,000 bytes", request({ target: `/${"a".repeat(20_000)}` }), HEAD_TOO_LARGE],
];

const versions: readonly Row[] = [
  ["HTTP/0.9", "GET /holdfast\r\n", LATE],
  ["HTTP/0.9 with a POST", "POST /holdfast\r\n\r\nx", TYPE],
  ["HTTP/1.2", request({ version: "1.2" }), MALFORMED],
  ["HTTP/2.0", request({ version: "2.0" }), TAKEN],
  ["HTTP/9.9", request({ version: "9.9" }), MALFORMED],
  ["HTTP/1", request({ version: "1" }), MALFORMED],
  ["another protocol's name", plain.replace("HTTP/1.1", "RTSP/1.0"), TAKEN],
  [
    "HTTP/2 with prior knowledge",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    MALFORMED,
  ],
  [
    "the hello of TLS",
    "\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03" + "\x5a".repeat(236),
    MALFORMED,
  ],
  ["the hello of SSH", "SSH-2.0-OpenSSH_9.6\r\n", MALFORMED],
  ["the hello of SMTP", "EHLO victim\r\n", MALFORMED],
  ["a redis command", "*1\r\n$4\r\nPING\r\n", MALFORMED],
  ["zeros", "\0".repeat(100), MALFORMED],
  ["an answer", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", MALFORMED],
];

const heads: readonly Row[] = [
  ["no media type", request({ headers: { "content-type": undefined } }), TYPE],
  ["text", request({ headers: { "content-type": "text/plain" } }), TYPE],
  ["a form", request({ headers: { "content-type": "multipart/form-data; boundary=x" } }), TYPE],
  [
    "two media types",
    request({ headers: { "content-type": "text/plain, application/octet-stream" } }),
    TYPE,
  ],
  ["a parameter", request({ headers: { "content-type": "application/octet-stream; a=b" } }), TAKEN],
  ["gzip", request({ headers: { "content-encoding": "gzip" } }), CODING],
  ["two codings", request({ headers: { "content-encoding": "identity, gzip" } }), CODING],
  ["an origin", request({ headers: { origin: "https://evil.example" } }), "403 origin_not_allowed"],
  ["the origin null", request({ headers: { origin: "null" } }), "403 origin_not_allowed"],
  // By Node itself, which asks nobody.
  ["no host", request({ headers: { host: undefined } }), "400 without a reason"],
  ["a folded header", plain.replace("host: victim", "host: victim\r\n folded: yes"), MALFORMED],
  ["lines that end with LF", plain.replaceAll("\r\n", "\n"), MALFORMED],
  ["a CR alone", plain.replace("host: victim", "host: vic\rtim"), MALFORMED],
  ["a space before a colon", plain.replace("host:", "host :"), MALFORMED],
  ["a zero in a header", plain.replace("victim", "vic\0tim"), MALFORMED],
  ["a header without a name", plain.replace("host:", ":"), MALFORMED],
  ["a header without a colon", plain.replace("host: victim", "host victim"), MALFORMED],
  ["a header of 20,000 bytes", request({ headers: { a: "a".repeat(20_000) } }), HEAD_TOO_LARGE],
  [
    "4,000 headers",
    plain.replace("host:", `${"a: bcdefgh\r\n".repeat(4_000)}host:`),
    HEAD_TOO_LARGE,
  ],
  ["1,000 headers", plain.replace("host:", `${"a: b\r\n".repeat(1_000)}host:`), TAKEN],
  ["the prototype's name", request({ headers: { __proto__x: "1", constructor: "2" } }), TAKEN],
  ["an expectation", request({ headers: { expect: "100-continue" } }), "100", TAKEN],
  ["another expectation", request({ headers: { expect: "a-miracle" } }), "417 expectation_failed"],
  // Node hands whatever asks for an upgrade to who listens for those, and to nobody else.
  [
    "an upgrade to WebSocket",
    request({ headers: { connection: "upgrade", upgrade: "websocket" } }),
    METHOD,
  ],
  [
    "an upgrade to h2c",
    request({ headers: { connection: "upgrade, http2-settings", upgrade: "h2c" } }),
    METHOD,
  ],
  ["a closed connection", request({ headers: { connection: "close" } }), TAKEN],
  ["HTTP/1.0", request({ version: "1.0" }), TAKEN],
];

const lengths: readonly Row[] = [
  ["nothing", request({ body: "" }), "400 body_empty"],
  ["no length", request({ headers: { "content-length": undefined }, body: "" }), "400 body_empty"],
  [
    "a length too small",
    request({ headers: { "content-length": "1" }, body: "xy\r\n\r\n" }),
    MALFORMED,
  ],
  ["a length below zero", request({ headers: { "content-length": "-1" } }), MALFORMED],
  ["a length with a plus", request({ headers: { "content-length": "+1" } }), MALFORMED],
  ["a length in hexadecimal", request({ headers: { "content-length": "0x1" } }), MALFORMED],
  ["a length that is none", request({ headers: { "content-length": "one" } }), MALFORMED],
  ["a length with a fraction", request({ headers: { "content-length": "1.0" } }), MALFORMED],
  [
    "a length beyond 64 bits",
    request({ headers: { "content-length": "99999999999999999999" } }),
    MALFORMED,
  ],
  [
    "a length of a terabyte",
    request({ headers: { "content-length": "1099511627776" } }),
    TOO_LARGE,
  ],
  ["two lengths", `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nxy`, MALFORMED],
  ["the same length twice", `${HEAD}content-length: 1\r\ncontent-length: 1\r\n\r\nx`, MALFORMED],
  ["two lengths in one", request({ headers: { "content-length": "1, 1" } }), MALFORMED],
  [
    "a length and chunks",
    request({ headers: { "transfer-encoding": "chunked" }, body: "1\r\nx\r\n0\r\n\r\n" }),
    MALFORMED,
  ],
  ["chunks", chunked("1\r\nx\r\n0\r\n\r\n"), TAKEN],
  ["no chunks", chunked("0\r\n\r\n"), "400 body_empty"],
  ["a chunk's size that is none", chunked("g\r\nx\r\n0\r\n\r\n"), MALFORMED],
  ["a chunk's size below zero", chunked("-1\r\nx\r\n0\r\n\r\n"), MALFORMED],
  ["a chunk's size beyond 64 bits", chunked("fffffffffffffffff\r\nx"), MALFORMED],
  ["a chunk longer than its size", chunked("1\r\nxyz\r\n0\r\n\r\n"), MALFORMED],
  ["a chunk with LF", chunked("1\nx\n0\n\n"), MALFORMED],
  [
    "extensions of a chunk, 20,000 bytes",
    chunked(`1;${"a".repeat(20_000)}\r\nx\r\n0\r\n\r\n`),
    TOO_LARGE,
  ],
  [
    "trailers of 20,000 bytes",
    chunked(`1\r\nx\r\n0\r\na: ${"a".repeat(20_000)}\r\n\r\n`),
    HEAD_TOO_LARGE,
  ],
  [
    "chunks in an unknown coding",
    chunked("1\r\nx\r\n0\r\n\r\n", { "transfer-encoding": "cow" }),
    MALFORMED,
  ],
  [
    "chunks that are not the last coding",
    chunked("1\r\nx\r\n0\r\n\r\n", { "transfer-encoding": "chunked, identity" }),
    MALFORMED,
  ],
  [
    "chunks twice",
    `${HEAD}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    MALFORMED,
  ],
  [
    "chunks behind a vertical tab",
    `${HEAD}transfer-encoding: \vchunked\r\n\r\n0\r\n\r\n`,
    MALFORMED,
  ],
  [
    "chunks in a folded header",
    `${HEAD}transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
    MALFORMED,
  ],
  [
    "a request hidden behind chunks (CL.TE)",
    `${HEAD}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG`,
    MALFORMED,
  ],
  [
    "a request hidden behind a length (TE.CL)",
    `${HEAD}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    MALFORMED,
  ],
  [
    "a request hidden behind a space (TE.TE)",
    `${HEAD}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`,
    MALFORMED,
  ],
  [
    "a second request behind the first",
    plain + plain.replace("/holdfast", "/admin"),
    TAKEN,
    NOT_FOUND,
  ],
  ["rubbish behind a request", `${plain}\0\x01\x02\r\n\r\n`, MALFORMED],
];

const cut: readonly Row[] = [
  ["nothing at all", ""],
  ["half a head", plain.slice(0, 40), MALFORMED],
  ["a head without a body", plain.slice(0, -1), MALFORMED],
  ["a length too large", request({ headers: { "content-length": "100" } }), MALFORMED],
  ["a chunk that is cut off", chunked("5\r\nx"), MALFORMED],
  ["chunks without an end", chunked("1\r\nx\r\n"), MALFORMED],
];

const casesOf = (rows: readonly Row[], isCut: boolean): HttpCase[] =>
  rows.map(([name, bytes, ...says]) => ({ name, bytes, says, isCut }));

export const HTTP_CASES: readonly HttpCase[] = [
  ...[methods, targets, versions, heads, lengths].flatMap((rows) => casesOf(rows, false)),
  ...casesOf(cut, true),
];
