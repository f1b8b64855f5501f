// A check that cannot fail is none: each is shown a state in which its promise is broken.

import { describe, expect, test } from "vitest";
import { type Body, type ParkSide, type RequestSide } from "../../src/core/index.ts";
import {
  checkRest,
  checkSide,
  checkState,
  checkTogether,
  HARMLESS,
  Pair,
  seeded,
  type SideName,
} from "../../src/sim/index.ts";
import { checkBuffer, EMPTY_LEDGER } from "../../src/sim/explore/ledger.ts";
import {
  BODY_LIMITS,
  CLIENT_LIMITS,
  ENDPOINT_LIMITS,
  HALF_LIMITS,
  SERVER_LIMITS,
} from "../../src/sim/invariants/limits.ts";
import { configurationNamed, messagesEachWay } from "./configurations.ts";

/** Everything of an object, private or not, to be written to. */
// oxlint-disable-next-line typescript/no-explicit-any
type Open = Record<string, any>;

function open(object: object): Open {
  return object;
}

function parkOf(pair: Pair): ParkSide {
  return pair.session?.side ?? expect.unreachable("no session");
}

/** A pair that has said something and come to rest. */
function restingPair(name = "one-loss"): Pair {
  const pair = new Pair(configurationNamed(name).options);
  pair.drive(HARMLESS);
  return pair;
}

/** A pair with messages on both sides that nobody has acknowledged. */
function speakingPair(): Pair {
  const pair = new Pair(messagesEachWay(2));
  for (const label of ["request 1 arrives", "client: send", "server: send", "client: send"]) {
    const step = pair.steps().find((each) => each.label === label);
    pair.apply(step ?? expect.unreachable(label));
  }
  return pair;
}

/** Ranges with holes: more than there may be. */
function manyRanges(count: number): number[] {
  return Array.from({ length: 2 * count }, (_, at) => 10_000 + 3 * (at >> 1));
}

