// Bytes that a reader must refuse, with the code that it must give: what
// spec/vectors/malformed.json is made from. Put together by hand, not by the writer.

import type { ProtocolErrorCode } from "../../src/core/errors.ts";
import { xxh32 } from "./decoder.mjs";

export interface MalformedCase {
  readonly name: string;
  /** The rule that the bytes break. */
  readonly tag: string;
  readonly code: ProtocolErrorCode;
  /** Which reader refuses them. */
  readonly reader: "body" | "versions";
  readonly bytes: string;
}

/** The limit that the reader is given. */
export const bodyBytesMax = 1024;
/** The session that the reader is given where the body names none. */
export const sessionId = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

const top = "c01fffffffffffff";
const over = "c020000000000000";
const parameters = "0100020003000400050006000700";

/** A body without a checksum: the first byte, the length, the frames. */
function body(head: string, frames: string): string {
  const size = frames.replaceAll(" ", "").length / 2;
  const length = size < 64 ? size : 0x4000 + size;
  return head + length.toString(16).padStart(size < 64 ? 2 : 4, "0") + frames.replaceAll(" ", "");
}

function refused(
  tag: string,
  code: ProtocolErrorCode,
  name: string,
  bytes: string,
  reader: "body" | "versions" = "body",
): MalformedCase {
  return { name, tag, code, reader, bytes };
}

/** A request of the given frames. */
function request(
  tag: string,
  code: ProtocolErrorCode,
  name: string,
  frames: string,
): MalformedCase {
  return refused(tag, code, name, body("10", frames));
}

/** An answer of the given frames. */
function answer(tag: string, code: ProtocolErrorCode, name: string, frames: string): MalformedCase {
  return refused(tag, code, name, body("18", frames));
}

const heads: MalformedCase[] = [
  refused("BODY-1", "version_unknown", "version 0", "0000"),
  refused("BODY-1", "version_unknown", "version 2", "2000"),
  refused("BODY-1", "version_unknown", "a page of HTML", "3c68746d6c3e"),
  refused("BODY-2", "truncated", "nothing", ""),
  refused("BODY-2", "truncated", "no length", "10"),
  refused("BODY-2", "truncated", "half a length", "1040"),
  refused("BODY-2", "truncated", "a byte is missing", "10020c"),
  refused("BODY-2", "truncated", "no room for the checksum", "1103000000"),
  refused("BODY-2", "length_mismatch", "a byte is left over", "10010c0c"),
  refused("BODY-3", "length_mismatch", "a length that is not minimal", "1040010c"),
  refused("BODY-3", "length_mismatch", "a length above 2^53 - 1", `10${over}`),
  refused("BODY-4", "head_reserved", "checksum kind 2", "1200"),
  refused("BODY-4", "head_reserved", "checksum kind 3", "1300"),
  refused(
    "SIZE-1",
    "body_too_large",
    "one byte more than the limit",
    body("10", "0c".repeat(1022)),
  ),
  refused("SUM-1", "checksum_mismatch", "a wrong checksum", "110400000000"),
];

const addresses: MalformedCase[] = [
  ["an identifier that is too short", `0f${"00".repeat(15)}000100`],
  ["an identifier that is too long", `31${"00".repeat(49)}000100`],
  ["an identifier beyond the end", `10${"00".repeat(15)}`],
  ["no identifier", ""],
  ["a proof that is too long", `10${sessionId}4041${"00".repeat(65)}0100`],
  ["a proof beyond the end", `10${sessionId}02000100`.slice(0, -4)],
  ["incarnation 0", `10${sessionId}000000`],
  ["an incarnation that is not minimal", `10${sessionId}00400100`],
  ["a link above 2^53 - 1", `10${sessionId}0001${over}`],
  ["no link", `10${sessionId}0001`],
].map(([name, fields]) => {
  const tag = name?.endsWith("minimal") || name?.includes("2^53") ? "ADDR-2" : "ADDR-1";
  return refused(tag, "address_invalid", name ?? "", body("14", fields ?? ""));
});

