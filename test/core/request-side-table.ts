// The event x state table of the request side as data. A cell says what happens, in which state
// that leaves the session, and how to see it. spec/protocol.md section 5.7 is printed from it, and
// request-side-table.test.ts runs every cell.

// Cells assert when the test runs them.
/* oxlint-disable vitest/no-standalone-expect */

import { expect } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { writeVersions } from "../../src/core/body-writer.ts";
import type { RequestOptions } from "../../src/core/options.ts";
import { LITERAL_DEFAULTS, SAVE_PAUSE_MS } from "../../src/core/limits.ts";
import type { ApplicationOutput, EndReason, PipeEnd } from "../../src/core/outputs.ts";
import type { SessionState } from "../../src/core/session-states.ts";
import {
  bytesOf,
  damaged,
  Dialogue,
  kindsOf,
  NONCE,
  pipeState,
  SERVER_PARAMETERS,
} from "./scripted-server.ts";

export const STATES: readonly SessionState[] = ["opening", "open", "closing", "ended"];

/** An instance in one of the states, with an exchange that is out. */
interface Scene {
  readonly client: Dialogue;
  /** The exchange that has been out for longest; in `ended` the one that carries ENDED. */
  readonly exchange: number;
  readonly state: SessionState;
}

export interface Cell {
  readonly says: string;
  readonly next: SessionState;
  readonly check: (scene: Scene) => void;
}

export interface Row {
  readonly event: string;
  readonly options?: Partial<RequestOptions>;
  /** What the application did before, while it still could. */
  readonly before?: (client: Dialogue) => void;
  readonly cells: { readonly [State in SessionState]: Cell };
}

/** The same for one without requests, by its first pipe. */
function pipedScene(row: Row, state: SessionState): Scene {
  const client = new Dialogue(row.options);
  client.tick();
  client.openPipe();
  client.tick();
  if (state !== "opening") {
    const window = { seqMax: 64, bytesMax: 65_536 };
    client.pipe(1, { opened: SERVER_PARAMETERS, window, ...pipeState(1) });
    client.tick();
  }
  if (state === "closing") client.side.close(client.nowMs);
  if (state === "ended") client.side.abort(client.nowMs);
  client.tick();
  return { client, state, exchange: 0 };
}

/** Brings an instance into a state. */
export function sceneOf(row: Row, state: SessionState): Scene {
  if (row.options?.requests === "none") return pipedScene(row, state);
  const client = new Dialogue(row.options);
  if (state === "opening") row.before?.(client);
  client.tick();
  if (state === "opening") return { client, state, exchange: 1 };
  client.answer(1, { opened: SERVER_PARAMETERS, window: { seqMax: 64, bytesMax: 65_536 } });
  client.tick();
  if (row.options?.literal !== undefined) client.until("delay");
  row.before?.(client);
  if (state !== "open") client.side.close(client.nowMs);
  client.tick();
  if (state === "closing" && row.before === undefined && row.options?.literal === undefined) {
    // FINISH is acknowledged: what is left is the parked request.
    client.answer(client.last.exchange, { answer: { parked: [2] }, ack: client.ack() });
    client.tick();
  }
  if (state !== "ended") return { client, state, exchange: client.oldestOpen };
  client.side.abort(client.nowMs);
  client.drain();
  return { client, state, exchange: client.last.exchange };
}

// --- cells --------------------------------------------------------------------------------------

type Check = (scene: Scene) => void;

/** The same in the three states in which the session lives. */
function alive(says: string, check: Check, ended: Cell = NOTHING): Row["cells"] {
  const stays = (next: SessionState): Cell => ({ says, next, check });
  return { opening: stays("opening"), open: stays("open"), closing: stays("closing"), ended };
}

/** An end from all three, for one reason. */
function ends(reason: EndReason, says: string, act: Check, ended: Cell = NOTHING): Row["cells"] {
  const check: Check = (scene) => {
    act(scene);
    expect(scene.client.ended?.reason).toBe(reason);
    expect(scene.client.timeout.timer).toBe("none");
  };
  const cell: Cell = { says, next: "ended", check };
  return { opening: cell, open: cell, closing: cell, ended };
}

/** Something is wrong in the application. */
function announce({ side, nowMs }: Dialogue): void {
  side.announcePipe(nowMs, NONCE);
}

function refusal(code: string, next: SessionState, command: (client: Dialogue) => void): Cell {
  const check: Check = ({ client }) => {
    expect(() => command(client)).toThrow(code);
    client.drain();
  };
  return { says: `UsageError \`${code}\``, next, check };
}