describe("a broken promise is seen in the state", () => {
  const doctored: [promise: string, pair: () => Pair, doctor: (pair: Pair) => void][] = [
    [
      "6: the client has forgotten to send",
      speakingPair,
      (pair) => pair.client.sender.flights.clear(),
    ],
    [
      "2: the server has miscounted what is unsent",
      restingPair,
      (pair) => {
        parkOf(pair).sender.unsentCount++;
      },
    ],
    [
      "2: the client's buffer is not what was accepted",
      restingPair,
      (pair) => {
        pair.client.sender.ring.payloadBytes += 8;
      },
    ],
    [
      "5: the server has sent beyond its window",
      restingPair,
      (pair) => {
        parkOf(pair).sender.bytesMax = 0;
      },
    ],
    [
      "2: the client has released 5 before it is held",
      restingPair,
      (pair) => {
        pair.client.sender.ring.base = 6;
        pair.client.sender.ring.next = 6;
      },
    ],
    [
      "2: the server believes received what is not",
      restingPair,
      (pair) => {
        parkOf(pair).sender.peerReceived.add(3, 3);
      },
    ],
    [
      "1: what the client never sent was received",
      restingPair,
      (pair) => {
        parkOf(pair).receiver.received.add(3, 3);
      },
    ],
    [
      "5: the client has more window than was granted",
      restingPair,
      (pair) => {
        pair.client.sender.seqMax += 1_000_000;
      },
    ],
    [
      "6: the server has lost or made credit to lend",
      restingPair,
      (pair) => {
        open(parkOf(pair).receiver.windows)["unitsToLend"]++;
      },
    ],
    [
      "5: the client's assembly is negative",
      restingPair,
      (pair) => {
        pair.client.receiver.parts.bytes = -1;
      },
    ],
    [
      "4: an exchange is neither open nor over",
      restingPair,
      (pair) => {
        pair.client.exchanges.next++;
      },
    ],
    [
      "5: more requests are out than there are slots",
      restingPair,
      (pair) => {
        for (let count = 0; count < 3; count++) pair.client.exchanges.begin(0, 100, false, 0);
      },
    ],
    [
      "4: parked requests are out of order",
      restingPair,
      (pair) => {
        const [first] = parkOf(pair).parked;
        parkOf(pair).parked.push(first ?? expect.unreachable("nothing parked"));
      },
    ],
    [
      "4: an answered request is parked",
      restingPair,
      (pair) => {
        const exchange = parkOf(pair).parked[0]?.exchange ?? 0;
        parkOf(pair).answered.add(exchange, exchange);
      },
    ],
    ["4: a handle is parked that is gone", restingPair, (pair) => pair.http.held.clear()],
    [
      "4: a request is neither parked nor answered",
      restingPair,
      (pair) => {
        pair.http.held.set(99, 99);
      },
    ],
    [
      "4: ended, and requests wait without end",
      () => restingPair("closing"),
      (pair) => {
        pair.http.held.set(99, 99);
      },
    ],
  ];

  test.each(doctored)("%s", (promise, make, doctor) => {
    const pair = make();
    expect(() => checkState(pair)).not.toThrow();

    doctor(pair);

    expect(() => checkState(pair)).toThrow(promise);
  });

  test("2: the server has released what the application has not seen", () => {
    const options = messagesEachWay(1);
    const pair = new Pair({ ...options, server: { ...options.server, hold: "delivered" } });
    pair.drive(HARMLESS);
    expect(() => checkTogether(pair)).not.toThrow();

    parkOf(pair).receiver.events.push({
      kind: "deliver",
      channel: 0,
      index: 1,
      payloads: [new Uint8Array(8)],
      seqs: [1, 1],
      assembled: false,
    });

    expect(() => checkTogether(pair)).toThrow("what the application has not seen");
  });

  const atRest: [promise: string, doctor: (pair: Pair) => void][] = [
    [
      "more is parked than is wanted",
      (pair) => {
        const { parked } = parkOf(pair);
        parked.push({ ...(parked[0] ?? expect.unreachable("nothing")), exchange: 99 });
      },
    ],
    [
      "the client owes credit in bytes",
      (pair) => {
        pair.client.receiver.windows.bytesReceived++;
      },
    ],
    [
      "the server owes credit in numbers",
      (pair) => {
        open(parkOf(pair).receiver.windows)["seqsConsumed"]--;
      },
    ],
    [
      "the server keeps room for assembly",
      (pair) => {
        parkOf(pair).receiver.parts.bytes++;
      },
    ],
    [
      "the client owes channel 0 credit",
      (pair) => {
        const channel = pair.client.receiver.channels.get(0) ?? expect.unreachable("none");
        channel.unitsConsumed--;
      },
    ],
  ];

  test.each(atRest)("at rest: %s", (promise, doctor) => {
    const pair = restingPair();
    expect(() => checkRest(pair)).not.toThrow();

    doctor(pair);

    expect(() => checkRest(pair)).toThrow(promise);
  });
});

describe("the send buffer is what was written and is not acknowledged", () => {
  test("and a byte too many or too few is seen", () => {
    const pair = restingPair();
    const channel = pair.client.sender.channels.get(0) ?? expect.unreachable("none");
    const ledger = { ...EMPTY_LEDGER, written: new Map([[0, 16]]), held: new Map([[0, 16]]) };
    expect(() => checkBuffer(pair.client, ledger, "client")).not.toThrow();

    channel.unsentBytes++;
    expect(() => checkBuffer(pair.client, ledger, "client")).toThrow("has 1 bytes");

    channel.unsentBytes--;
    const unheld = { ...ledger, held: new Map([[0, 8]]) };
    expect(() => checkBuffer(pair.client, unheld, "client")).toThrow("8 of what was written");
    // What may be given up may be less, and never more.
    const lossy = { ...unheld, mayGiveUp: new Set([0]) };
    expect(() => checkBuffer(pair.client, lossy, "client")).not.toThrow();
    channel.unsentBytes += 9;
    expect(() => checkBuffer(pair.client, lossy, "client")).toThrow("has 9 bytes");
  });
});

