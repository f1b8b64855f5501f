// The event x state table of the park side, as data: per cell a sentence, which spec/protocol.md
// section 6 repeats, and a function that lets the event happen to an instance in that state and
// asserts what the sentence says. park-side-table.test.ts runs every cell.

// Everything here runs within the tests of park-side-table.test.ts.
/* oxlint-disable vitest/no-standalone-expect */

import { expect } from "vitest";
import type { Body, NumberedFrame } from "../../src/core/body.ts";
import type { ServerSession } from "../../src/core/endpoint.ts";
import type { EndpointOptions } from "../../src/core/options.ts";
import { UsageError } from "../../src/core/errors.ts";
import { END_CODES } from "../../src/core/half.ts";
import { FRAME_MESSAGE_LAST } from "../../src/core/frame-types.ts";
import type { ParkSide } from "../../src/core/park-side.ts";
import {
  Bench,
  bytesOf,
  messages,
  reseal,
  type Script,
  ScriptedClient,
  textOf,
  textsIn,
} from "./scripted-client.ts";

export const COLUMNS = ["stranger", "opening", "open", "closing", "ended"] as const;
export type Column = (typeof COLUMNS)[number];

/** An instance in one of the states, and what led there. */
export interface Scene {
  readonly column: Column;
  readonly bench: Bench;
  readonly client: ScriptedClient;
  /** The exchange that is parked and its handle; 0 for none. */
  readonly parked: number;
  readonly parkedHandle: number;
  /** The number of the client's next request. */
  readonly next: number;
  /** Undefined for a stranger. */
  readonly session: ServerSession | undefined;
}

export interface Cell {
  readonly says: string;
  readonly run: (scene: Scene) => void;
}

export interface Row {
  readonly event: string;
  readonly cells: { readonly [Name in Column]: Cell };
}

const FINISH: NumberedFrame = { kind: "finish", seq: 1, code: 0 };
const OTHER_SECRET = new Uint8Array(16).fill(0xee);

// --- states -----------------------------------------------------------------------------------

/** Long enough that each cell meets its own timer first. */
const OPTIONS: Partial<EndpointOptions> = { closeTimeoutMs: 200_000 };

export function arrange(column: Column): Scene {
  const isOpening = column === "opening";
  const bench = new Bench(
    isOpening ? { ...OPTIONS, authenticate: true, verdictTimeoutMs: 100_000 } : OPTIONS,
  );
  const client = new ScriptedClient(bench);
  client.incarnation = 2;
  let parked = 0;
  let parkedHandle = 0;
  let next = 1;
  let session: ServerSession | undefined;
  if (isOpening) {
    parkedHandle = client.request(1, { open: true, numbered: [messages(1, "early")] });
    parked = 1;
    next = 2;
    session = client.session;
  } else if (column !== "stranger") {
    client.request(1, { open: true });
    parkedHandle = client.request(2, { overThrough: 1, lastAnswered: 1 });
    parked = 2;
    next = 3;
    session = client.session;
  }
  if (column === "closing") {
    bench.command(client.session, (side) => side.close(bench.nowMs));
    parkedHandle = client.request(3, { overThrough: 2, lastAnswered: 2, ack: 1 });
    parked = 3;
    next = 4;
  } else if (column === "ended") {
    bench.command(client.session, (side) => side.abort(bench.nowMs, 7, "enough"));
    parked = 0;
    parkedHandle = 0;
  }
  bench.take();
  bench.heard = bench.heard.filter((each) => each.kind === "ended");
  return { column, bench, client, parked, parkedHandle, next, session };
}

// --- assertions -------------------------------------------------------------------------------

/** The one answer to a request among those that came since the last look. */
function answerTo(scene: Scene, handle: number): Body {
  const answers = scene.bench.answers.filter((answer) => answer.handle === handle);
  expect(answers).toHaveLength(1);
  return answers[0]?.body as Body;
}

function stateOf({ session }: Scene): string | undefined {
  return session?.side.state;
}

/** A session's state as text, without what counts bodies and tells the time. */
export function fingerprint(session: ServerSession | undefined): string {
  return JSON.stringify(session, (name, value: unknown) => {
    // The queue of what is to be performed is empty but for what it counts.
    if (name === "nowMs" || name === "bodiesSent" || name === "transmissions") return undefined;
    if (value instanceof Map || value instanceof Set) return [...value];
    return value === Infinity ? "Infinity" : value;
  });
}

/** The request gets this answer, and the session is as it was. */
function answersOnly(scene: Scene, act: () => number, look: (body: Body) => void): void {
  const before = fingerprint(scene.session);
  const { size } = scene.bench.endpoint.sessions;
  const handle = act();
  look(answerTo(scene, handle));
  expect(scene.bench.answers).toHaveLength(1);
  expect(fingerprint(scene.session) === before).toBe(true);
  expect(scene.bench.endpoint.sessions.size).toBe(size);
}

function isUnknown(body: Body): void {
  expect(body.unknown).toHaveLength(16);
  expect(body.answer).toBeUndefined();
  expect(body.ended).toBeUndefined();
}

function isLastWord(body: Body): void {
  expect(body.ended?.code).toBe(7);
  expect(textOf(body.ended?.reason as Uint8Array)).toBe("enough");
  expect(body.ack?.receivedThrough).toBe(0);
}

function isEmpty(body: Body): void {
  expect(body.answer).toBeDefined();
  expect(body.numbered).toEqual([]);
  expect(body.opened).toBeUndefined();
  expect(body.ended).toBeUndefined();
}

function ends(scene: Scene, reason: string): void {
  expect(stateOf(scene)).toBe("ended");
  expect(scene.bench.ended?.reason).toBe(reason);
  expect(scene.bench.endpoint.sessions.size).toBe(0);
  for (const isSettled of scene.bench.settled.values()) expect(isSettled).toBe(true);
}

