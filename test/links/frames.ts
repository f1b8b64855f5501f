// WebSockets by hand: what a client writes, right or wrong.

/** The head of a request for a WebSocket; undefined takes a usual header away. */
export function upgradeHead(
  target: string,
  headers: Record<string, string | undefined> = {},
  method = "GET",
): string {
  const all: Record<string, string | undefined> = {
    host: "127.0.0.1",
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

export interface FrameOptions {
  readonly isMasked?: boolean;
  readonly isFinal?: boolean;
  /** RSV1 to RSV3 as they stand in the first byte. */
  readonly reserved?: number;
  /** Another length than that of the payload. */
  readonly claims?: number;
}

export const OPCODES = { more: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A client's frame (RFC 6455 section 5.2), of any kind; its mask is zero. */
export function frame(
  opcode: number,
  payload: Uint8Array,
  { isMasked = true, isFinal = true, reserved = 0, claims }: FrameOptions = {},
): Buffer {
  const bytes = claims ?? payload.length;
  const first = (isFinal ? 0x80 : 0) | reserved | opcode;
  const mask = isMasked ? 0x80 : 0;
  const head = Buffer.alloc(bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = mask | (bytes < 126 ? bytes : bytes < 65_536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(bytes, 2);
  else if (head.length === 10) head.writeBigUInt64BE(BigInt(bytes), 2);
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), payload]);
}