describe("every limit that does not hold is seen by its name", () => {
  const ofHalf: Record<string, (half: Open) => void> = {
    RANGES_MAX: ({ receiver }) => (receiver.received.flat = manyRanges(300)),
    FACT_ALLOWANCE: ({ sender }) => (sender.seqMax = sender.ring.next - 300),
    INITIAL_GRANT: (half) => {
      half["bodiesReceived"] = 0;
      half["sender"].seqMax = 1_000;
    },
    windowMessages: ({ receiver }) => receiver.windows.seqMax++,
    windowBytes: ({ receiver }) => (receiver.windows.bytesReceived += 1e9),
    channelUnits: ({ receiver }) => (receiver.channels.get(0).units = 1e9),
    channelBytes: ({ receiver }) => (receiver.channels.get(0).bytes = 1e9),
    channelsMax: (half) => (half["ownChannels"] = 1),
    pipeBytesMax: (half) => half["pipes"].set(1, { waitingBytes: 1e9 }),
    assemblyBytesMax: ({ receiver }) => (receiver.parts.bytes = 1e12),
    INDEX_RANGES_MAX: ({ receiver }) => {
      receiver.channels.get(0).settled.flat = manyRanges(600);
    },
    KEYS_MAX: ({ receiver }) => {
      for (let key = 0; key <= 65_536; key++) receiver.channels.get(0).latestByKey.set(key, 1);
    },
    sendBufferBytesMax: ({ sender }) => (sender.unsentBytes = 1e12),
    sendBufferMessagesMax: ({ sender }) => (sender.unsentCount = 1e9),
    highWaterBytes: (half) => (half["isAboveHighWater"] = true),
    bodyBytesMax: (half) => (half["bodyBytesLimit"] = 1e9),
    unreadableMax: (half) => (half["unreadableInRow"] = 8),
    rtoMaxMs: (half) => (half["probeAtMs"] = half["nowMs"] + 1_000),
    closeTimeoutMs: (half) => (half["closeAtMs"] = half["nowMs"] + 1e9),
    PAUSE_MS_MAX: (half) => (half["pausedUntilMs"] = half["nowMs"] + 3_600_001),
  };

  test.each(Object.keys(HALF_LIMITS))("%s, of either half", (name) => {
    const pair = restingPair();
    for (const half of [pair.client, parkOf(pair)]) {
      expect(HALF_LIMITS[name]?.(half)).toBe(true);

      ofHalf[name]?.(open(half));

      expect(HALF_LIMITS[name]?.(half)).toBe(false);
    }
    expect(() => checkSide(pair, "client")).toThrow(/^[2456]: /);
  });

  const ofClient: Record<string, (client: Open) => void> = {
    parkedMax: (client) => (client["parkedWanted"] = 2),
    carriersMax: ({ exchanges }) => {
      for (let count = 0; count < 2; count++) exchanges.begin(0, 100, true);
    },
    EXCHANGE_SPAN_MAX: ({ exchanges }) => (exchanges.next += 300),
    PREDECESSORS_MAX: (client) => (client["predecessors"] = Array.from({ length: 17 }, () => 1)),
    reconnectDelayMaxMs: (client) => (client["retry"].notBeforeMs = client["nowMs"] + 101),
    SAVE_PAUSE_MS: (client) => (client["savedUntilMs"] = client["nowMs"] + 1_001),
    WAKE_INTERVAL_MS: (client) => (client["wakeAtMs"] = client["nowMs"] + 1_001),
    requestsUnansweredMax: (client) => {
      client["options"] = { ...client["options"], requestsUnansweredMax: 1 };
      client["unansweredInRow"] = 1;
    },
  };

  test.each(Object.keys(CLIENT_LIMITS))("%s, of the client", (name) => {
    const { client } = restingPair();
    expect(CLIENT_LIMITS[name]?.(client)).toBe(true);

    ofClient[name]?.(open(client));

    expect(CLIENT_LIMITS[name]?.(client)).toBe(false);
  });

  const park = (count: number) => (server: Open) => {
    for (let at = 0; at < count; at++) server["parked"].push({ exchange: 100 + at, handle: at });
  };
  const ofServer: Record<string, (server: Open) => void> = {
    requestsHeldMax: park(24),
    PARKED_MAX: park(64),
    parkedMax: (server) => (server["parkedWanted"] = 2),
    EXCHANGE_SPAN_MAX: ({ answered }) => answered.add(1_000, 1_000),
  };

  test.each(Object.keys(SERVER_LIMITS))("%s, of the server's half", (name) => {
    const server = parkOf(restingPair());
    expect(SERVER_LIMITS[name]?.(server)).toBe(true);

    ofServer[name]?.(open(server));

    expect(SERVER_LIMITS[name]?.(server)).toBe(false);
  });

  const ofEndpoint: Record<string, (server: Open) => void> = {
    sessionsMax: (server) => (server["options"] = { ...server["options"], sessionsMax: 0 }),
    pendingMax: (server) => (server["pending"] = -1),
    sessionsPerAddressMax: ({ perAddress }) => perAddress.set("somebody", 257),
    tombstonesMax: (server) => {
      server["options"] = { ...server["options"], tombstonesMax: 0 };
      server["tombstones"].set("somebody", { forgetAtMs: Infinity });
    },
  };

  test.each(Object.keys(ENDPOINT_LIMITS))("%s, of the server", (name) => {
    const { server } = restingPair();
    expect(ENDPOINT_LIMITS[name]?.(server)).toBe(true);

    ofEndpoint[name]?.(open(server));

    expect(ENDPOINT_LIMITS[name]?.(server)).toBe(false);
  });

  const none: Body = { channelWindows: [], channelsBlocked: [], numbered: [] };
  const answer = { exchange: 1, heldMs: 0, parkedWanted: 1, answered: [], parked: [] };
  const window = { channel: 0, unitsMax: 1, bytesMax: 1 };
  const bytes = (length: number) => new Uint8Array(length);
  const messages = (payloads: Uint8Array[]) =>
    ({ kind: "messages", channel: 0, seq: 1, index: 1, payloads }) as const;
  const part = (payload: Uint8Array) =>
    ({ kind: "part", channel: 0, seq: 1, index: 1, offset: 0, totalBytes: 1e6, payload }) as const;
  const open257 = { kind: "channel-open", seq: 1, channel: 2, mode: "ordered" } as const;
  const ofBody: Record<string, Partial<Body>> = {
    BODY_MESSAGES_MAX: { numbered: [messages(Array.from({ length: 16_385 }, () => bytes(0)))] },
    BODY_FRAMES_MAX: { numbered: Array.from({ length: 32_769 }, () => messages([])) },
    RANGES_MAX: { ack: { receivedThrough: 0, heldThrough: 0, ranges: manyRanges(257) } },
    PARKED_MAX: { answer: { ...answer, parked: Array.from({ length: 65 }, (_, at) => at) } },
    UNIT_BYTES_MAX: { numbered: [messages([bytes(16_385)])] },
    PART_BYTES_MIN: { numbered: [part(bytes(1_023))] },
    CHANNEL_WINDOWS_STATED_MAX: { channelWindows: Array.from({ length: 257 }, () => window) },
    CHANNELS_BLOCKED_STATED_MAX: { channelsBlocked: Array.from({ length: 33 }, () => window) },
    LABEL_BYTES_MAX: { numbered: [{ ...open257, label: bytes(257) }] },
    REASON_BYTES_MAX: { ended: { code: 1, reason: bytes(129) } },
  };

  test.each(Object.keys(BODY_LIMITS))("%s, of a body", (name) => {
    const sent = { body: none, bytes: 100, bytesMax: 100 };
    expect(BODY_LIMITS[name]?.(sent)).toBe(true);

    const broken = { body: { ...none, ...ofBody[name] }, bytesMax: 100 };

    const isTooLong = name === "bodyBytesMax";
    expect(BODY_LIMITS[name]?.({ ...broken, bytes: isTooLong ? 101 : 100 })).toBe(false);
  });
});