function throwsUsage(scene: Scene, act: (session: ServerSession) => void, code: string): void {
  const before = fingerprint(scene.session);
  expect(() => act(scene.session as ServerSession)).toThrow(UsageError);
  try {
    act(scene.session as ServerSession);
  } catch (error) {
    expect((error as UsageError).code).toBe(code);
  }
  expect(fingerprint(scene.session) === before).toBe(true);
}

/** Keeps the session alive while time passes, without ever answering what is parked. */
function passTime(scene: Scene, ms: number): void {
  for (let passed = 0; passed < ms; passed += 20_000) {
    scene.bench.advance(20_000);
    scene.client.request(1, { secret: scene.client.secret, overThrough: 0 });
  }
}

// --- cells that several states share ----------------------------------------------------------

function cell(says: string, run: (scene: Scene) => void): Cell {
  return { says, run };
}

const noSession = cell("Cannot happen: there is no session.", ({ bench }) => {
  expect(bench.endpoint.sessions.size).toBe(0);
  expect(bench.asked).toEqual([]);
});

const noTimer = cell("Does not run: nothing is kept.", ({ bench, client }) => {
  client.request(1);

  expect([bench.wakeAtMs, bench.timer]).toEqual([Infinity, "none"]);
});

/** Nothing of what is said on a pipe is acknowledged; returns what the next request hears. */
function stalledPipe({ bench, client, session, next }: Scene, act: (side: ParkSide) => void): Body {
  const handle = client.pipe(1);
  client.onPipe(handle, { hearing: { link: 1, fromExchange: next } });
  bench.command(session as ServerSession, act);
  bench.advance(8_000);
  bench.take();

  expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", why: "stalled" });
  expect(session?.side.pipes.size).toBe(0);
  const asked = client.request(next);
  return bench.answers.find(({ handle: each }) => each === asked)?.body as Body;
}

const buriedTimer = cell("Does not run any more.", ({ bench }) => {
  expect(bench.timer).toBe("tombstone");
  const before = bench.wakeAtMs;
  bench.advance(200_000);

  expect(bench.wakeAtMs).toBe(before);
  expect(bench.answers).toEqual([]);
});

const notRunning = (says: string, ms: number): Cell =>
  cell(says, (scene) => {
    const state = stateOf(scene);
    passTime(scene, ms);

    expect(stateOf(scene)).toBe(state);
  });

const unknown = (script: Script = {}): Cell =>
  cell("UNKNOWN. Stays a stranger.", (scene) => {
    answersOnly(scene, () => scene.client.request(1, script), isUnknown);
  });

const lastWord = (script: Script = {}, exchange = 3): Cell =>
  cell("The tombstone's ENDED.", (scene) => {
    answersOnly(scene, () => scene.client.request(exchange, script), isLastWord);
  });

const copyOfParked = cell("Takes the first one's place; that one is answered empty.", (scene) => {
  const { bench, client, parked, parkedHandle } = scene;
  const state = stateOf(scene);
  const handle = client.request(parked, parked === 1 ? { open: true } : { ack: 0 });

  isEmpty(answerTo(scene, parkedHandle));
  expect(bench.answers).toHaveLength(1);
  expect(scene.session?.side.parked.map((each) => each.handle)).toEqual([handle]);
  expect(stateOf(scene)).toBe(state);
});

const copyOfAnswered = cell("Answered empty; never parks.", (scene) => {
  const { bench, client, next, parked } = scene;
  client.request(next, { overThrough: parked - 1 });
  bench.take();
  const handle = client.request(parked);

  isEmpty(answerTo(scene, handle));
  expect(bench.answers).toHaveLength(1);
  expect(scene.session?.side.parked.map((each) => each.exchange)).toEqual([next]);
});

const isOverAlready = cell("Answered empty; never parks.", (scene) => {
  const { client, parked } = scene;
  const handle = client.request(1);

  isEmpty(answerTo(scene, handle));
  expect(scene.session?.side.parked.map((each) => each.exchange)).toEqual([parked]);
});

const parksAndAnswersOldest = (script: Script): Cell =>
  cell("Parks; what is parked beyond `parkedWanted` is answered, the oldest first.", (scene) => {
    const { client, next, parked, parkedHandle } = scene;
    const state = stateOf(scene);
    client.request(next, { ...script, overThrough: parked - 1 });

    const { answer } = answerTo(scene, parkedHandle);
    expect([answer?.exchange, answer?.parked]).toEqual([parked, [next]]);
    expect(stateOf(scene)).toBe(state);
  });

const takesOver = cell(
  "What is parked is told SUPERSEDED; exchange numbers begin anew; parks. The state stays.",
  (scene) => {
    const { client, parkedHandle } = scene;
    const state = stateOf(scene);
    client.request(1, { incarnation: 3, succeeds: [2] });

    expect(answerTo(scene, parkedHandle).superseded).toBe(3);
    expect(scene.session?.side.incarnation).toBe(3);
    expect(stateOf(scene)).toBe(state);
  },
);

const superseded = cell("SUPERSEDED; changes nothing.", (scene) => {
  answersOnly(
    scene,
    () => scene.client.request(scene.next, { incarnation: 1, numbered: [messages(9, "old")] }),
    (body) => expect(body.superseded).toBe(2),
  );
  const other = { incarnation: 9, succeeds: [1], numbered: [messages(9, "new")] };
  const handle = scene.client.request(scene.next, other);
  expect(answerTo(scene, handle).superseded).toBe(2);
  expect(scene.session?.side.incarnation).toBe(2);
});