/** Set by the row's own check in `ended`: nothing comes of it. */
const NOTHING: Cell = {
  says: "nothing: no answer is read any more",
  next: "ended",
  check: ({ client, exchange }) => {
    const answer = client.encode(exchange, { numbered: client.messages("late") });
    const before = client.told.length;
    client.answerBytes(exchange, answer);
    client.fail(exchange);
    expect(client.tick()).toEqual([]);
    expect(client.told).toHaveLength(before);
  },
};

const NO_TIMER: Cell = {
  says: "not running: no timer is",
  next: "ended",
  check: ({ client }) => {
    expect(client.timeout).toEqual({ kind: "timeout", atMs: Infinity, timer: "none" });
    const before = client.sent.length;
    client.side.handleTimeout(client.nowMs + 1_000_000);
    client.drain();
    expect(client.sent).toHaveLength(before);
  },
};

/** A timer that has no meaning in a state. */
function notRunning(name: string, next: SessionState): Cell {
  const check: Check = ({ client }) => {
    for (let fired = 0; fired < 20; fired++) {
      expect(client.timeout.timer).not.toBe(name);
      if (client.timeout.timer === "silence") return;
      client.until(client.timeout.timer);
    }
  };
  return { says: "not running", next, check };
}

/** The exchange is over, and a further request leaves in the same tick. */
function expectFollowed({ client, exchange }: Scene): void {
  const requests = client.tick();
  expect(client.side.exchanges.open.has(exchange)).toBe(false);
  expect(requests.length).toBeGreaterThan(0);
}

/** A message that leaves with a request of its own, and what the row's name says of its carrier. */
function sendLarge(client: Dialogue): void {
  client.send(...Array.from({ length: 12 }, () => new Uint8Array(1_000)));
}

/** The number of the request that carries the bundle. */
function carrierOf(client: Dialogue): number {
  for (const number of client.side.sender.flights.keys()) return number;
  throw new Error("no bundle is out");
}

const LITERAL = { literal: { ...LITERAL_DEFAULTS, sendDelayMs: 50 } };
const NO_BYTES = new Uint8Array();
const CHANNEL = 2;

function openChannel(client: Dialogue): void {
  client.side.openChannel(client.nowMs, bytesOf("channel"));
}

// --- the table ----------------------------------------------------------------------------------

const EMPTY: Check = (scene) => {
  scene.client.answer(scene.exchange, { ack: scene.client.ack() });
  expectFollowed(scene);
};

const DAMAGED: Check = (scene) => {
  const { client, exchange } = scene;
  client.answerBytes(exchange, damaged(client.encode(exchange)));
  expect(client.side.stats.bodiesUnreadable).toBe(1);
  expectFollowed(scene);
};

