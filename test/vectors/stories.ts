// What happens between a client and a server, body by body: what spec/vectors/stories.json is made
// from. Each story shows one mechanism, and names the rules that it shows.

import { writeVersions } from "../../src/core/body-writer.ts";
import { assert } from "../../src/core/errors.ts";
import { LITERAL_DEFAULTS } from "../../src/core/limits.ts";
import { RequestSide } from "../../src/core/request-side.ts";
import { text } from "./frame-cases.ts";
import { Stage, type Step } from "./stage.ts";

export interface Story {
  readonly name: string;
  /** Tags of the rules, in brackets. */
  readonly rules: string;
  readonly shows: string;
  readonly steps: readonly Step[];
}

function story(name: string, rules: string, shows: string, play: () => Stage): Story {
  return { name, rules, shows, steps: play().steps };
}

/** A session that is open on both sides, its request parked: bodies 1 to 3. */
function opened(...options: ConstructorParameters<typeof Stage>): Stage {
  const stage = new Stage(...options);
  stage.tick();
  stage.arrive(1);
  stage.arrive(2);
  stage.arrive(3);
  assert(stage.side.parked.length === 1, "nothing parked");
  stage.pass(100);
  return stage;
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => k * 7);
}

/** One byte of a body differs. */
function damage(body: Uint8Array): Uint8Array {
  const damaged = body.slice();
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1;
  return damaged;
}