/** A VERSION body of these bytes and their checksum. */
function versionsBody(hex: string): string {
  const bytes = hex.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
  const sum = xxh32(bytes, 0).toString(16).padStart(8, "0");
  return hex + (sum.match(/../g)?.toReversed().join("") ?? "");
}

const versions: MalformedCase[] = [
  refused("VER-1", "version_unknown", "a body of version 1", "1000", "versions"),
  refused("VER-1", "truncated", "nothing", "", "versions"),
  refused("VER-1", "truncated", "no count", "00", "versions"),
  refused("VER-1", "truncated", "a version is missing", versionsBody("000201"), "versions"),
  refused("VER-1", "truncated", "no checksum", "000101", "versions"),
  refused(
    "VER-1",
    "length_mismatch",
    "a byte is left over",
    `${versionsBody("000101")}00`,
    "versions",
  ),
  refused(
    "VER-1",
    "checksum_mismatch",
    "another version",
    `000102${versionsBody("000101").slice(6)}`,
    "versions",
  ),
  refused("VER-2", "count_invalid", "no version", versionsBody("0000"), "versions"),
  refused(
    "VER-2",
    "count_invalid",
    "16 versions",
    versionsBody(`0010${"01".repeat(16)}`),
    "versions",
  ),
  refused("VER-2", "count_invalid", "version 0", versionsBody("000100"), "versions"),
  refused("VER-2", "count_invalid", "version 16", versionsBody("000110"), "versions"),
  refused("VER-2", "count_invalid", "the same version twice", versionsBody("00020101"), "versions"),
];

const integers: MalformedCase[] = [
  request("INT-1", "integer_not_minimal", "63 in two bytes", "03 403f"),
  request("INT-1", "integer_not_minimal", "16 383 in four bytes", "03 80003fff"),
  request("INT-1", "integer_not_minimal", "2^30 - 1 in eight bytes", "03 c00000003fffffff"),
  request("INT-2", "integer_too_large", "2^53", `03 ${over}`),
  request("INT-2", "integer_too_large", "2^62 - 1", "03 ffffffffffffffff"),
  request("INT-4", "range_invalid", "exchange 0", "01 00 00 00 00 00"),
  answer("INT-4", "range_invalid", "answer to exchange 0", "02 00 00 00 00 00"),
  request("INT-4", "range_invalid", "seq 0", "23 00 00"),
  request("INT-4", "range_invalid", "index 0", "37 01 01"),
];

const frames: MalformedCase[] = [
  request("FRAME-1", "frame_unknown", "type 0", "00"),
  request("FRAME-1", "frame_unknown", "type 0x14", "14"),
  request("FRAME-1", "frame_unknown", "type 0x1f behind another frame", "23 01 00 1f"),
  request("FRAME-1", "frame_unknown", "type 0x26", "26"),
  request("FRAME-1", "frame_unknown", "type 0x38", "38"),
  request("FRAME-1", "frame_unknown", "type 0xff", "ff"),
  request("FRAME-2", "frame_order", "an acknowledgement behind a window", "05 00 00 03 00"),
  request("FRAME-2", "frame_order", "two windows", "05 00 00 05 00 00"),
  request("FRAME-2", "frame_order", "an acknowledgement behind a finish", "23 01 00 03 00"),
  answer("FRAME-4", "frame_direction", "REQUEST in an answer", "01 01 00 00 00 00"),
  answer("FRAME-4", "frame_direction", "OPEN in an answer", `08 07 ${parameters}`),
  request("FRAME-4", "frame_direction", "ANSWER in a request", "02 01 00 00 00 00"),
  request("FRAME-4", "frame_direction", "OPENED in a request", `09 07 ${parameters}`),
  request("FRAME-4", "frame_direction", "REFUSED in a request", "0a 00 00"),
  request("FRAME-4", "frame_direction", "UNKNOWN in a request", `0b ${sessionId}`),
  request("FRAME-4", "frame_direction", "SUPERSEDED in a request", "0e 01"),
  request("FRAME-4", "frame_direction", "PAUSE in a request", "0f 00"),
  request("FRAME-4", "frame_direction", "PIPE in a request", "13 00 00 00 00 00"),
  answer("FRAME-4", "frame_direction", "OFFER in an answer", `11 01 ${sessionId}`),
  answer("FRAME-4", "frame_direction", "LINK in an answer", "12 01 01"),
  request("FRAME-5", "length_invalid", "a frame without its fields", "03"),
  request("FRAME-5", "length_invalid", "half an integer", "03 40"),
  request("FRAME-5", "length_invalid", "seven of eight bytes", "03 c0010000000000"),
  request("FRAME-5", "length_invalid", "a payload beyond the end", "31 00 01 00 01 02 61"),
  request("FRAME-5", "length_invalid", "half of a run's lengths", "31 00 01 00 02 00"),
  request("FRAME-5", "length_invalid", "a key without its length", "32 02 01 00 01 07"),
];