const answers: readonly Row[] = [
  {
    event: "answer: empty",
    cells: alive("the exchange is over; a request follows while too few are out", EMPTY),
  },
  {
    event: "answer: OPENED",
    cells: {
      ...alive("as an empty one: limits are learned once", (scene) => {
        const opened = { ...SERVER_PARAMETERS, messageBytesMax: 99_999 };
        scene.client.answer(scene.exchange, { opened });
        expect(scene.client.side.peer).toEqual(SERVER_PARAMETERS);
        expectFollowed(scene);
      }),
      opening: {
        says: "limits are learned, `opened` is told, OPEN is sent no more",
        next: "open",
        check: (scene) => {
          scene.client.answer(scene.exchange, { opened: SERVER_PARAMETERS });
          expect(scene.client.told).toEqual([{ kind: "opened" }]);
          expectFollowed(scene);
          expect(scene.client.last.body.open).toBeUndefined();
        },
      },
    },
  },
  {
    event: "answer: messages",
    cells: {
      ...alive("they are delivered; the request that follows acknowledges them", (scene) => {
        scene.client.answer(scene.exchange, { numbered: scene.client.messages("x") });
        expect(scene.client.delivered()).toEqual(["x"]);
        expectFollowed(scene);
        expect(scene.client.last.body.ack).toMatchObject({ receivedThrough: 1 });
      }),
      opening: {
        says: "nothing of them is believed without OPENED; with it as in `open`",
        next: "open",
        check: (scene) => {
          const numbered = scene.client.messages("x");
          scene.client.answer(scene.exchange, { numbered });
          expect(scene.client.delivered()).toEqual([]);
          expect(scene.client.side.state).toBe("opening");
          expectFollowed(scene);
          scene.client.answer(scene.client.last.exchange, { opened: SERVER_PARAMETERS, numbered });
          expect(scene.client.delivered()).toEqual(["x"]);
        },
      },
    },
  },
  {
    event: "answer: FINISH",
    cells: {
      ...alive("noted; the close goes on", (scene) => {
        scene.client.answer(scene.exchange, { numbered: scene.client.finish() });
        expect(scene.client.told.at(-1)).toEqual({ kind: "peer-finished", code: 0 });
        expectFollowed(scene);
      }),
      opening: {
        says: "with OPENED: the limits are learned and FINISH is answered",
        next: "closing",
        check: (scene) => {
          const numbered = scene.client.finish();
          scene.client.answer(scene.exchange, { opened: SERVER_PARAMETERS, numbered });
          expectFollowed(scene);
          expect(kindsOf(scene.client.last)).toEqual(["finish"]);
        },
      },
      open: {
        says: "`peer-finished` is told; this side's FINISH follows what it accepted",
        next: "closing",
        check: (scene) => {
          scene.client.answer(scene.exchange, { numbered: scene.client.finish() });
          expectFollowed(scene);
          expect(kindsOf(scene.client.last)).toEqual(["finish"]);
        },
      },
    },
  },
  {
    event: "answer: REFUSED",
    cells: ends("refused", "the session ends as `refused`", ({ client, exchange }) => {
      client.answer(exchange, { refused: { code: 4, reason: NO_BYTES } });
    }),
  },
  {
    event: "answer: UNKNOWN",
    cells: {
      ...alive("a failure; after `lostConfirmMs` of it the session ends as `lost`", unknown),
      closing: {
        says: "as in `open`; where all is held on both sides it ends as `closed`",
        next: "closing",
        check: unknown,
      },
    },
  },
  {
    event: "answer: UNREADABLE",
    cells: alive("counted; a failure; the last of `unreadableMax` ends the session", (scene) => {
      scene.client.answer(scene.exchange, { unreadable: true });
      expect(scene.client.side.stats.bodiesUnreadable).toBe(1);
      expectFollowed(scene);
    }),
  },
  {
    event: "answer: ENDED",
    cells: {
      ...ends("peer-ended", "the session ends as `peer-ended`", sayEnded),
      closing: {
        says: "it ends as `closed` if all is held on both sides, else as `peer-ended`",
        next: "ended",
        check: (scene) => {
          sayEnded(scene);
          expect(scene.client.ended?.reason).toBe("peer-ended");
          const { client } = sceneOf({ event: "", cells: alive("", EMPTY) }, "closing");
          const prefix = { answer: { parked: [2] }, ack: client.ack() };
          client.answer(3, { ...prefix, numbered: client.finish() });
          client.answer(2, { ended: { code: 0, reason: NO_BYTES } });
          expect(client.ended?.reason).toBe("closed");
        },
      },
    },
  },
  {
    event: "answer: SUPERSEDED by another life",
    cells: ends("superseded", "the session ends as `superseded`", ({ client, exchange }) => {
      client.answer(exchange, { superseded: 2 });
    }),
  },
  {
    event: "answer: SUPERSEDED by itself",
    cells: alive("the exchange is over, and says nothing about what it carried", (scene) => {
      scene.client.answer(scene.exchange, { superseded: 1 });
      expectFollowed(scene);
    }),
  },
  {
    event: "answer: VERSION",
    cells: {
      ...alive("damage", (scene) => {
        scene.client.answerBytes(scene.exchange, writeVersions([2]));
        expect(scene.client.side.stats.bodiesUnreadable).toBe(1);
        expectFollowed(scene);
      }),
      opening: {
        says: "without version 1 in it: the session ends as `version`",
        next: "ended",
        check: ({ client, exchange }) => {
          client.answerBytes(exchange, writeVersions([2]));
          expect(client.ended?.reason).toBe("version");
        },
      },
    },
  },
  {
    event: "answer: PAUSE",
    cells: alive("no request leaves until the pause is over", ({ client, exchange }) => {
      client.answer(exchange, { pauseMs: 300, ack: client.ack() });
      expect(client.pass(299)).toEqual([]);
      expect(client.pass(1)).toHaveLength(1);
    }),
  },
  { event: "answer: damaged", cells: alive("as UNREADABLE", DAMAGED) },
  {
    event: "answer: against the rules",
    cells: ends("protocol", "ENDED is sent; the session ends as `protocol`", (scene) => {
      const ack = { receivedThrough: 999, heldThrough: 999, ranges: [] };
      scene.client.answer(scene.exchange, { ack });
      expect(scene.client.last.body.ended?.code).toBe(0x1000);
    }),
  },
  {
    event: "answer: of an exchange given up",
    cells: {
      ...alive("applied as others; it ends no exchange, and is no failure", answerLate),
      opening: {
        says: "applied as others, OPENED too; it ends no exchange, and is no failure",
        next: "open",
        check: answerLate,
      },
    },
  },
  {
    event: "answer: of no exchange",
    cells: alive("nothing", ({ client }) => {
      const number = client.side.exchanges.next;
      client.answer(number, { numbered: client.messages("made up") });
      client.answerBytes(0, client.encode(1));
      expect(client.delivered()).toEqual([]);
      expect(client.tick()).toEqual([]);
    }),
  },
];

