// A second decoder of bodies, written from spec/protocol.md alone: it shares no code with src. It
// decodes valid bodies to the fields of spec/vectors/frames.json; of what is wrong it notices only
// what it happens to stumble over. Bytes are strings of hexadecimal digits throughout.

const [P1, P2, P3, P4, P5] = [2654435761, 2246822519, 3266489917, 668265263, 374761393];
const rotate = (x, by) => (x << by) | (x >>> (32 - by));
const round = (sum, word, p, by, q) => Math.imul(rotate(sum + Math.imul(word, p), by), q);

/** XXH32 of an array of byte values, after the xxHash specification. */
export function xxh32(bytes, seed) {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  const word = (at) => view.getInt32(at, true);
  let [at, sum] = [0, seed + P5];
  if (bytes.length >= 16) {
    let lanes = [seed + P1 + P2, seed + P2, seed, seed - P1];
    for (; at + 16 <= bytes.length; at += 16) {
      lanes = lanes.map((lane, k) => round(lane, word(at + 4 * k), P2, 13, P1));
    }
    sum = [1, 7, 12, 18].reduce((total, by, k) => total + rotate(lanes[k], by), 0);
  }
  sum += bytes.length;
  for (; at + 4 <= bytes.length; at += 4) sum = round(sum, word(at), P3, 17, P4);
  for (; at < bytes.length; at += 1) sum = round(sum, bytes[at], P5, 11, P1);
  sum = Math.imul(sum ^ (sum >>> 15), P2);
  sum = Math.imul(sum ^ (sum >>> 13), P3);
  return (sum ^ (sum >>> 16)) >>> 0;
}

const split = (hex) => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
const modes = ["ordered", "unordered", "latest"];
const parameterNames =
  "channelsMax channelUnits channelBytes messageBytesMax bodyBytesMax silenceLimitMs holdTimeMs parkedMax";

/** Decodes one body; `sessionId` is needed for bodies without an address. */
export function decode(hex, sessionId) {
  let rest = hex;
  const take = (count) => {
    if (2 * count > rest.length) throw new Error("beyond the end");
    const taken = rest.slice(0, 2 * count);
    rest = rest.slice(2 * count);
    return taken;
  };
  const byte = () => split(take(1))[0];
  const int = () => {
    const size = 1 << (split(rest.slice(0, 2))[0] >> 6);
    const value = BigInt(`0x${take(size)}`) & ((1n << BigInt(8 * size - 2)) - 1n);
    if (value > 9007199254740991n) throw new Error("too large");
    return Number(value);
  };
  const ints = (names) => Object.fromEntries(names.split(" ").map((name) => [name, int()]));
  const field = () => take(int());
  const repeat = (count, read) => Array.from({ length: count }, () => read());
  const steps = (last = 0) => repeat(int(), () => (last += int()));
  const ranges = (last) => repeat(int(), () => [(last += 2 + int()), (last += int())]).flat();
  const parameters = () => {
    const values = new Map(repeat(int(), () => [int(), int()]));
    return Object.fromEntries(
      parameterNames.split(" ").map((name, k) => [name, values.get(k + 1)]),
    );
  };
  const request = (fields) => ({ ...fields, over: ranges(fields.overThrough) });
  const answer = (fields) => ({ ...fields, answered: ranges(-1), parked: steps() });
  const ack = (receivedThrough, lag, holes) => {
    return { receivedThrough, heldThrough: receivedThrough - lag, ranges: holes(receivedThrough) };
  };
  const ending = () => ({ code: int(), reason: field() });
  const place = (channel, { seq, lag } = ints("seq lag")) => ({ channel, seq, index: seq - lag });
  const keyed = () => {
    const heads = repeat(int(), () => ints("key length"));
    return { keys: heads.map(({ key }) => key), payloads: heads.map(({ length }) => take(length)) };
  };
  const uniform = ({ count, length }) => repeat(count, () => take(length));
  const part = (key) => ({ ...key(), ...ints("offset totalBytes"), payload: field() });
  const opening = () => ({ ...ints("seq channel"), mode: modes[int()], label: field() });

  const body = {};
  const add = (list, value) => (body[list] = [...(body[list] ?? []), value]);
  const fact = (kind, value) => add("numbered", { kind, ...value });
  const placed = (kind, read) => fact(kind, { ...place(int()), ...read() });
  const frames = {
    0x01: () => (body.request = request(ints("exchange overThrough lastAnswered sinceMs"))),
    0x02: () => (body.answer = answer(ints("exchange heldMs parkedWanted"))),
    0x03: () => (body.ack = ack(int(), 0, () => [])),
    0x04: () => (body.ack = ack(int(), int(), ranges)),
    0x05: () => (body.window = ints("seqMax bytesMax")),
    0x06: () => (body.blocked = ints("seqMax bytesMax")),
    0x07: () => (body.owner = { ...ints("epoch generation"), hint: field() }),
    0x08: () => (body.open = parameters()),
    0x09: () => (body.opened = parameters()),
    0x0a: () => (body.refused = ending()),
    0x0b: () => (body.unknown = take(16)),
    0x0c: () => (body.unreadable = true),
    0x0d: () => (body.ended = ending()),
    0x0e: () => (body.superseded = int()),
    0x0f: () => (body.pauseMs = int()),
    0x10: () => (body.succeeds = steps()),
    0x11: () => (body.offer = { link: int(), ticket: take(16) }),
    0x12: () => (body.hearing = ints("link fromExchange")),
    0x13: () =>
      (body.pipe = { ...ints("link bodies ageMs silenceMs"), isEnding: [false, true][int()] }),
    0x20: () => fact("channel-open", opening()),
    0x21: () => fact("channel-finish", ints("seq channel indexEnd")),
    0x22: () => fact("channel-reset", ints("seq channel code")),
    0x23: () => fact("finish", ints("seq code")),
    0x24: () => add("channelWindows", ints("channel unitsMax bytesMax")),
    0x25: () => add("channelsBlocked", ints("channel unitsMax bytesMax")),
    0x30: () => placed("messages", () => ({ payloads: uniform(ints("count length")) })),
    0x31: () => placed("messages", () => ({ payloads: repeat(int(), int).map((n) => take(n)) })),
    0x32: () => placed("messages", keyed),
    0x33: () => placed("part", () => part(() => ({}))),
    0x34: () => placed("part", () => part(() => ints("key"))),
    0x35: () => placed("skip", () => ({ ...ints("count bytes"), sharedIndex: false })),
    0x36: () => placed("skip", () => ({ ...ints("count bytes"), sharedIndex: true })),
    0x37: () => fact("messages", { ...place(0), payloads: [take(rest.length / 2)] }),
  };

  const head = byte();
  if (head >> 4 !== 1) throw new Error("another version");
  if (int() !== rest.length / 2) throw new Error("length");
  const sum = (head & 3) === 1 ? split(take(4)) : undefined;
  const covered = split(rest);
  const result = {
    direction: (head >> 3) & 1,
    checksum: sum === undefined ? "none" : "xxh32",
    body,
  };
  if ((head & 4) !== 0) {
    result.address = { sessionId: field(), proof: field(), ...ints("incarnation link") };
  }
  if (sum !== undefined) {
    const seed = xxh32([...split(result.address?.sessionId ?? sessionId), head], 0);
    const stated = sum.reduceRight((total, value) => total * 256 + value, 0);
    if (xxh32(covered, seed) !== stated) throw new Error("checksum");
  }
  while (rest.length > 0) frames[byte()]();
  return result;
}