const supersededAfterTheEnd = cell("SUPERSEDED; changes nothing.", (scene) => {
  const isTold = (body: Body): void => expect(body.superseded).toBe(2);
  answersOnly(scene, () => scene.client.request(3, { incarnation: 1 }), isTold);
  const other = { incarnation: 9, succeeds: [1] };
  isTold(answerTo(scene, scene.client.request(4, other)));
  // Who goes on from the life that had the session is its heir.
  const heir = { incarnation: 9, succeeds: [2] };
  isLastWord(answerTo(scene, scene.client.request(5, heir)));
});

const wrongSecret = cell("UNKNOWN; changes nothing.", (scene) => {
  const script = { secret: OTHER_SECRET, open: true };
  answersOnly(scene, () => scene.client.request(scene.next, script), isUnknown);
});

const wrongPrincipal = cell("UNKNOWN; changes nothing.", (scene) => {
  const script = { origin: { ...scene.client.origin, principal: "eve" }, open: true };
  answersOnly(scene, () => scene.client.request(scene.next, script), isUnknown);
});

const wrongGeneration = cell("UNKNOWN; changes nothing.", (scene) => {
  const script = { generation: 7, numbered: [messages(1, "for another")] };
  answersOnly(scene, () => scene.client.request(scene.next, script), isUnknown);
});

const damaged = cell("UNREADABLE; changes nothing.", (scene) => {
  const bytes = scene.client.encode(scene.next, { numbered: [messages(1, "damaged")] });
  bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
  const { origin, sessionId } = scene.client;
  answersOnly(
    scene,
    () => scene.bench.deliver(bytes, origin, sessionId),
    (body) => expect(body.unreadable).toBe(true),
  );
});

/** Sends a body that is whole but for a type of frame that version 1 does not have. */
function sendMalformed({ bench, client, next }: Scene): number {
  const bytes = client.encode(next, { numbered: [messages(1, "x")] });
  const typeAt = bytes.length - 4;
  expect(bytes[typeAt]).toBe(FRAME_MESSAGE_LAST);
  bytes[typeAt] = 0x3f;
  return bench.deliver(reseal(bytes), client.origin, client.sessionId);
}

const malformedStranger = cell("ENDED with the protocol's code; changes nothing.", (scene) => {
  answersOnly(
    scene,
    () => sendMalformed(scene),
    (body) => expect(body.ended?.code).toBe(END_CODES.protocol),
  );
});

const endsByProtocol = (send: (scene: Scene) => number): Cell =>
  cell("ENDED with the protocol's code, on all that is held too. Ends: `protocol`.", (scene) => {
    const handle = send(scene);

    const body = answerTo(scene, handle);
    expect(body.ended?.code).toBe(END_CODES.protocol);
    expect(answerTo(scene, scene.parkedHandle).ended?.code).toBe(END_CODES.protocol);
    expect(body.ack === undefined).toBe(scene.column === "opening");
    expect(scene.bench.delivered()).toEqual([]);
    ends(scene, "protocol");
  });

const violate = (scene: Scene): number => scene.client.request(scene.next, { ack: 99 });

const endsByClient = cell(
  "All that is held is answered with ENDED. Ends: `peer-ended`.",
  (scene) => {
    const ended = { code: 5, reason: bytesOf("bye") };
    const handle = scene.client.request(scene.next, { ended });

    expect(answerTo(scene, handle).ended).toEqual(ended);
    expect(answerTo(scene, scene.parkedHandle).ended).toEqual(ended);
    expect(scene.bench.delivered()).toEqual([]);
    ends(scene, "peer-ended");
    expect(scene.bench.ended?.code).toBe(5);
  },
);

const lateVerdict = (accepted: boolean): Cell =>
  cell("Too late; changes nothing.", (scene) => {
    const { bench, session } = scene;
    const before = fingerprint(session);
    const verdict = accepted ? { accepted, principal: "late" } : { accepted };
    bench.endpoint.handleVerdict(bench.nowMs, session as ServerSession, verdict);
    scene.bench.tick();

    expect(fingerprint(scene.session) === before).toBe(true);
    expect(scene.bench.answers).toEqual([]);
  });

const drains = cell(
  "All that is held, and what comes, is answered at once, with PAUSE. The state stays.",
  (scene) => {
    const before = stateOf(scene);
    scene.bench.drain(100, 100);
    const handle = scene.client.request(scene.next);

    for (const each of [scene.parkedHandle, handle]) {
      expect(answerTo(scene, each).pauseMs).toBe(100);
    }
    expect(stateOf(scene)).toBe(before);
  },
);

/** What was said on a pipe since the last look; undefined stands for its end. */
function saidOn({ bench }: Scene, handle: number): (Body | undefined)[] {
  const all = bench.takePiped();
  expect(all.map((each) => each.handle)).toEqual(all.map(() => handle));
  return all.map(({ body }) => body);
}

/** The next acknowledgement of the client, as far as the state wants one. */
const ackIn = ({ column }: Scene): number => (column === "closing" ? 1 : 0);

const greets = cell("Greeted with PIPE; requests are held until LINK comes.", (scene) => {
  const { bench, client } = scene;
  const handle = client.pipe(1, { ack: ackIn(scene) });

  const [greeting, ...others] = saidOn(scene, handle);
  expect(greeting?.pipe).toMatchObject({ link: 1, bodies: 1 });
  expect(greeting?.owner).toBeDefined();
  expect(others).toEqual([]);
  expect(bench.answers).toEqual([]);
});