function answerLate({ client, exchange, state }: Scene): void {
  client.fail(exchange);
  client.tick();
  const open = [...client.side.exchanges.open.keys()];
  const opened = state === "opening" ? { opened: SERVER_PARAMETERS } : {};
  client.answer(exchange, { ...opened, numbered: client.messages("late") });
  client.answerBytes(exchange, bytesOf("<html>"));
  expect(client.delivered()).toEqual(["late"]);
  expect([...client.side.exchanges.open.keys()]).toEqual(open);
  expect(client.side.stats.bodiesUnreadable).toBe(0);
}

function unknown(scene: Scene): void {
  const { client, exchange } = scene;
  client.answer(exchange, { unknown: NONCE });
  expectFollowed(scene);
  const { state } = client.side;
  client.nowMs += 3_000;
  const again = sceneOf({ event: "", cells: alive("", EMPTY) }, state);
  again.client.answer(again.exchange, { unknown: NONCE });
  again.client.tick();
  again.client.nowMs += 3_000;
  again.client.answer(again.client.oldestOpen, { unknown: NONCE });
  expect(again.client.ended?.reason).toBe("lost");
}

function sayEnded({ client, exchange }: Scene): void {
  client.answer(exchange, { ended: { code: 3, reason: NO_BYTES } });
}

const failures: readonly Row[] = [
  {
    event: "failure",
    cells: alive("what it carried is due; the first retry is at once, others wait", (scene) => {
      scene.client.fail(scene.exchange);
      expectFollowed(scene);
      scene.client.fail(scene.client.last.exchange);
      expect(scene.client.side.state).toBe(scene.state);
    }),
  },
  {
    event: "failure: too large",
    options: { carriersMax: 1 },
    before: sendLarge,
    cells: alive("as a failure; bodies have half of its size from now on", ({ client }) => {
      const carrier = client.side.sender.flights.get(carrierOf(client));
      client.fail(carrier?.transmission ?? 0, { tooLarge: true });
      const sizes = client.tick().map((sent) => sent.bytes.length);
      expect(sizes.length).toBeGreaterThan(0);
      expect(Math.max(...sizes)).toBeLessThanOrEqual((carrier?.bytes ?? 0) / 2);
    }),
  },
];

const closed = "session_closed";

const CLOSE: Cell = {
  says: "FINISH leaves behind what was accepted",
  next: "closing",
  check: ({ client }) => {
    client.side.close(client.nowMs);
    expect(client.tick().flatMap(kindsOf)).toEqual(["finish"]);
  },
};

const commands: readonly Row[] = [
  {
    event: "send",
    cells: {
      ...alive("accepted; it leaves in this tick if the window and a slot let it", (scene) => {
        scene.client.send("a");
        expect(scene.client.tick().flatMap(kindsOf)).toEqual(["messages"]);
      }),
      closing: refusal(closed, "closing", (client) => client.send("a")),
      ended: refusal(closed, "ended", (client) => client.send("a")),
    },
  },
  {
    event: "openChannel",
    cells: {
      ...alive("accepted; CHANNEL_OPEN leaves like a message", (scene) => {
        openChannel(scene.client);
        expect(scene.client.tick().flatMap(kindsOf)).toEqual(["channel-open"]);
      }),
      closing: refusal(closed, "closing", openChannel),
      ended: refusal(closed, "ended", openChannel),
    },
  },
  {
    event: "finishChannel",
    before: openChannel,
    cells: {
      ...alive("CHANNEL_FINISH leaves behind what was accepted", ({ client }) => {
        client.side.finishChannel(client.nowMs, CHANNEL);
        expect(client.tick().flatMap(kindsOf)).toContain("channel-finish");
      }),
      closing: {
        says: "accepted; where FINISH is queued it says enough",
        next: "closing",
        check: ({ client }) => {
          client.side.finishChannel(client.nowMs, CHANNEL);
          expect(client.tick()).toEqual([]);
        },
      },
      ended: refusal("channel_closed", "ended", ({ side, nowMs }) => {
        side.finishChannel(nowMs, CHANNEL);
      }),
    },
  },
  {
    event: "resetChannel",
    before: openChannel,
    cells: {
      ...alive("what waits is given up; CHANNEL_RESET leaves", ({ client }) => {
        client.side.resetChannel(client.nowMs, CHANNEL, 1);
        expect(client.tick().flatMap(kindsOf)).toContain("channel-reset");
      }),
      closing: {
        says: "as in `open`, but CHANNEL_RESET only where FINISH is not queued",
        next: "closing",
        check: ({ client }) => {
          client.side.resetChannel(client.nowMs, CHANNEL, 1);
          expect(client.tick()).toEqual([]);
        },
      },
      ended: refusal("channel_closed", "ended", ({ side, nowMs }) => {
        side.resetChannel(nowMs, CHANNEL, 1);
      }),
    },
  },
  {
    event: "consume",
    options: { consume: "explicit", hold: "consumed" },
    cells: {
      ...alive(
        "the messages count as held",
        ({ client, exchange }) => {
          client.answer(exchange, { numbered: client.messages("a", "b") });
          client.side.consume(client.nowMs, 0, 2);
          client.tick();
          expect(client.last.body.ack).toMatchObject({ receivedThrough: 2, heldThrough: 2 });
        },
        {
          says: "it is too late to be told to anybody",
          next: "ended",
          check: ({ client }) => {
            client.side.consume(client.nowMs, 0, 0);
            expect(client.tick()).toEqual([]);
          },
        },
      ),
      opening: refusal("consume_too_many", "opening", ({ side, nowMs }) => {
        side.consume(nowMs, 0, 1);
      }),
    },
  },
  {
    event: "close",
    cells: {
      opening: CLOSE,
      open: CLOSE,
      closing: refusal(closed, "closing", ({ side, nowMs }) => side.close(nowMs)),
      ended: refusal(closed, "ended", ({ side, nowMs }) => side.close(nowMs)),
    },
  },
  {
    event: "abort",
    cells: ends(
      "aborted",
      "ENDED is sent in one last request; the session ends as `aborted`",
      ({ client }) => {
        client.side.abort(client.nowMs, 9);
        client.drain();
        expect(client.last.body.ended?.code).toBe(9);
      },
      refusal(closed, "ended", ({ side, nowMs }) => side.abort(nowMs)),
    ),
  },
  {
    event: "save",
    cells: alive(
      "the state as plain data; after a second this side goes on as another life [INC-4]",
      ({ client, state }) => {
        const before = client.last;
        const saved = structuredClone(client.side.save(client.nowMs));
        const resumed = Object.getPrototypeOf(client.side).constructor.resume(0, saved, 1);
        expect(resumed.state).toBe(state);
        expect(client.pass(SAVE_PAUSE_MS - 1)).toEqual([]);
        const [first] = client.pass(1);
        expect(first?.incarnation).toBeGreaterThan(before.incarnation);
        expect(first?.body.succeeds).toEqual([before.incarnation]);
      },
      refusal(closed, "ended", ({ side, nowMs }) => {
        side.save(nowMs);
      }),
    ),
  },
];