const prefixes: MalformedCase[] = [
  request("REQ-1", "range_invalid", "itself is over", "01 01 01 00 00 00"),
  request("REQ-1", "range_invalid", "itself is in the ranges", "01 03 00 00 00 01 00 01"),
  request("REQ-2", "range_invalid", "itself was answered", "01 01 00 01 00 00"),
  answer("ANS-1", "count_invalid", "65 wanted", "02 01 00 4041 00 00"),
  answer("ANS-2", "count_invalid", "65 parked", `02 01 00 00 00 4041 ${"01".repeat(65)}`),
  answer("ANS-3", "range_invalid", "exchange 0 is parked", "02 01 00 00 00 01 00"),
  answer("ANS-3", "range_invalid", "the same is parked twice", "02 01 00 00 00 02 01 00"),
  answer("ANS-3", "range_invalid", "parked above 2^53 - 1", `02 01 00 00 00 02 01 ${top}`),
  request("RNG-3", "count_invalid", "257 ranges", `04 00 00 4101 ${"0000".repeat(257)}`),
  request("RNG-4", "range_invalid", "a range begins above 2^53 - 1", `04 02 01 01 ${top} 00`),
  request("RNG-4", "range_invalid", "a range ends above 2^53 - 1", `04 00 00 01 00 ${top}`),
  request("RCV-1", "range_invalid", "less than nothing is held", "04 01 02 00"),
  request("RCV-2", "frame_order", "both acknowledgements", "03 01 04 02 01 00"),
  request("RCV-3", "count_invalid", "the long form of ACK_ALL", "04 01 00 00"),
  request("LIFE-1", "length_invalid", "a hint of 65 bytes", `07 00 00 4041 ${"00".repeat(65)}`),
  request("LIFE-2", "length_invalid", "a reason of 129 bytes", `0d 00 4081 ${"00".repeat(129)}`),
  answer("LIFE-3", "length_invalid", "15 bytes of a nonce", `0b ${sessionId.slice(2)}`),
  answer("LIFE-4", "range_invalid", "superseded by incarnation 0", "0e 00"),
  answer("LIFE-5", "range_invalid", "a pause of an hour and 1 ms", "0f 8036ee81"),
  request("LIFE-6", "count_invalid", "it succeeds nobody", "10 00"),
  request("LIFE-6", "count_invalid", "it succeeds 17 lives", `10 11 ${"01".repeat(17)}`),
  request("LIFE-6", "range_invalid", "it succeeds incarnation 0", "10 01 00"),
  request("LIFE-6", "range_invalid", "it succeeds one life twice", "10 02 01 00"),
  request("LIFE-7", "range_invalid", "link 0 is offered", `11 00 ${sessionId}`),
  request("LIFE-7", "length_invalid", "15 bytes of a ticket", `11 01 ${sessionId.slice(2)}`),
  request("LIFE-7", "range_invalid", "it hears by link 0", "12 00 01"),
  request("LIFE-7", "range_invalid", "from exchange 0 on", "12 01 00"),
  answer("LIFE-7", "range_invalid", "a pipe ends twice", "13 01 01 00 00 02"),
  request("PAR-1", "parameter_invalid", "a parameter twice", `08 08 0100 ${parameters}`),
  request("PAR-1", "parameter_invalid", "two parameters changed about", "08 02 0200 0100"),
  request("PAR-2", "parameter_invalid", "a parameter is missing", `08 06 ${parameters.slice(4)}`),
  request("PAR-2", "parameter_invalid", "no parameters", "08 00"),
  request("PAR-4", "count_invalid", "65 parameters", "08 4041"),
];