export const stories: readonly Story[] = [
  story(
    "opening with early messages",
    "[OPEN-1] [OPEN-2] [OPEN-6] [OPEN-7] [SEND-1]",
    "Messages ride on the opening; the first answer states the server's parameters, and from " +
      "then on requests carry no OPEN.",
    () => {
      const stage = new Stage();
      stage.clientDoes("sends two messages", (client, nowMs) => {
        client.send(nowMs, text("hello"));
        client.send(nowMs, text("world"));
      });
      stage.pass(10);
      stage.arrive(1);
      stage.pass(10);
      stage.arrive(2);
      stage.pass(10);
      stage.arrive(3);
      return stage;
    },
  ),
  story(
    "a lost answer",
    "[SEND-2] [SEND-3] [ACK-1]",
    "The answer that carried a message is lost; the next request says that its exchange is " +
      "over, and the message is sent again under its seq.",
    () => {
      const stage = opened();
      stage.serverDoes("sends a message", (side, nowMs) => side.send(nowMs, text("hello")));
      stage.pass(20);
      stage.fail(4);
      stage.arrive(5);
      stage.arrive(6);
      return stage;
    },
  ),
  story(
    "requests that overtake each other",
    "[SEQ-1] [ACK-1] [ACK-2] [MODE-1]",
    "The second of three messages comes last; until then the first is delivered and the third " +
      "acknowledged in a range above the mark.",
    () => {
      const stage = opened();
      for (const word of ["one", "two", "three"]) {
        stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text(word)));
      }
      stage.arrive(4);
      stage.arrive(6);
      stage.pass(25);
      stage.arrive(5);
      stage.pass(25);
      stage.arriveAll(7);
      return stage;
    },
  ),
  story(
    "a doubled request",
    "[SEQ-2]",
    "An intermediary sends a request twice: the copy is answered without a bundle, and its " +
      "message is dropped.",
    () => {
      const stage = opened();
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("once")));
      stage.arrive(4);
      stage.arrive(4);
      return stage;
    },
  ),
  story(
    "a message of 40 000 bytes",
    "[PART-3] [PART-4] [PART-6]",
    "Parts fill bodies of 16 KiB; a small message behind them on another channel need not " +
      "wait for the last one.",
    () => {
      const stage = opened();
      let channel = 0;
      stage.clientDoes("opens a channel", (client, nowMs) => {
        channel = client.openChannel(nowMs, text("small"));
      });
      stage.clientDoes("sends a large message and a small one", (client, nowMs) => {
        client.send(nowMs, bytes(40_000));
        client.send(nowMs, text("small"), channel);
      });
      stage.arriveAll(4);
      return stage;
    },
  ),
  story(
    "a channel that is opened and finished",
    "[CHAN-1] [CHAN-2] [CHAN-3] [CHAN-5] [CHAN-6]",
    "A client's channel, with a message and the end of both halves; the opening goes along " +
      "with every body of the channel until it is acknowledged.",
    () => {
      const stage = opened();
      stage.clientDoes("opens a channel", (client, nowMs) =>
        client.openChannel(nowMs, text("log")),
      );
      stage.clientDoes("sends a message there", (client, nowMs) => {
        client.send(nowMs, text("line"), 2);
      });
      stage.arrive(5);
      stage.arrive(4);
      stage.serverDoes("answers on the channel and finishes its half", (side, nowMs) => {
        side.send(nowMs, text("seen"), 2);
        side.finishChannel(nowMs, 2);
      });
      stage.arriveAll(6);
      const from = stage.last + 1;
      stage.clientDoes("finishes its half", (client, nowMs) => client.finishChannel(nowMs, 2));
      stage.arriveAll(from);
      return stage;
    },
  ),
  story(
    "a channel that is refused",
    "[CHAN-4] [CHAN-7] [SKIP-5]",
    "The server resets a channel that the client just opened; a message that was on its way " +
      "is dropped and acknowledged.",
    () => {
      const stage = opened();
      stage.clientDoes("opens a channel", (client, nowMs) =>
        client.openChannel(nowMs, text("log")),
      );
      stage.arrive(4);
      stage.clientDoes("sends a message there", (client, nowMs) => {
        client.send(nowMs, text("line"), 2);
      });
      stage.serverDoes("refuses the channel", (side, nowMs) => side.resetChannel(nowMs, 2, 7));
      stage.arriveAll(5);
      stage.pass(25);
      return stage;
    },
  ),
  story(
    "a message that expires",
    "[SKIP-2] [SKIP-4] [SKIP-5]",
    "A request is lost, and its message's time has passed before it could be sent again: a " +
      "skip goes in its place.",
    () => {
      const stage = opened();
      stage.clientDoes("opens a channel whose messages live for 150 ms", (client, nowMs) => {
        client.openChannel(nowMs, text("ticks"), { ttlMs: 150 });
      });
      stage.arriveAll(4);
      const request = stage.last + 1;
      stage.clientDoes("sends a message there", (client, nowMs) => {
        client.send(nowMs, text("tick"), 2);
      });
      stage.pass(200);
      stage.fail(request);
      stage.arriveAll(request + 1);
      return stage;
    },
  ),
  story(
    "the latest of a key",
    "[MODE-3] [LATEST-1] [LATEST-2]",
    "A newer position takes the place of the older one, whose number becomes a skip; the " +
      "older one comes late and is dropped.",
    () => {
      const stage = opened();
      stage.clientDoes("opens a channel of mode latest", (client, nowMs) => {
        client.openChannel(nowMs, text("positions"), { mode: "latest" });
      });
      stage.arriveAll(4);
      const older = stage.last + 1;
      stage.clientDoes("sends a position of key 5", (client, nowMs) => {
        client.send(nowMs, text("x=1"), 2, 5);
      });
      const newer = stage.last + 1;
      stage.clientDoes("sends a newer position of key 5", (client, nowMs) => {
        client.send(nowMs, text("x=2"), 2, 5);
      });
      stage.arrive(newer);
      stage.arrive(older);
      stage.pass(25);
      stage.arriveAll(newer + 1);
      return stage;
    },
  ),
  story(
    "a window that is full and rises",
    "[WIN-1] [WIN-4] [WIN-5] [WIN-6]",
    "The server grants two messages; the third waits, and the client says at which limit, " +
      "until the application has consumed.",
    () => {
      const server = {
        earlyMessages: false,
        channelsMax: 0,
        channelUnits: 2,
        windowMessages: 2,
        windowBytes: 32_768,
        consume: "explicit",
      } as const;
      const stage = opened({ earlyMessages: false }, server);
      stage.clientDoes("sends three messages", (client, nowMs) => {
        for (const word of ["one", "two", "three"]) client.send(nowMs, text(word));
      });
      stage.arriveAll(4);
      stage.pass(25);
      const answer = stage.last + 1;
      stage.serverDoes("has consumed one message", (side, nowMs) => side.consume(nowMs, 0, 1));
      stage.arriveAll(answer);
      return stage;
    },
  ),
  story(
    "a client that is resumed",
    "[INC-1] [INC-2] [INC-3]",
    "A second life of the client takes over from the first one: what is parked is answered " +
      "with SUPERSEDED, and so is a late request of the first life.",
    () => {
      const stage = opened();
      stage.clientDoes("sends a message, which is late", (client, nowMs) => {
        client.send(nowMs, text("late"));
      });
      const late = stage.last;
      const life = RequestSide.resume(stage.nowMs, stage.client.save(stage.nowMs), 999);
      stage.replaceClient("is resumed from the saved state", life);
      const first = stage.last;
      stage.clientDoes("(the new one) sends a message", (client, nowMs) => {
        client.send(nowMs, text("new life"));
      });
      stage.arrive(first);
      stage.arrive(first + 1);
      stage.arrive(late);
      stage.arriveAll(first + 2);
      return stage;
    },
  ),
  story(
    "a graceful close, and a request that comes after it",
    "[END-1] [END-2] [END-6] [FIN-1]",
    "The client closes; both sides finish, and a copy of an early request is answered from " +
      "the tombstone.",
    () => {
      const stage = opened();
      stage.clientDoes("sends a last message and closes", (client, nowMs) => {
        client.send(nowMs, text("bye"));
        client.close(nowMs);
      });
      stage.arriveAll(4);
      stage.pass(25);
      stage.arriveAll(6);
      stage.pass(1_000);
      stage.arrive(1);
      return stage;
    },
  ),
  story("both close at once", "[END-1] [END-2]", "The two FINISH cross; nothing is lost.", () => {
    const stage = opened();
    stage.clientDoes("sends a message and closes", (client, nowMs) => {
      client.send(nowMs, text("from the client"));
      client.close(nowMs);
    });
    stage.serverDoes("sends a message and closes", (side, nowMs) => {
      side.send(nowMs, text("from the server"));
      side.close(nowMs);
    });
    stage.arrive(5);
    stage.arrive(4);
    stage.pass(25);
    stage.arriveAll(6);
    return stage;
  }),
  story(
    "a server that has forgotten",
    "[END-4] [END-5] [END-7] [OPEN-3]",
    "A server without memory says UNKNOWN; the client believes it when it is repeated after a " +
      "while, and says what became of its message.",
    () => {
      const stage = opened();
      stage.restartServer("restarts without its memory");
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("anyone?")));
      stage.arriveAll(4);
      for (let rounds = 0; rounds < 4; rounds += 1) {
        const next = stage.last + 1;
        stage.pass(1_000);
        stage.arriveAll(next);
      }
      return stage;
    },
  ),
  story(
    "a damaged body",
    "[ERR-2] [ERR-3] [SUM-1]",
    "A bit of a request changes on the way; the server says that it received nothing, and the " +
      "message is sent again.",
    () => {
      const stage = opened();
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("hello")));
      stage.arrive(4, damage(stage.bodies[3]?.bytes ?? new Uint8Array()));
      stage.arriveAll(5);
      return stage;
    },
  ),
  story(
    "a pipe both ways",
    "[PIPE-1] [PIPE-2] [PIPE-3] [PIPE-4] [PIPE-6]",
    "Beside the parked request a pipe opens: the client's address, the server's greeting, LINK. " +
      "What was parked is answered empty, and messages pass on the pipe without being asked for.",
    () => {
      const stage = opened();
      stage.clientDoes("has opened pipe 1", (client, nowMs) => client.openPipe(nowMs));
      stage.arriveAll(4);
      stage.pass(30);
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("up")));
      stage.arriveAll(stage.last);
      stage.serverDoes("sends a message", (side, nowMs) => side.send(nowMs, text("down")));
      stage.arriveAll(stage.last);
      stage.pass(25);
      stage.arriveAll(stage.last);
      return stage;
    },
  ),
  story(
    "a pipe that is cut",
    "[PIPE-7]",
    "What a pipe carried and was not acknowledged goes again by requests, and one is parked.",
    () => {
      const stage = opened();
      stage.clientDoes("has opened pipe 1", (client, nowMs) => client.openPipe(nowMs));
      stage.arriveAll(4);
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("hello")));
      stage.pass(5);
      const from = stage.last + 1;
      stage.cut(1);
      stage.arriveAll(from);
      return stage;
    },
  ),
  story(
    "a stream",
    "[PIPE-2] [PIPE-4] [PIPE-5] [LIFE-7]",
    "A request offers a ticket, and whoever shows it gets the stream. The second PIPE shows that " +
      "nobody holds it back; then requests name it, and are answered at once.",
    () => {
      const stage = opened();
      const ticket = bytes(16);
      stage.clientDoes("offers pipe 1", (client, nowMs) => client.offerPipe(nowMs, ticket));
      stage.arriveAll(4);
      stage.askForStream("shows the ticket", 1, ticket);
      stage.arriveAll(stage.last);
      const from = stage.last + 1;
      stage.pass(100);
      stage.arriveAll(from);
      stage.serverDoes("sends a message", (side, nowMs) => side.send(nowMs, text("down")));
      stage.arriveAll(stage.last);
      return stage;
    },
  ),
  story(
    "a stream that is held back",
    "[PIPE-5]",
    "Greeting and second PIPE come together: the stream is hung up, and requests go on.",
    () => {
      const stage = opened();
      const ticket = bytes(16);
      stage.clientDoes("offers pipe 1", (client, nowMs) => client.offerPipe(nowMs, ticket));
      stage.arriveAll(4);
      stage.askForStream("shows the ticket", 1, ticket);
      const greeting = stage.last;
      stage.pass(100);
      const second = stage.last;
      stage.pass(50);
      stage.arrive(greeting);
      stage.arrive(second);
      return stage;
    },
  ),
  story(
    "a server of another version",
    "[VER-1] [VER-3]",
    "A server that speaks only version 2 answers with a VERSION body, and the client ends.",
    () => {
      const stage = new Stage();
      stage.tick();
      stage.answerFrom("speaks only version 2", 1, writeVersions([2]));
      stage.arrive(2);
      return stage;
    },
  ),
  story(
    "a client of another version",
    "[VER-1] [BODY-1] [ERR-3]",
    "A request of version 2 is answered with the versions that the server speaks.",
    () => {
      const stage = new Stage();
      stage.tick();
      const request = (stage.bodies[0]?.bytes ?? new Uint8Array()).slice();
      request[0] = 0x25;
      stage.arrive(1, request);
      return stage;
    },
  ),
  story(
    "a client that breaks the rules",
    "[ACK-3] [END-8] [BODY-5]",
    "A request acknowledges what was never sent: nothing of it is applied, and the session ends.",
    () => {
      const stage = opened();
      stage.clientDoes("is told to acknowledge seq 9", (client) => {
        client.receiver.received.add(1, 9);
      });
      stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text("hello")));
      stage.arriveAll(4);
      return stage;
    },
  ),
  story(
    "the literal procedure",
    "[LIT-1] [LIT-2] [LITS-2] [AUTO-1]",
    "Bundles of two messages: the request leaves when two wait; the second request brings the " +
      "answer to the first one, with nothing in it; and that brings the next request.",
    () => {
      const literal = { ...LITERAL_DEFAULTS, bundleMessages: 2, sendDelayMs: "auto" } as const;
      const stage = new Stage({ literal }, { literal });
      stage.tick();
      stage.arrive(1);
      for (const word of ["one", "two"]) {
        stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text(word)));
      }
      stage.arrive(2);
      stage.arrive(3);
      return stage;
    },
  ),
  story(
    "the literal procedure by a stream that the server names",
    "[PIPE-13] [LITB-1] [LITB-2] [LITB-4]",
    "The name is the first thing on the stream, and the opening offers it: so the stream is the " +
      "session's, and each body on it says the name. Then messages, down on the stream, and up by " +
      "requests that are answered at once.",
    () => {
      const literal = { ...LITERAL_DEFAULTS, bundleMessages: 2, streaming: true } as const;
      const stage = new Stage({ literal }, { literal });
      stage.askForNewStream("asks for a new stream", 1, bytes(16));
      stage.arriveAll(1);
      let from = stage.last + 1;
      stage.pass(100);
      stage.arriveAll(from);
      from = stage.last + 1;
      for (const word of ["one", "two", "three"]) {
        stage.clientDoes("sends a message", (client, nowMs) => client.send(nowMs, text(word)));
        stage.serverDoes("sends a message", (side, nowMs) => side.send(nowMs, text(word)));
      }
      stage.arriveAll(from);
      return stage;
    },
  ),
];