describe("each timer is armed if and only if it has a reason", () => {
  type Consider = (name: string, atMs: number) => void;
  type Arm = (consider: Consider) => void;

  /** Makes a half arm its timers in another way, for as long as `look` takes. */
  function withTimers(
    half: RequestSide | ParkSide,
    change: (arm: Arm, consider: Consider) => void,
    look: () => void,
  ): void {
    const original = (open(half)["considerTimers"] as Arm).bind(half);
    const considerTimers = (consider: Consider) => change(original, consider);
    Object.defineProperty(half, "considerTimers", { value: considerTimers, configurable: true });
    try {
      look();
    } finally {
      delete open(half)["considerTimers"];
    }
  }

  test("one that is missing is seen, and one too many, in whatever state", () => {
    const missing = new Set<string>();
    const added = new Set<string>();
    const names = ["one-loss", "windows", "parking", "waking", "closing", "open-ticks"];
    const various = names.map((name) => configurationNamed(name).options);
    // Of failures in a row the second waits.
    for (const options of [...various, messagesEachWay(1, { losses: 4 })]) {
      for (let seed = 0; seed < 6; seed++) {
        const choices = seeded(seed);
        const pair = new Pair(options);
        for (let count = 0; count < 25 && pair.step(choices) !== undefined; count++) {
          for (const side of ["client", "server"] as const) lookAt(pair, side);
        }
      }
    }

    const all = ["ack-delay", "exchange", "hold", "probe", "resend", "retry", "transmit"];
    for (const timer of all) {
      expect.soft(missing.has(timer), `${timer} is missing`).toBe(true);
      expect.soft(added.has(timer), `${timer} is too many`).toBe(true);
    }

    function lookAt(pair: Pair, side: SideName): void {
      const half = pair.half(side);
      if (half === undefined || half.state === "ended") return;
      expect(() => checkSide(pair, side)).not.toThrow();
      const armed = new Set<string>();
      open(half)["considerTimers"]((name: string, atMs: number) => {
        if (atMs !== Infinity) armed.add(name);
      });
      for (const timer of armed) {
        const without = (arm: Arm, consider: Consider) => {
          arm((name, atMs) => {
            if (name !== timer) consider(name, atMs);
          });
        };
        withTimers(half, without, () => {
          expect(() => checkSide(pair, side)).toThrow(`timer "${timer}" is not armed`);
        });
        missing.add(timer);
      }
      const shared = ["transmit", "resend", "ack-delay", "probe"];
      for (const timer of [
        ...shared,
        ...(side === "client" ? ["retry", "wake", "exchange"] : ["hold"]),
      ]) {
        if (armed.has(timer) || (timer === "probe" && half.sender.isBlocked)) continue;
        const early = (arm: Arm, consider: Consider) => {
          arm(consider);
          consider(timer, 1e9);
        };
        withTimers(half, early, () => {
          expect(() => checkSide(pair, side)).toThrow(`timer "${timer}" is armed without a reason`);
        });
        added.add(timer);
      }
    }
  });

  test("a driver that is asked to come back too late is seen", () => {
    const pair = restingPair();
    pair.wakeAt.client.atMs += 1;

    expect(() => checkSide(pair, "client")).toThrow("wants to be woken at");
  });

  test("what should have left with the tick is seen", () => {
    const pair = new Pair({ ...messagesEachWay(1), eagerTicks: false });
    pair.apply(
      pair.steps().find(({ label }) => label === "client: send") ?? expect.unreachable(""),
    );
    expect(() => checkSide(pair, "client")).not.toThrow();

    open(pair)["options"] = messagesEachWay(1);

    expect(() => checkSide(pair, "client")).toThrow("something is left to be said");
  });
});