const numbered: MalformedCase[] = [
  request("FACT-1", "range_invalid", "channel 0 is opened", "20 01 00 00 00"),
  request("FACT-1", "range_invalid", "channel 0 is reset", "22 01 00 00"),
  request("FACT-2", "mode_invalid", "mode 3", "20 01 01 03 00"),
  request("FACT-2", "mode_invalid", "mode 2^53 - 1", `20 01 01 ${top} 00`),
  request(
    "FACT-3",
    "length_invalid",
    "a label of 257 bytes",
    `20 01 01 00 4101 ${"00".repeat(257)}`,
  ),
  request("FACT-4", "range_invalid", "a channel ends before index 0", "21 01 00 00"),
  request("RUN-1", "range_invalid", "a lag as large as the seq", "31 00 05 05 01 00"),
  request("RUN-2", "range_invalid", "a run beyond 2^53 - 1", `30 00 ${top} 00 02 01 6162`),
  request("RUN-2", "range_invalid", "a skip beyond 2^53 - 1", `35 00 ${top} 00 02 00`),
  request("RUN-3", "count_invalid", "a run of one in MESSAGES", "30 00 01 00 01 01 61"),
  request("RUN-3", "length_invalid", "a run of empty ones in MESSAGES", "30 00 01 00 02 00"),
  request("RUN-3", "length_invalid", "a run beyond the end", "30 00 01 00 03 02 6162 6364"),
  request("INT-3", "count_invalid", "an empty run in MESSAGES_VARIED", "31 00 01 00 00"),
  request("INT-3", "count_invalid", "an empty run in MESSAGES_KEYED", "32 00 01 00 00"),
  request("RUN-5", "messages_too_many", "16 385 messages stated", "30 00 01 00 80004001 01 61"),
  request("RUN-5", "messages_too_many", "2^53 - 1 messages stated", `31 00 01 00 ${top}`),
  request("RUN-6", "length_invalid", "lengths beyond the end", "31 00 01 00 02 01 01 61"),
  request("RUN-6", "length_invalid", "keyed lengths beyond", "32 02 01 00 02 07 01 08 02 6161"),
  request("RUN-5", "messages_too_many", "16 385 skipped seqs", "35 00 01 00 80004001 00"),
  request(
    "RUN-5",
    "messages_too_many",
    "16 384 skipped seqs and a message",
    "36 00 01 00 80004000 00 37 02 00",
  ),
  request("PART-1", "length_invalid", "a part without bytes", "33 00 01 00 00 01 00"),
  request("PART-2", "length_invalid", "a part beyond its message", "33 00 01 00 01 02 02 6162"),
  request("PART-2", "length_invalid", "an offset beyond its message", "33 00 01 00 03 02 01 61"),
  request("PART-2", "length_invalid", "a keyed part beyond", `34 00 01 00 00 ${top} ${top} 01 61`),
  request("SKIP-1", "count_invalid", "a skip of nothing", "35 00 01 00 00 00"),
];

export const malformedCases: readonly MalformedCase[] = [
  ...heads,
  ...addresses,
  ...versions,
  ...integers,
  ...frames,
  ...prefixes,
  ...numbered,
];