const NO_PIPE: Cell = {
  says: "nothing: its pipes are closed",
  next: "ended",
  check: ({ client }) => {
    expect(client.side.pipes.size).toBe(0);
    const before = client.told.length;
    client.pipe(1, { ...pipeState(1), numbered: client.messages("late") });
    client.side.handlePipeClosed(client.nowMs, 1);
    expect(client.tick()).toEqual([]);
    expect(client.told).toHaveLength(before);
  },
};

const openPipe = (client: Dialogue): void => {
  client.openPipe();
};

const pipes: readonly Row[] = [
  {
    event: "pipe: PIPE",
    before: openPipe,
    cells: {
      ...alive(
        "the pipe is joined, `pipe-joined` is told and LINK said; nothing more is parked",
        ({ client, exchange }) => {
          client.pipe(1, pipeState(1));
          client.tick();
          expect(client.told).toContainEqual({ kind: "pipe-joined", link: 1 });
          expect(client.piped.at(-1)?.body?.hearing).toMatchObject({ link: 1 });
          client.answer(exchange);
          expect(client.tick()).toEqual([]);
        },
        NO_PIPE,
      ),
      opening: {
        says: "nothing without OPENED; with it as in `open`",
        next: "open",
        check: ({ client }) => {
          client.pipe(1, pipeState(1));
          expect(client.side.joined).toBe(0);
          client.pipe(1, { opened: SERVER_PARAMETERS, ...pipeState(1) });
          expect(client.side.joined).toBe(1);
        },
      },
    },
  },
  {
    event: "pipe: PIPE with another link",
    before: openPipe,
    cells: {
      ...alive(
        "the pipe is hung up, and `pipe-gone` told",
        ({ client }) => {
          client.pipe(1, pipeState(0));
          expect(client.piped.at(-1)).toEqual({ link: 1 });
          expect(client.told).toContainEqual(gone("unknown"));
        },
        NO_PIPE,
      ),
      opening: {
        says: "nothing without OPENED",
        next: "opening",
        check: ({ client }) => {
          client.pipe(1, pipeState(0));
          expect(client.told).toEqual([]);
        },
      },
    },
  },
  {
    event: "pipe: messages",
    before: openPipe,
    cells: {
      ...alive(
        "they are delivered, joined or not",
        ({ client }) => {
          client.pipe(1, { numbered: client.messages("a") });
          expect(client.delivered()).toEqual(["a"]);
        },
        NO_PIPE,
      ),
      opening: {
        says: "nothing of them is believed without OPENED; with it as in `open`",
        next: "open",
        check: ({ client }) => {
          client.pipe(1, { numbered: client.messages("a") });
          expect(client.delivered()).toEqual([]);
          client.pipe(1, { opened: SERVER_PARAMETERS, ...pipeState(1), numbered: aMessage });
          expect(client.delivered()).toEqual(["a"]);
        },
      },
    },
  },
  {
    event: "pipe: PAUSE",
    before: openPipe,
    cells: alive(
      "the pipe is hung up; no request leaves until the pause is over",
      ({ client }) => {
        client.pipe(1, { pauseMs: 700 });
        expect(client.told).toContainEqual(gone("paused"));
        for (const number of client.side.exchanges.open.keys()) client.fail(number);
        expect(client.pass(699)).toEqual([]);
        expect(client.pass(1).length).toBeGreaterThan(0);
      },
      NO_PIPE,
    ),
  },
  {
    event: "pipe: UNKNOWN, UNREADABLE, or damaged",
    before: openPipe,
    cells: alive(
      "the pipe is hung up; what it means for the session is asked by requests",
      ({ client }) => {
        client.pipe(1, { unknown: NONCE });
        expect(client.told).toContainEqual(gone("unknown"));
        client.pipe(client.openPipe(), { unreadable: true });
        client.pipeBytes(client.openPipe(), damaged(client.encodeBare(pipeState(3))));
        const unreadable = { kind: "pipe-gone", wasJoined: false, why: "unreadable" };
        expect(client.told).toContainEqual({ ...unreadable, link: 2 });
        expect(client.told).toContainEqual({ ...unreadable, link: 3 });
      },
      NO_PIPE,
    ),
  },
  {
    event: "pipe: ENDED",
    before: openPipe,
    cells: ends(
      "peer-ended",
      "the session ends as an answer with ENDED would end it; its pipes are hung up",
      ({ client }) => {
        client.pipe(1, { ended: { code: 7, reason: NO_BYTES } });
        expect(client.piped.at(-1)).toEqual({ link: 1 });
      },
      NO_PIPE,
    ),
  },
  {
    event: "pipe: SUPERSEDED by another life",
    before: openPipe,
    cells: ends(
      "superseded",
      "the session ends as `superseded`",
      ({ client }) => {
        client.pipe(1, { superseded: 99 });
      },
      NO_PIPE,
    ),
  },
  {
    event: "pipe: against the rules",
    before: openPipe,
    cells: ends(
      "protocol",
      "ENDED is sent, on the pipe where it is joined, else by a request; it ends as `protocol`",
      ({ client }) => {
        client.pipe(1, { ack: { receivedThrough: 99, heldThrough: 99, ranges: [] } });
        expect(client.last.body.ended?.code).toBe(0x1000);
      },
      NO_PIPE,
    ),
  },
  {
    event: "pipe closed",
    before: openPipe,
    cells: alive(
      "`pipe-gone` is told; what it carried is due, and requests park as before",
      ({ client, exchange, state }) => {
        client.pipe(1, pipeState(1));
        client.tick();
        client.answer(exchange);
        client.tick();
        client.side.handlePipeClosed(client.nowMs, 1);
        client.drain();
        expect(client.told.at(-1)).toEqual({ ...gone("closed"), wasJoined: state !== "opening" });
        client.tick();
        expect([...client.side.sender.flights.keys()].filter((number) => number < 0)).toEqual([]);
        expect(client.side.exchanges.countLive).toBeGreaterThan(0);
      },
      NO_PIPE,
    ),
  },
  {
    event: "openPipe",
    cells: alive(
      "the first body leaves on it at the end of the tick, with the address",
      ({ client, state }) => {
        const link = client.openPipe();
        client.tick();
        const { body } = client.piped.at(-1) ?? {};
        expect(client.side.pipes.get(link)?.bodiesSent).toBe(1);
        expect(body?.open !== undefined).toBe(state === "opening");
        expect(body?.numbered).toEqual([]);
      },
      refusal("session_closed", "ended", ({ side, nowMs }) => side.openPipe(nowMs)),
    ),
  },
  {
    event: "offerPipe",
    cells: alive(
      "a request leaves with OFFER, and so do all until the stream is there",
      ({ client, exchange }) => {
        const link = client.offerPipe();
        const [request] = client.tick();
        expect(request?.body.offer).toMatchObject({ link });
        client.fail(exchange);
        client.fail(client.last.exchange);
        expect(client.pass(5_000)[0]?.body.offer).toMatchObject({ link });
      },
      refusal("session_closed", "ended", ({ side, nowMs }) => side.offerPipe(nowMs, NONCE)),
    ),
  },
  {
    event: "announcePipe",
    cells: {
      ...alive(
        "OFFER goes along with what leaves on the pipe next",
        ({ client }) => {
          client.openPipe();
          client.tick();
          client.pipe(1, pipeState(1));
          client.side.announcePipe(client.nowMs, NONCE);
          client.tick();
          expect(client.piped.at(-1)?.body).toMatchObject({
            offer: { link: 2, ticket: NONCE },
            hearing: { link: 1 },
          });
        },
        refusal("session_closed", "ended", announce),
      ),
      opening: refusal("state_invalid", "opening", announce),
    },
  },
];

