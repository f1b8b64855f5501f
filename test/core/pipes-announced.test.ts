// Pipes that the client has told of before they are opened: the server speaks there first. spec 11.

import { describe, expect, test } from "vitest";
import { RequestSide } from "../../src/core/request-side.ts";
import { Linked } from "./linked.ts";
import {
  type Bench,
  bodiesOf,
  bytesOf,
  joined,
  messages,
  nonceOf,
  type Script,
  type ScriptedClient,
} from "./scripted-client.ts";
import { Dialogue } from "./scripted-server.ts";

const TICKET = bytesOf("0123456789abcdef");

/** A client without requests that hears by a pipe, and has told of the next one. */
function told(): Linked {
  const linked = new Linked({ requests: "none" });
  linked.wanted = "socket";
  linked.run(1_000);
  linked.announce();
  linked.send("client", "before");
  linked.run(1_000);
  return linked;
}

/** The same of a client that says what a test tells it to; its next link is 2. */
function announced(): { bench: Bench; client: ScriptedClient; before: number; handle: number } {
  const { bench, client, handle: before } = joined();
  client.onPipe(before, { offer: { link: 2, ticket: TICKET } });
  const handle = client.announced(TICKET);
  return { bench, client, before, handle };
}

describe("a pipe that was announced", () => {
  test("[PIPE-14] brings what waits for the client before anything has come on it", () => {
    const linked = told();
    linked.cut(0);
    linked.send("client", "up");
    linked.send("server", "down");
    // Two ways to connect, and one in both directions at a time.
    linked.run(3 * linked.latencyMs);
    expect(linked.received).toEqual({ client: ["down"], server: ["before", "up"] });

    linked.run(1_000);
    expect([linked.client.joined, linked.served.side.joined]).toEqual([2, 2]);
    expect(linked.told.client.some(({ kind }) => kind === "ended")).toBe(false);
  });

  test("[PIPE-14] is told of along with what leaves, and costs no body", () => {
    const linked = new Linked({ requests: "none" });
    linked.wanted = "socket";
    linked.run(1_000);
    linked.announce();
    linked.run(1_000);
    expect(linked.client.announcedLink).toBeUndefined();
    linked.send("client", "hello");
    linked.run(1_000);

    expect(linked.client.announcedLink).toBe(2);
    const said = linked.crossings.filter(({ body }) => body.offer !== undefined);
    expect(said).toMatchObject([{ by: "pipe up", body: { offer: { link: 2 } } }]);
    expect(said[0]?.body.numbered).toHaveLength(1);
  });

  test("[PIPE-14] is opened as others where the server has not heard of it", () => {
    const linked = told();
    linked.ticket = bytesOf("of another world");
    linked.cut(0);
    linked.send("client", "up");
    linked.send("server", "down");
    linked.run(4 * linked.latencyMs);
    expect(linked.received).toEqual({ client: ["down"], server: ["before", "up"] });
    expect(linked.client.joined).toBe(2);
  });

  test("[PIPE-1] has a link of its own where another one was opened first", () => {
    const client = new Dialogue({ requests: "none" });
    const linked = told();
    const { announcedLink } = linked.client;
    expect(announcedLink).toBe(2);
    expect(linked.client.openPipe(linked.nowMs)).toBe(3);
    expect(linked.client.announcedLink).toBeUndefined();
    expect(linked.client.openPipe(linked.nowMs, undefined, announcedLink)).toBe(4);
    expect(() => client.side.announcePipe(client.nowMs, TICKET)).toThrow("state_invalid");
    expect(() => linked.client.announcePipe(linked.nowMs, TICKET.subarray(1))).toThrow(
      "option_invalid",
    );
  });

  test("[INC-4] is not known to the life that comes next", () => {
    const linked = told();
    const saved = linked.client.save(linked.nowMs);
    expect(linked.client.announcedLink).toBeUndefined();
    expect(RequestSide.resume(linked.nowMs, saved, 1).announcedLink).toBeUndefined();
  });
});

describe("a server", () => {
  test("[PIPE-14] greets by the ticket, once, and hears what follows the first body", () => {
    const { bench, client, before, handle } = announced();
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { link: 2, bodies: 1 } }]);
    expect(client.announced(TICKET)).toBe(0);
    expect(client.stream(TICKET)).toBe(0);

    client.onAnnounced(handle, 2, { numbered: [messages(1, "one")] });
    client.onPipe(handle, {
      hearing: { link: 2, fromExchange: 3 },
      numbered: [messages(2, "two")],
    });
    expect(bench.delivered()).toEqual(["one", "two"]);
    expect([...client.side.pipes.keys()]).toEqual([2]);
    expect(bench.takePiped().filter((each) => each.handle === before)).toMatchObject([{}]);
  });

  test("[PIPE-14] sends away who shows a ticket while it drains", () => {
    const { bench, client, handle: before } = joined();
    client.onPipe(before, { offer: { link: 2, ticket: TICKET } });
    bench.drain(10, 20);
    bench.takePiped();

    const handle = client.announced(TICKET);
    const [said, end] = bench.takePiped().filter((each) => each.handle === handle);
    expect(said?.body?.pauseMs).toBeGreaterThanOrEqual(10);
    expect(end).toEqual({ handle });
    expect([...client.side.pipes.keys()]).not.toContain(2);
  });

  const lies: readonly (readonly [string, number, Script])[] = [
    ["another secret", 2, { secret: new Uint8Array(16).fill(99) }],
    ["another link", 3, {}],
    ["another life", 2, { incarnation: 7, succeeds: [1] }],
    ["another session", 2, { sessionId: nonceOf(9) }],
  ];
  test.each(lies)("[PIPE-14] takes nothing on it from who has %s", (_, link, lie) => {
    const { bench, client, before, handle } = announced();
    bench.takePiped();
    client.onAnnounced(handle, link, { ...lie, numbered: [messages(1, "a lie")] });
    expect(bench.delivered()).toEqual([]);
    expect(bench.takePiped()).toEqual([{ handle }]);
    expect([...client.side.pipes.values()].map((pipe) => pipe.handle)).toEqual([before]);
    expect(client.side.state).toBe("open");
  });

  test.each(["no address", "noise", "a rule broken"])(
    "[PIPE-14] ends it, and not the session, where what comes first has %s",
    (what) => {
      const { bench, client, handle } = announced();
      bench.takePiped();
      if (what === "no address") client.onPipe(handle, { numbered: [messages(1, "a lie")] });
      else if (what === "noise") bench.deliverOn(handle, new Uint8Array(40).fill(0x5a));
      // A link that is written longer than it need be, which ends a session where it is believed.
      else bench.deliverOn(handle, Uint8Array.of(0x19, 0x40, 0x02, 0x40, 0x01));
      expect(bench.delivered()).toEqual([]);
      expect(bench.takePiped()).toEqual([{ handle }]);
      expect(client.side.state).toBe("open");
    },
  );
});