const joins = cell(
  "Answered by PIPE on the pipe; what is parked is answered empty, messages go down on it.",
  (scene) => {
    const { bench, client, session, parkedHandle, next } = scene;
    const state = stateOf(scene);
    const handle = client.pipe(1, { ack: ackIn(scene) });
    client.onPipe(handle, { hearing: { link: 1, fromExchange: next }, ack: ackIn(scene) });

    const said = saidOn(scene, handle);
    expect(said.at(-1)?.pipe).toMatchObject({ link: 1, bodies: 2 });
    isEmpty(answerTo(scene, parkedHandle));
    expect(stateOf(scene)).toBe(state);
    expect(session?.side.joined).toBe(1);
    if (state !== "open") return;
    bench.command(session as ServerSession, (side) => side.send(bench.nowMs, bytesOf("hi")));
    expect(saidOn(scene, handle).map((body) => textsIn(body as Body))).toEqual([["hi"]]);
  },
);

const TICKET = bytesOf("0123456789abcdef");

const streams = cell("Greeted with PIPE, and again after `pipeProofMs`; once.", (scene) => {
  const { bench, client, next } = scene;
  client.request(next, { offer: { link: 1, ticket: TICKET }, ack: ackIn(scene) });
  const handle = client.stream(TICKET);
  bench.advance(100);

  expect(saidOn(scene, handle).map((body) => body?.pipe)).toMatchObject([
    { link: 1, bodies: 1, ageMs: 0 },
    { link: 1, bodies: 2, ageMs: 100 },
  ]);
  expect(client.stream(TICKET)).toBe(0);
});

const announces = cell(
  "Greeted with PIPE, and spoken on where [PIPE-3] lets it; once.",
  (scene) => {
    const { bench, client, next } = scene;
    const before = client.pipe(1, { ack: ackIn(scene) });
    const hearing = { link: 1, fromExchange: next };
    client.onPipe(before, { hearing, offer: { link: 2, ticket: TICKET }, ack: ackIn(scene) });
    bench.takePiped();
    const handle = client.announced(TICKET);

    expect(saidOn(scene, handle)).toMatchObject([{ pipe: { link: 2, bodies: 1 } }]);
    expect(client.announced(TICKET)).toBe(0);
  },
);

const pipeGoes = cell("What it carried is due; requests are held again.", (scene) => {
  const { bench, client, session, next } = scene;
  const handle = client.pipe(1, { ack: ackIn(scene) });
  client.onPipe(handle, { hearing: { link: 1, fromExchange: next }, ack: ackIn(scene) });
  bench.take();
  if (scene.column === "open") {
    bench.command(session as ServerSession, (side) => side.send(bench.nowMs, bytesOf("hi")));
  }
  bench.pipeGone(handle);

  const late = client.request(next, { ack: ackIn(scene) });
  if (scene.column === "open") expect(textsIn(answerTo(scene, late))).toEqual(["hi"]);
  else expect(session?.side.parked.map((each) => each.exchange)).toEqual([next]);
  expect(bench.heard.at(-1)).toMatchObject({ kind: "pipe-gone", wasJoined: true, why: "closed" });
});

const goes = cell("The exchange counts as answered. The state stays.", (scene) => {
  const state = stateOf(scene);
  scene.bench.gone(scene.session as ServerSession, scene.parkedHandle);

  expect(scene.session?.side.parked).toEqual([]);
  expect(scene.session?.side.answered.has(scene.parked)).toBe(true);
  expect(stateOf(scene)).toBe(state);
  expect(scene.bench.answers).toEqual([]);
});

const closedForSend = cell("UsageError `session_closed`.", (scene) => {
  const send = ({ side }: ServerSession): boolean => side.send(scene.bench.nowMs, bytesOf("x"));
  throwsUsage(scene, send, "session_closed");
});

const closedForClose = cell("UsageError `session_closed`.", (scene) => {
  throwsUsage(scene, ({ side }) => side.close(scene.bench.nowMs), "session_closed");
});

const aborts = cell("All that is held is answered with ENDED. Ends: `aborted`.", (scene) => {
  const { bench } = scene;
  bench.command(scene.session as ServerSession, (side) => side.abort(bench.nowMs, 9));

  const body = answerTo(scene, scene.parkedHandle);
  expect(body.ended?.code).toBe(9);
  expect(body.ack === undefined).toBe(scene.column === "opening");
  expect(bench.delivered()).toEqual([]);
  ends(scene, "aborted");
});

const holdEnds = cell("The oldest is answered. The state stays.", (scene) => {
  const state = stateOf(scene);
  scene.bench.advance(24_999);
  expect(scene.bench.answers).toEqual([]);
  scene.bench.advance(1);

  expect(answerTo(scene, scene.parkedHandle).answer?.heldMs).toBe(25_000);
  expect(stateOf(scene)).toBe(state);
});

const ackDelayEnds = cell("The oldest carries the acknowledgement. The state stays.", (scene) => {
  const { bench, client, next, session } = scene;
  const state = stateOf(scene);
  bench.gone(session as ServerSession, scene.parkedHandle);
  const ack = scene.column === "closing" ? 1 : 0;
  const handle = client.request(next, { numbered: [messages(1, "hello")], ack });
  bench.advance(24);
  expect(bench.answers).toEqual([]);
  bench.advance(1);

  expect(answerTo(scene, handle).ack?.receivedThrough).toBe(1);
  expect(stateOf(scene)).toBe(state);
});

const silenceEnds = cell("All that is held is answered with ENDED. Ends: `silence`.", (scene) => {
  scene.bench.advance(89_999);
  expect(stateOf(scene)).not.toBe("ended");
  scene.bench.advance(1);

  ends(scene, "silence");
  expect(scene.bench.delivered()).toEqual([]);
});

// --- the table --------------------------------------------------------------------------------