const ALONE = { requests: "none" } as const;

/** Without requests [PIPE-12]. */
const alone: readonly Row[] = [
  {
    event: "without requests: pipe closed",
    options: { ...ALONE, reconnectDelayMinMs: 0 },
    cells: alive(
      "`pipe-gone` and `pipe-wanted` are told; one that was not greeted is an unanswered request",
      ({ client, state }) => {
        client.side.handlePipeClosed(client.nowMs, 1);
        client.tick();
        expect(client.told.at(-1)).toEqual({ kind: "pipe-wanted" });
        expect(client.side.requestsUnanswered).toBe(state === "opening" ? 1 : 0);
        expect(client.sent).toEqual([]);
      },
      NO_PIPE,
    ),
  },
  {
    event: "without requests: handlePipeFailed",
    options: ALONE,
    cells: alive(
      "an unanswered request; `pipe-wanted` is told again, the second time in a row after a wait",
      ({ client }) => {
        client.side.handlePipeClosed(client.nowMs, 1);
        client.until("retry");
        const before = client.side.requestsUnanswered;
        client.side.handlePipeFailed(client.nowMs);
        expect(client.side.requestsUnanswered).toBe(before + 1);
        client.until("retry");
        expect(client.told.at(-1)).toEqual({ kind: "pipe-wanted" });
      },
      NO_PIPE,
    ),
  },
  {
    event: "without requests: pipe: UNKNOWN",
    options: { ...ALONE, lostConfirmMs: 1_000 },
    cells: alive(
      "the session is in doubt; said again after `lostConfirmMs`, it ends as `lost`",
      ({ client }) => {
        client.pipe(1, { unknown: NONCE });
        expect([client.side.isDoubted, client.ended]).toEqual([true, undefined]);
      },
      NO_PIPE,
    ),
  },
  {
    event: "without requests: pipe: UNREADABLE, or damaged",
    options: { ...ALONE, unreadableMax: 1 },
    cells: ends(
      "unreadable",
      "the pipe is hung up; after `unreadableMax` of them the session ends as `unreadable`",
      ({ client }) => client.pipe(1, { unreadable: true }),
      NO_PIPE,
    ),
  },
];

