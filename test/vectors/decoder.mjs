// A second decoder of bodies, written from spec/protocol.md alone: it shares no code with src, and
// takes the plainest way (hex strings, BigInt) everywhere. It decodes valid bodies to the fields of
// spec/vectors/frames.json; of what is wrong it notices only what it happens to stumble over.

const bigP = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n];
const mask = 0xffffffffn;
const rotate = (x, r) => ((x << r) | (x >> (32n - r))) & mask;

/** XXH32 of an array of byte values, after the xxHash specification. */
export function xxh32(bytes, seed) {
  const word = (at) =>
    [0, 1, 2, 3].reduce((sum, k) => sum + (BigInt(bytes[at + k]) << BigInt(8 * k)), 0n);
  let at = 0;
  let sum = seed + bigP[4];
  if (bytes.length >= 16) {
    const lanes = [seed + bigP[0] + bigP[1], seed + bigP[1], seed, seed - bigP[0]];
    for (; at + 16 <= bytes.length; at += 16) {
      for (const k of [0, 1, 2, 3]) {
        const mixed = (lanes[k] + word(at + 4 * k) * bigP[1]) & mask;
        lanes[k] = (rotate(mixed, 13n) * bigP[0]) & mask;
      }
    }
    sum = [1n, 7n, 12n, 18n].reduce((total, r, k) => total + rotate(lanes[k], r), 0n);
  }
  sum = (sum + BigInt(bytes.length)) & mask;
  for (; at + 4 <= bytes.length; at += 4) {
    sum = (rotate((sum + word(at) * bigP[2]) & mask, 17n) * bigP[3]) & mask;
  }
  for (; at < bytes.length; at += 1) {
    sum = (rotate((sum + BigInt(bytes[at]) * bigP[4]) & mask, 11n) * bigP[0]) & mask;
  }
  sum = ((sum ^ (sum >> 15n)) * bigP[1]) & mask;
  sum = ((sum ^ (sum >> 13n)) * bigP[2]) & mask;
  return sum ^ (sum >> 16n);
}

const split = (hex) => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