export const PARK_SIDE_TABLE: readonly Row[] = [
  {
    event: "request with OPEN",
    cells: {
      stranger: cell(
        "Becomes a session: *opening* while a verdict is awaited, else *open*, and answered with " +
          "OPENED.",
        (scene) => {
          const handle = scene.client.request(1, { open: true });

          expect(answerTo(scene, handle).opened).toBeDefined();
          expect(scene.client.side.state).toBe("open");
          const pending = new Bench({ authenticate: true });
          const other = new ScriptedClient(pending);
          other.request(1, { open: true });
          expect(other.side.state).toBe("opening");
          expect(pending.answers).toEqual([]);
        },
      ),
      opening: cell("Joins: parks and waits for the verdict.", (scene) => {
        scene.client.request(2, { open: true, numbered: [messages(2, "more")] });

        expect(scene.session?.side.parked).toHaveLength(2);
        expect(scene.bench.answers).toEqual([]);
        expect(stateOf(scene)).toBe("opening");
      }),
      open: parksAndAnswersOldest({ open: true }),
      closing: parksAndAnswersOldest({ open: true, ack: 1 }),
      ended: lastWord({ open: true }),
    },
  },
  {
    event: "request without OPEN",
    cells: {
      stranger: unknown(),
      opening: cell("Parks and waits for the verdict.", (scene) => {
        scene.client.request(2);

        expect(scene.session?.side.parked).toHaveLength(2);
        expect(scene.bench.answers).toEqual([]);
        expect(stateOf(scene)).toBe("opening");
      }),
      open: parksAndAnswersOldest({}),
      closing: parksAndAnswersOldest({ ack: 1 }),
      ended: lastWord(),
    },
  },
  {
    event: "copy of a parked request",
    cells: {
      stranger: unknown(),
      opening: copyOfParked,
      open: copyOfParked,
      closing: copyOfParked,
      ended: lastWord({}, 2),
    },
  },
  {
    event: "copy of an answered request",
    cells: {
      stranger: unknown(),
      opening: cell("Answered empty, without acknowledgement; never parks.", (scene) => {
        scene.bench.gone(scene.session as ServerSession, scene.parkedHandle);
        const handle = scene.client.request(1, { open: true });

        isEmpty(answerTo(scene, handle));
        expect(answerTo(scene, handle).ack).toBeUndefined();
        expect(scene.session?.side.parked).toEqual([]);
      }),
      open: copyOfAnswered,
      closing: copyOfAnswered,
      ended: lastWord({}, 1),
    },
  },
  {
    event: "request whose number is over",
    cells: {
      stranger: unknown({ overThrough: 0 }),
      opening: cell("Answered empty, without acknowledgement; never parks.", (scene) => {
        scene.client.request(3, { open: true, overThrough: 2 });
        isEmpty(answerTo(scene, scene.parkedHandle));
        scene.bench.take();
        const handle = scene.client.request(2, { open: true });

        isEmpty(answerTo(scene, handle));
        expect(scene.session?.side.parked.map((each) => each.exchange)).toEqual([3]);
      }),
      open: isOverAlready,
      closing: isOverAlready,
      ended: lastWord({}, 1),
    },
  },
  {
    event: "request of a life that succeeds the present one",
    cells: {
      stranger: unknown({ incarnation: 9, succeeds: [2] }),
      opening: takesOver,
      open: takesOver,
      closing: takesOver,
      ended: lastWord({ incarnation: 9, succeeds: [2] }, 1),
    },
  },
  {
    event: "request of any other life",
    cells: {
      stranger: unknown({ incarnation: 1 }),
      opening: superseded,
      open: superseded,
      closing: superseded,
      ended: supersededAfterTheEnd,
    },
  },
  {
    event: "request with a wrong secret",
    cells: {
      stranger: unknown({ secret: OTHER_SECRET }),
      opening: wrongSecret,
      open: wrongSecret,
      closing: wrongSecret,
      ended: wrongSecret,
    },
  },
  {
    event: "request of another principal",
    cells: {
      stranger: unknown({ origin: { address: "192.0.2.1", principal: "eve" } }),
      opening: wrongPrincipal,
      open: wrongPrincipal,
      closing: wrongPrincipal,
      ended: wrongPrincipal,
    },
  },
  {
    event: "request of another generation",
    cells: {
      stranger: unknown({ generation: 7 }),
      opening: wrongGeneration,
      open: wrongGeneration,
      closing: wrongGeneration,
      ended: wrongGeneration,
    },
  },
  {
    event: "damaged request",
    cells: {
      stranger: damaged,
      opening: damaged,
      open: damaged,
      closing: damaged,
      ended: damaged,
    },
  },
  {
    event: "malformed request",
    cells: {
      stranger: malformedStranger,
      opening: endsByProtocol(sendMalformed),
      open: endsByProtocol(sendMalformed),
      closing: endsByProtocol(sendMalformed),
      ended: malformedStranger,
    },
  },
  {
    event: "request that breaks a rule of the session",
    cells: {
      stranger: cell("UNKNOWN, with OPEN too. Stays a stranger.", (scene) => {
        answersOnly(scene, () => scene.client.request(1, { open: true, ack: 99 }), isUnknown);
      }),
      opening: endsByProtocol(violate),
      open: endsByProtocol(violate),
      closing: endsByProtocol(violate),
      ended: lastWord({ ack: 99 }),
    },
  },
  {
    event: "request with ENDED",
    cells: {
      stranger: cell("UNKNOWN, with OPEN too. Stays a stranger.", (scene) => {
        const ended = { code: 5, reason: bytesOf("") };
        answersOnly(scene, () => scene.client.request(1, { open: true, ended }), isUnknown);
      }),
      opening: endsByClient,
      open: endsByClient,
      closing: endsByClient,
      ended: lastWord({ ended: { code: 5, reason: bytesOf("bye") } }),
    },
  },
  {
    event: "request with FINISH",
    cells: {
      stranger: cell(
        "With OPEN it becomes a session as above, which is *closing* once it is open.",
        (scene) => {
          scene.client.request(1, { open: true, numbered: [FINISH] });

          expect(scene.client.side.state).toBe("closing");
          expect(scene.bench.heard.map((each) => each.kind)).toContain("peer-finished");
        },
      ),
      opening: cell("Waits for the verdict; then *closing*.", (scene) => {
        scene.client.request(2, { open: true, numbered: [{ ...FINISH, seq: 2 }] });
        expect(stateOf(scene)).toBe("opening");
        scene.bench.verdict(true);

        expect(stateOf(scene)).toBe("closing");
        expect(scene.bench.delivered()).toEqual(["early"]);
      }),
      open: cell("The oldest carries this side's FINISH. Becomes *closing*.", (scene) => {
        scene.client.request(3, { overThrough: 1, numbered: [FINISH] });

        expect(answerTo(scene, scene.parkedHandle).numbered[0]?.kind).toBe("finish");
        expect(stateOf(scene)).toBe("closing");
      }),
      closing: cell(
        "When the client holds everything too, all that is held is answered with ENDED. Ends: " +
          "`closed`.",
        (scene) => {
          const handle = scene.client.request(4, { ack: 1, overThrough: 2, numbered: [FINISH] });

          for (const each of [handle, scene.parkedHandle]) {
            const body = answerTo(scene, each);
            expect([body.ended?.code, body.ack?.receivedThrough]).toEqual([END_CODES.closed, 1]);
          }
          ends(scene, "closed");
        },
      ),
      ended: lastWord({ numbered: [FINISH] }),
    },
  },
  {
    event: "favourable verdict",
    cells: {
      stranger: noSession,
      opening: cell("Delivers what came; the oldest carries OPENED. Becomes *open*.", (scene) => {
        scene.bench.verdict(true);

        const body = answerTo(scene, scene.parkedHandle);
        expect(body.opened).toBeDefined();
        expect(body.ack?.receivedThrough).toBe(1);
        expect(scene.bench.delivered()).toEqual(["early"]);
        expect(stateOf(scene)).toBe("open");
      }),
      open: lateVerdict(true),
      closing: lateVerdict(true),
      ended: lateVerdict(true),
    },
  },
  {
    event: "unfavourable verdict",
    cells: {
      stranger: noSession,
      opening: cell(
        "All that is held is answered with REFUSED; nothing is delivered. Ends: `refused`.",
        (scene) => {
          scene.bench.verdict(false, 33);

          const body = answerTo(scene, scene.parkedHandle);
          expect([body.refused?.code, body.ack]).toEqual([33, undefined]);
          expect(scene.bench.delivered()).toEqual([]);
          ends(scene, "refused");
        },
      ),
      open: lateVerdict(false),
      closing: lateVerdict(false),
      ended: lateVerdict(false),
    },
  },
  {
    event: "connection of a held request gone",
    cells: {
      stranger: noSession,
      opening: goes,
      open: goes,
      closing: goes,
      ended: cell("Cannot happen: nothing is held. Changes nothing.", (scene) => {
        const before = fingerprint(scene.session);
        scene.bench.endpoint.handleGone(scene.session as ServerSession, 1);
        scene.bench.tick();

        expect(fingerprint(scene.session) === before).toBe(true);
      }),
    },
  },
  {
    event: "first body on a pipe",
    cells: {
      stranger: cell(
        "As a request: with OPEN a session, which is greeted; else UNKNOWN.",
        (scene) => {
          const { client, bench } = scene;
          const [unknownBody, end] = saidOn(scene, client.pipe(1));
          isUnknown(unknownBody as Body);
          expect(end).toBeUndefined();
          const [greeting] = saidOn(scene, client.pipe(1, { open: true }));
          expect(greeting?.opened).toBeDefined();
          expect(greeting?.pipe).toMatchObject({ link: 1 });
          expect(bench.endpoint.sessions.size).toBe(1);
        },
      ),
      opening: cell("Kept; greeted when the verdict is favourable.", (scene) => {
        const handle = scene.client.pipe(1, { open: true });
        expect(saidOn(scene, handle)).toEqual([]);
        scene.bench.verdict(true);

        const [greeting, ...others] = saidOn(scene, handle);
        expect(greeting?.opened).toBeDefined();
        expect(greeting?.pipe).toMatchObject({ link: 1 });
        expect(others).toEqual([]);
      }),
      open: greets,
      closing: greets,
      ended: cell("The tombstone's ENDED, and the pipe is closed.", (scene) => {
        const handle = scene.client.pipe(1);
        const [last, end] = saidOn(scene, handle);
        isLastWord(last as Body);
        expect(end).toBeUndefined();
      }),
    },
  },
  {
    event: "LINK on a pipe",
    cells: {
      stranger: cell("Cannot happen: there is no pipe.", ({ bench }) => {
        expect(bench.endpoint.sessions.size).toBe(0);
      }),
      opening: cell("Noted; nothing is said before the verdict.", (scene) => {
        const { client } = scene;
        const handle = client.pipe(1, { open: true });
        client.onPipe(handle, { hearing: { link: 1, fromExchange: 2 } });

        expect(saidOn(scene, handle)).toEqual([]);
        expect(scene.session?.side.joined).toBe(1);
      }),
      open: joins,
      closing: joins,
      ended: cell("Cannot happen: there is no pipe.", ({ session }) => {
        expect(session?.side.pipes.size).toBe(0);
      }),
    },
  },
  {
    event: "ticket of a stream",
    cells: {
      stranger: cell("Nobody's.", ({ client }) => {
        expect(client.stream(TICKET)).toBe(0);
      }),
      opening: cell("Kept; greeted when the verdict is favourable.", (scene) => {
        const { bench, client } = scene;
        client.request(2, { open: true, offer: { link: 1, ticket: TICKET } });
        const handle = client.stream(TICKET);
        expect(saidOn(scene, handle)).toEqual([]);
        bench.verdict(true);

        expect(saidOn(scene, handle)).toMatchObject([{ pipe: { link: 1, ageMs: 0 } }]);
      }),
      open: streams,
      closing: streams,
      ended: cell("Nobody's.", (scene) => {
        const { client } = scene;
        client.request(3, { offer: { link: 1, ticket: TICKET } });
        expect(client.stream(TICKET)).toBe(0);
      }),
    },
  },
  {
    event: "ticket of the next pipe",
    cells: {
      stranger: cell("Nobody's.", ({ client }) => {
        expect(client.announced(TICKET)).toBe(0);
      }),
      opening: cell("Kept; greeted when the verdict is favourable.", (scene) => {
        const { bench, client } = scene;
        const before = client.pipe(1, { open: true });
        client.onPipe(before, { offer: { link: 2, ticket: TICKET } });
        const handle = client.announced(TICKET);
        // It takes the place of the one that was not joined.
        expect(bench.takePiped()).toEqual([{ handle: before }]);
        bench.verdict(true);

        expect(saidOn(scene, handle)).toMatchObject([{ pipe: { link: 2, ageMs: 0 } }]);
      }),
      open: announces,
      closing: announces,
      ended: cell("Nobody's.", ({ client }) => {
        expect(client.announced(TICKET)).toBe(0);
      }),
    },
  },
  {
    event: "connection of a pipe gone",
    cells: {
      stranger: noSession,
      opening: cell("The pipe is forgotten. The state stays.", (scene) => {
        const handle = scene.client.pipe(1, { open: true });
        scene.bench.pipeGone(handle);
        expect(scene.session?.side.pipes.size).toBe(0);
        scene.bench.verdict(true);

        expect(saidOn(scene, handle)).toEqual([]);
        expect(stateOf(scene)).toBe("open");
      }),
      open: pipeGoes,
      closing: pipeGoes,
      ended: cell("Cannot happen: there is no pipe. Changes nothing.", (scene) => {
        const before = fingerprint(scene.session);
        const { endpoint, nowMs } = scene.bench;
        endpoint.handlePipeGone(nowMs, scene.session as ServerSession, 1);
        scene.bench.tick();

        expect(fingerprint(scene.session) === before).toBe(true);
      }),
    },
  },
  {
    event: "command `send`",
    cells: {
      stranger: noSession,
      opening: cell("Accepted; waits for the verdict.", (scene) => {
        const { bench, session } = scene;
        bench.command(session as ServerSession, (side) => side.send(bench.nowMs, bytesOf("hi")));
        expect(bench.answers).toEqual([]);
        bench.verdict(true);

        expect(textsIn(answerTo(scene, scene.parkedHandle))).toEqual(["hi"]);
      }),
      open: cell("The oldest carries it at the end of the tick. The state stays.", (scene) => {
        const { bench, session } = scene;
        session?.side.send(bench.nowMs, bytesOf("one"));
        bench.command(session as ServerSession, (side) => side.send(bench.nowMs, bytesOf("two")));

        expect(textsIn(answerTo(scene, scene.parkedHandle))).toEqual(["one", "two"]);
        expect(stateOf(scene)).toBe("open");
      }),
      closing: closedForSend,
      ended: closedForSend,
    },
  },
  {
    event: "command `close`",
    cells: {
      stranger: noSession,
      opening: cell("UsageError `state_invalid`: a verdict or `abort` comes first.", (scene) => {
        throwsUsage(scene, ({ side }) => side.close(scene.bench.nowMs), "state_invalid");
      }),
      open: cell("The oldest carries FINISH. Becomes *closing*.", (scene) => {
        const { bench, session } = scene;
        bench.command(session as ServerSession, (side) => side.close(bench.nowMs, 3));

        expect(answerTo(scene, scene.parkedHandle).numbered).toEqual([
          { kind: "finish", seq: 1, code: 3 },
        ]);
        expect(stateOf(scene)).toBe("closing");
      }),
      closing: closedForClose,
      ended: closedForClose,
    },
  },
  {
    event: "command `abort`",
    cells: {
      stranger: noSession,
      opening: aborts,
      open: aborts,
      closing: aborts,
      ended: cell("UsageError `session_closed`.", (scene) => {
        throwsUsage(scene, ({ side }) => side.abort(scene.bench.nowMs), "session_closed");
      }),
    },
  },
  {
    event: "the server drains",
    cells: {
      stranger: cell("An opening is answered with PAUSE alone. Stays a stranger.", (scene) => {
        scene.bench.drain(100, 100);
        answersOnly(
          scene,
          () => scene.client.request(1, { open: true }),
          (body) => {
            isEmpty(body);
            expect(body.pauseMs).toBe(100);
          },
        );
      }),
      opening: cell(
        "All that is held, and what comes, is answered with PAUSE alone. The state stays.",
        (scene) => {
          scene.bench.drain(100, 100);
          const handle = scene.client.request(2, { open: true });

          for (const each of [scene.parkedHandle, handle]) {
            const body = answerTo(scene, each);
            isEmpty(body);
            expect([body.pauseMs, body.ack]).toEqual([100, undefined]);
          }
          expect(stateOf(scene)).toBe("opening");
        },
      ),
      open: drains,
      closing: drains,
      ended: cell("Changes nothing.", (scene) => {
        scene.bench.drain(100, 100);

        const body = answerTo(scene, scene.client.request(3));
        isLastWord(body);
        expect(body.pauseMs).toBeUndefined();
      }),
    },
  },
  {
    event: "timer `hold`",
    cells: {
      stranger: noTimer,
      opening: cell("Does not run: nothing is said before the verdict.", (scene) => {
        scene.bench.advance(60_000);

        expect(scene.bench.answers).toEqual([]);
        expect(stateOf(scene)).toBe("opening");
      }),
      open: holdEnds,
      closing: holdEnds,
      ended: buriedTimer,
    },
  },
  {
    event: "timer `ack-delay`",
    cells: {
      stranger: noTimer,
      opening: cell("Does not run: nothing is acknowledged before the verdict.", (scene) => {
        scene.bench.advance(1_000);

        expect(scene.bench.answers).toEqual([]);
      }),
      open: ackDelayEnds,
      closing: ackDelayEnds,
      ended: buriedTimer,
    },
  },
  {
    event: "timer `resend`",
    cells: {
      stranger: noTimer,
      opening: cell("Does not run: nothing was sent.", (scene) => {
        scene.bench.command(scene.session as ServerSession, (side) => {
          side.send(scene.bench.nowMs, bytesOf("hi"));
        });
        scene.bench.advance(5_000);

        expect(scene.bench.answers).toEqual([]);
        expect(scene.session?.side.sender.flights.size).toBe(0);
      }),
      open: cell(
        "What the oldest unconfirmed answer carried goes again on another parked request. The " +
          "state stays.",
        (scene) => {
          const { bench, client, session } = scene;
          bench.command(session as ServerSession, (side) => side.send(bench.nowMs, bytesOf("hi")));
          const handle = client.request(3, { overThrough: 1 });
          bench.take();
          bench.advance(1_100);

          expect(textsIn(answerTo(scene, handle))).toEqual(["hi"]);
          expect(stateOf(scene)).toBe("open");
        },
      ),
      closing: cell("As when open; FINISH goes again too.", (scene) => {
        const fresh = arrange("open");
        const { bench, client, session } = fresh;
        bench.command(session as ServerSession, (side) => side.close(bench.nowMs));
        const handle = client.request(3, { overThrough: 1 });
        bench.take();
        bench.advance(1_100);

        expect(answerTo(fresh, handle).numbered[0]?.kind).toBe("finish");
        expect([stateOf(fresh), stateOf(scene)]).toEqual(["closing", "closing"]);
      }),
      ended: buriedTimer,
    },
  },
  {
    event: "timer `pipe`",
    cells: {
      stranger: noTimer,
      opening: cell("Does not run: nothing was sent.", (scene) => {
        scene.client.pipe(1, { open: true });
        scene.bench.advance(50_000);

        expect(scene.bench.takePiped()).toEqual([]);
        expect(stateOf(scene)).toBe("opening");
      }),
      open: cell(
        "A pipe on which nothing is acknowledged is closed; what it carried goes by requests.",
        (scene) => {
          const { nowMs } = scene.bench;
          expect(textsIn(stalledPipe(scene, (side) => side.send(nowMs, bytesOf("hi"))))).toEqual([
            "hi",
          ]);
        },
      ),
      closing: cell("As when open; FINISH goes again too.", () => {
        const scene = arrange("open");
        const body = stalledPipe(scene, (side) => side.close(scene.bench.nowMs));

        expect(stateOf(scene)).toBe("closing");
        expect(body.numbered).toEqual([FINISH]);
      }),
      ended: buriedTimer,
    },
  },
  {
    event: "timer `silence`",
    cells: {
      stranger: noTimer,
      opening: silenceEnds,
      open: silenceEnds,
      closing: silenceEnds,
      ended: buriedTimer,
    },
  },
  {
    event: "timer `close`",
    cells: {
      stranger: noTimer,
      opening: notRunning("Does not run: `close` is refused.", 80_000),
      open: notRunning("Does not run.", 300_000),
      closing: cell("All that is held is answered with ENDED. Ends: `close-timeout`.", (scene) => {
        passTime(scene, 180_000);
        expect(stateOf(scene)).toBe("closing");
        passTime(scene, 20_000);

        ends(scene, "close-timeout");
      }),
      ended: buriedTimer,
    },
  },
  {
    event: "timer `verdict`",
    cells: {
      stranger: noTimer,
      opening: cell("As an unfavourable verdict, with its own code. Ends: `refused`.", (scene) => {
        passTime(scene, 80_000);
        scene.bench.take();
        expect(stateOf(scene)).toBe("opening");
        const handle = scene.client.request(2, { open: true });
        scene.bench.advance(20_000);

        expect(answerTo(scene, handle).refused?.code).toBe(END_CODES.verdictTimeout);
        expect(scene.bench.delivered()).toEqual([]);
        ends(scene, "refused");
      }),
      open: notRunning("Does not run.", 300_000),
      closing: notRunning("Does not run.", 100_000),
      ended: buriedTimer,
    },
  },
  {
    event: "timer `tombstone`",
    cells: {
      stranger: noTimer,
      opening: notRunning("Does not run: the session lives.", 80_000),
      open: notRunning("Does not run: the session lives.", 400_000),
      closing: notRunning("Does not run: the session lives.", 100_000),
      ended: cell("Forgotten: a stranger again.", (scene) => {
        scene.bench.advance(299_999);
        isLastWord(answerTo(scene, scene.client.request(3)));
        scene.bench.take();
        scene.bench.advance(1);

        isUnknown(answerTo(scene, scene.client.request(3)));
        expect(scene.bench.timer).toBe("none");
      }),
    },
  },
];

/** The table as Markdown, as it stands in spec/protocol.md. */
export function printTable(): string {
  const head = `| event | ${COLUMNS.join(" | ")} |`;
  const rule = `| --- |${COLUMNS.map(() => " --- |").join("")}`;
  const rows = PARK_SIDE_TABLE.map(({ event, cells }) => {
    return `| ${event} | ${COLUMNS.map((column) => cells[column].says).join(" | ")} |`;
  });
  return [head, rule, ...rows].join("\n");
}
