// Each named limit of the core either is looked at in every state that is explored and in every
// random run, or stands here with the reason why a state cannot show that it holds.

import { expect, test } from "vitest";
import * as limits from "../../src/core/limits.ts";
import {
  BODY_LIMITS,
  CLIENT_LIMITS,
  ENDPOINT_LIMITS,
  HALF_LIMITS,
  SERVER_LIMITS,
} from "../../src/sim/invariants/limits.ts";

const OF_THE_READER = "the reader refuses what is beyond it: what was read keeps to it";
const OF_THE_WRITER = "decides how a body is filled or cut; any filling is right";
const OF_MEMORY = "where payloads lie, and no promise depends on it";
const ESTIMATE = "where an estimate begins or what it counts, and no bound of one";
const A_WAIT = "how long something waits: its timer is checked, and fires at that time";
const OF_PIPES = "when pipes are spoken on, left or replaced: what is said on them shows it";
const DRAWN = "the remainder of a division by it is taken, and so it cannot be passed";

/** By name: why no state shows it. */
const NOT_OF_A_STATE: Readonly<Record<string, string>> = {
  WIRE_VERSION: "a name of the format",
  CHECKSUM_BYTES: "a length of the format",
  NONCE_BYTES: "a length of the format",
  VERSIONS_MAX: OF_THE_READER,
  INTEGER_MAX: OF_THE_READER,
  INTEGER_BYTES_MAX: OF_THE_READER,
  SESSION_ID_BYTES_MIN: OF_THE_READER,
  SESSION_ID_BYTES_MAX: OF_THE_READER,
  PROOF_BYTES_MAX: OF_THE_READER,
  GENERATION_MAX: DRAWN,
  HINT_BYTES_MAX: OF_THE_READER,
  PARAMETERS_MAX: OF_THE_READER,
  BODY_BYTES_MAX_DEFAULT: "the default of bodyBytesMax, which is looked at",
  EQUAL_LENGTHS_MIN: OF_THE_WRITER,
  TURN_BYTES: OF_THE_WRITER,
  WINDOW_NEWS_BYTES: "says when to speak, which invariants/timers.ts looks at",
  WINDOW_NEWS_PARTS: OF_THE_WRITER,
  STATEMENT_BYTES: OF_THE_WRITER,
  ROOM_BYTES_MIN: OF_THE_WRITER,
  BODY_BYTES_FLOOR: OF_THE_WRITER,
  bodyBytesInitial: OF_THE_WRITER,
  COPIED_BYTES_MAX: OF_MEMORY,
  CHUNK_BYTES_MIN: OF_MEMORY,
  CHUNK_BYTES_MAX: OF_MEMORY,
  RATE_INITIAL: ESTIMATE,
  RATE_BYTES_MIN: ESTIMATE,
  UNANSWERED_DOUBTED: ESTIMATE,
  BACK_OFF_MAX: "doublings below rtoMaxMs, which is looked at",
  rtoMinMs: "the least of a timeout: looked at with rtoMaxMs",
  rtoInitialMs: ESTIMATE,
  reconnectDelayMinMs: "the least of a wait whose most is looked at",
  ackDelayMs: A_WAIT,
  holdTimeMs: A_WAIT,
  silenceLimitMs: A_WAIT,
  tombstoneMs: A_WAIT,
  verdictTimeoutMs: A_WAIT,
  parkedQuietMs: "how long no request was missed, before one wanted is taken back",
  lostConfirmMs: "how long the news of a loss is repeated before it is believed",
  INCARNATION_STEP_MAX: DRAWN,
  TICKET_BYTES: "a length of the format",
  PIPE_FIRST_BYTES_MAX: OF_THE_READER,
  UNHELD_LINK: "a name of the format",
  FLUSH_BYTES_MIN: OF_THE_WRITER,
  pipeStallMs: OF_PIPES,
  pipeSilenceMs: OF_PIPES,
  pipeProofMs: OF_PIPES,
  pipeAgeMaxMs: OF_PIPES,
  pipeBytesSentMax: OF_PIPES,
  streamAckMs: OF_PIPES,
  streamsNamedMax: OF_PIPES,
  streamNamedMs: OF_PIPES,
  STREAM_ACK_BYTES: OF_PIPES,
  PIPE_DUMMY_MS_MIN: OF_PIPES,
  messageBytesMax: "larger messages are refused by send, and what parts declare by the receiver",
  seed: "no limit: where the drawing of generations begins",
};

/** Choices among names, or of the applications. */
const NO_NUMBERS = [
  "hold",
  "consume",
  "pipeDummies",
  "literal",
  "authenticate",
  "earlyMessages",
  "requests",
];

function namesOf(): Set<string> {
  const names = new Set<string>();
  for (const [name, value] of Object.entries(limits) as [string, unknown][]) {
    if (typeof value === "number") names.add(name);
    else if (name.endsWith("_RANGES") && typeof value === "object") {
      for (const option of Object.keys(value ?? {})) names.add(option);
    } else if (name.endsWith("_DEFAULTS") && name !== "LITERAL_DEFAULTS") {
      for (const option of Object.keys(value ?? {})) names.add(option);
    }
  }
  return names;
}

test("each named limit is looked at in states, or has a reason why not", () => {
  const tables = [HALF_LIMITS, CLIENT_LIMITS, SERVER_LIMITS, ENDPOINT_LIMITS, BODY_LIMITS];
  const lookedAt = new Set(tables.flatMap((table) => Object.keys(table)));
  const names = namesOf();
  for (const name of NO_NUMBERS) expect.soft(names.delete(name), name).toBe(true);

  const listed = Object.keys(NOT_OF_A_STATE);
  expect(names.size).toBeGreaterThan(60);
  expect([...names].filter((name) => !lookedAt.has(name) && !listed.includes(name))).toEqual([]);
  expect(listed.filter((name) => lookedAt.has(name) || !names.has(name))).toEqual([]);
});