/** Decodes one body; `sessionId` in hex, for bodies without an address. */
export function decode(hex, sessionId) {
  let rest = hex;
  const take = (count) => {
    if (2 * count > rest.length) throw new Error("beyond the end");
    const taken = rest.slice(0, 2 * count);
    rest = rest.slice(2 * count);
    return taken;
  };
  const byte = () => Number.parseInt(take(1), 16);
  const int = () => {
    const size = 1 << (Number.parseInt(rest.slice(0, 2), 16) >> 6);
    const value = BigInt(`0x${take(size)}`) & ((1n << BigInt(8 * size - 2)) - 1n);
    if (value > 9007199254740991n) throw new Error("too large");
    return Number(value);
  };
  const field = () => take(int());
  const repeat = (count, read) => Array.from({ length: count }, read);
  const ranges = (mark) => {
    let last = mark;
    return repeat(int(), () => {
      const first = last + 2 + int();
      last = first + int();
      return [first, last];
    }).flat();
  };
  const parameters = () => {
    const values = new Map(repeat(int(), () => [int(), int()]));
    const names =
      "channelsMax channelUnits channelBytes messageBytesMax bodyBytesMax silenceLimitMs holdTimeMs";
    return Object.fromEntries(names.split(" ").map((name, k) => [name, values.get(k + 1)]));
  };
  const place = () => {
    const [channel, seq, lag] = [int(), int(), int()];
    return { channel, seq, index: seq - lag };
  };
  const run = (read) => ({ kind: "messages", ...place(), ...read(int()) });
  const part = (key) => ({
    kind: "part",
    ...place(),
    ...key(),
    offset: int(),
    totalBytes: int(),
    payload: field(),
  });
  const skip = (sharedIndex) => ({
    kind: "skip",
    ...place(),
    count: int(),
    sharedIndex,
    bytes: int(),
  });
  const uniform = (count) => {
    const length = int();
    return { payloads: repeat(count, () => take(length)) };
  };
  const keyed = (count) => {
    const pairs = repeat(count, () => [int(), field()]);
    return { keys: pairs.map(([key]) => key), payloads: pairs.map(([, payload]) => payload) };
  };
  const window = () => ({ seqMax: int(), bytesMax: int() });
  const channelWindow = () => ({ channel: int(), unitsMax: int(), bytesMax: int() });
  const ending = () => ({ code: int(), reason: field() });
  const request = () => {
    const [exchange, overThrough, lastAnswered, sinceMs] = [int(), int(), int(), int()];
    return { exchange, overThrough, over: ranges(overThrough), lastAnswered, sinceMs };
  };
  const answer = () => {
    const fields = { exchange: int(), heldMs: int(), parkedWanted: int(), answered: ranges(-1) };
    let last = 0;
    return { ...fields, parked: repeat(int(), () => (last += int())) };
  };
  const ackAll = () => {
    const through = int();
    return { receivedThrough: through, heldThrough: through, ranges: [] };
  };
  const ack = () => {
    const [through, lag] = [int(), int()];
    return { receivedThrough: through, heldThrough: through - lag, ranges: ranges(through) };
  };
  const mode = () => ["ordered", "unordered", "latest"][int()];
  const last = () => {
    const [seq, lag] = [int(), int()];
    return {
      kind: "messages",
      channel: 0,
      seq,
      index: seq - lag,
      payloads: [take(rest.length / 2)],
    };
  };
  const body = {};
  const add = (list, value) => (body[list] = [...(body[list] ?? []), value]);
  const number = (value) => add("numbered", value);
  const frames = {
    0x01: () => (body.request = request()),
    0x02: () => (body.answer = answer()),
    0x03: () => (body.ack = ackAll()),
    0x04: () => (body.ack = ack()),
    0x05: () => (body.window = window()),
    0x06: () => (body.blocked = window()),
    0x07: () => (body.owner = { epoch: int(), generation: int(), hint: field() }),
    0x08: () => (body.open = parameters()),
    0x09: () => (body.opened = parameters()),
    0x0a: () => (body.refused = ending()),
    0x0b: () => (body.unknown = take(16)),
    0x0c: () => (body.unreadable = true),
    0x0d: () => (body.ended = ending()),
    0x0e: () => (body.superseded = int()),
    0x0f: () => (body.pauseMs = int()),
    0x20: () =>
      number({ kind: "channel-open", seq: int(), channel: int(), mode: mode(), label: field() }),
    0x21: () => number({ kind: "channel-finish", seq: int(), channel: int(), indexEnd: int() }),
    0x22: () => number({ kind: "channel-reset", seq: int(), channel: int(), code: int() }),
    0x23: () => number({ kind: "finish", seq: int(), code: int() }),
    0x24: () => add("channelWindows", channelWindow()),
    0x25: () => add("channelsBlocked", channelWindow()),
    0x30: () => number(run(uniform)),
    0x31: () => number(run((count) => ({ payloads: repeat(count, field) }))),
    0x32: () => number(run(keyed)),
    0x33: () => number(part(() => ({}))),
    0x34: () => number(part(() => ({ key: int() }))),
    0x35: () => number(skip(false)),
    0x36: () => number(skip(true)),
    0x37: () => number(last()),
  };

  const head = byte();
  if (head >> 4 !== 1) throw new Error("another version");
  if (int() !== rest.length / 2) throw new Error("length");
  const sum = (head & 3) === 1 ? take(4) : undefined;
  const covered = rest;
  const result = { direction: (head >> 3) & 1, checksum: sum === undefined ? "none" : "xxh32" };
  if ((head & 4) !== 0) {
    result.address = { sessionId: field(), proof: field(), incarnation: int(), link: int() };
  }
  if (sum !== undefined) {
    const seed = xxh32([...split(result.address?.sessionId ?? sessionId), head], 0n);
    const stated = BigInt(
      `0x${split(sum)
        .toReversed()
        .map((value) => value.toString(16).padStart(2, "0"))
        .join("")}`,
    );
    if (xxh32(split(covered), seed) !== stated) throw new Error("checksum");
  }
  while (rest.length > 0) {
    const read = frames[byte()];
    if (read === undefined) throw new Error("unknown frame");
    read();
  }
  return { ...result, body };
}