function gone(why: PipeEnd): ApplicationOutput {
  return { kind: "pipe-gone", link: 1, wasJoined: false, why };
}

const aMessage: Body["numbered"] = [
  { kind: "messages", channel: 0, seq: 1, index: 1, payloads: [bytesOf("a")] },
];

const timers: readonly Row[] = [
  {
    event: "timer: transmit",
    cells: alive(
      "requests leave as long as one has a reason [SAY-2], [SAY-4]",
      ({ client, exchange }) => {
        client.fail(exchange);
        expect(client.timeout).toMatchObject({ timer: "transmit", atMs: client.nowMs });
        expect(client.tick().length).toBeGreaterThan(0);
        expect(client.timeout.atMs).toBeGreaterThan(client.nowMs);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: ack-delay",
    before: (client) => client.send("a"),
    cells: {
      ...alive(
        "a request acknowledges what nothing else did",
        ({ client }) => {
          client.tick();
          const [first = 0, ...parked] = client.side.exchanges.open.keys();
          const numbered = client.messages("x");
          client.answer(first, { answer: { parked }, ack: client.ack(), numbered });
          const [request] = client.until("ack-delay");
          expect(request?.body.ack).toMatchObject({ receivedThrough: 1 });
          expect(request?.body.numbered).toEqual([]);
        },
        NO_TIMER,
      ),
      opening: notRunning("ack-delay", "opening"),
    },
  },
  {
    event: "timer: resend",
    options: { carriersMax: 1 },
    before: sendLarge,
    cells: alive(
      "the oldest bundle is sent again, in half of its size",
      ({ client }) => {
        const flight = client.side.sender.flights.get(carrierOf(client));
        const [request] = client.until("resend");
        expect(client.side.stats.unitsResent).toBeGreaterThan(0);
        expect(request?.bytes.length).toBeLessThanOrEqual((flight?.bytes ?? 0) / 2);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: probe",
    before: (client) => client.send(...Array.from({ length: 70 }, () => "m")),
    cells: alive(
      "a request says where sending stands still; the next wait is longer",
      ({ client }) => {
        const [request] = client.until("probe");
        const { blocked, channelsBlocked = [] } = request?.body ?? {};
        expect(blocked?.seqMax ?? channelsBlocked[0]?.unitsMax).toBe(64);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: expire",
    before: (client) => {
      const channel = client.side.openChannel(client.nowMs, NO_BYTES, { ttlMs: 700 });
      client.side.send(client.nowMs, bytesOf("old"), channel);
      client.drain();
    },
    cells: alive(
      "messages are given up and told; a skip takes the place of those sent",
      ({ client }) => {
        client.until("expire");
        expect(client.told).toContainEqual({
          kind: "given-up",
          channel: CHANNEL,
          neverSent: 0,
          sent: 1,
        });
        client.until("resend");
        expect(client.sent.flatMap(kindsOf)).toContain("skip");
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: silence",
    options: { closeTimeoutMs: 86_400_000 },
    cells: ends(
      "silence",
      "the session ends as `silence`; nothing is sent",
      ({ client }) => {
        expect(client.until("silence")).toEqual([]);
        expect(client.nowMs).toBe(60_000);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: close",
    cells: {
      opening: notRunning("close", "opening"),
      open: notRunning("close", "open"),
      closing: {
        says: "ENDED is sent; the session ends as `close-timeout`",
        next: "ended",
        check: ({ client }) => {
          expect(client.until("close").at(-1)?.body.ended?.code).toBe(0x1003);
          expect(client.ended?.reason).toBe("close-timeout");
        },
      },
      ended: NO_TIMER,
    },
  },
  {
    event: "timer: exchange",
    options: { closeTimeoutMs: 86_400_000 },
    cells: alive(
      "the request is overdue and counts no more; another takes its place",
      ({ client, exchange }) => {
        const requests = client.until("exchange");
        expect(client.side.exchanges.open.get(exchange)?.isOverdue).toBe(true);
        expect(requests).toHaveLength(1);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: retry",
    cells: alive(
      "the wait is over: what was kept back leaves",
      ({ client, exchange }) => {
        client.fail(exchange);
        client.tick();
        client.fail(client.last.exchange);
        expect(client.tick()).toEqual([]);
        expect(client.until("retry").length).toBeGreaterThan(0);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: wake",
    cells: alive(
      "what is out is overdue, no failure is waited for; requests take the place of those",
      ({ client, exchange }) => {
        client.side.handleWake(client.nowMs);
        client.drain();
        expect(client.timeout).toMatchObject({ timer: "wake", atMs: client.nowMs });
        expect(client.until("wake")).toHaveLength(1);
        expect(client.side.exchanges.open.get(exchange)?.isOverdue).toBe(true);
      },
      {
        says: "not running: no timer is",
        next: "ended",
        check: ({ client }) => {
          client.side.handleWake(client.nowMs);
          expect(client.tick()).toEqual([]);
          expect(client.timeout.timer).toBe("none");
        },
      },
    ),
  },
  {
    event: "timer: pipe",
    before: openPipe,
    cells: alive(
      "the pipe is hung up, and `pipe-gone` told; what it carried is due",
      ({ client }) => {
        client.until("pipe");
        expect(client.told).toContainEqual(gone("silent"));
        expect(client.nowMs).toBeLessThan(20_000);
      },
      NO_TIMER,
    ),
  },
  {
    event: "timer: delay",
    options: LITERAL,
    cells: alive(
      "literal procedure only: the request that follows an answer leaves",
      ({ client }) => {
        client.answer(client.oldestOpen, { ack: client.ack() });
        expect(client.tick()).toEqual([]);
        expect(client.until("delay")).toHaveLength(1);
      },
      NO_TIMER,
    ),
  },
];

export const TABLE: readonly Row[] = [
  ...answers,
  ...failures,
  ...pipes,
  ...alone,
  ...commands,
  ...timers,
];

// --- printing -----------------------------------------------------------------------------------

/** The table as Markdown: states in which the same happens share a line. */
export function printTable(): string {
  const lines = ["| event | in | what happens | then |", "| --- | --- | --- | --- |"];
  for (const { event, cells } of TABLE) {
    const groups = new Map<string, { cell: Cell; states: SessionState[] }>();
    for (const state of STATES) {
      const cell = cells[state];
      const then = thenOf(cell, state);
      const group = groups.get(cell.says + then) ?? { cell, states: [] };
      group.states.push(state);
      groups.set(cell.says + then, group);
    }
    for (const { cell, states } of groups.values()) {
      const where = states.join(", ");
      const then = thenOf(cell, states[0] ?? "ended");
      lines.push(`| ${event} | ${where} | ${cell.says} | ${then} |`);
    }
  }
  return lines.join("\n");
}

function thenOf(cell: Cell, state: SessionState): string {
  if (cell.says.startsWith("not running")) return "-";
  return cell.next === state ? "same" : cell.next;
}
