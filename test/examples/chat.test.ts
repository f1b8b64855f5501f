/** examples/chat.ts as its reader starts it: one process serves, and each person has another. */
import { describe, expect, it, onTestFinished } from "vitest";
import { type ChaosOptions, type ChaosProxy, startChaos } from "../../src/chaos/index.ts";
import { connect } from "../../src/http/connect-node.ts";
import { Program } from "../program.ts";

const NAMES = ["Ada", "Bob", "Eve"] as const;

/** A room with a person for each name, each on a line of its own that is as bad as `faults` say. */
async function room(
  names: readonly string[],
  faults: Omit<ChaosOptions, "target"> = {},
): Promise<{ server: Program; port: number; people: Program[]; lines: ChaosProxy[] }> {
  const server = new Program("examples/chat.ts", ["serve"]);
  const port = await server.port();
  const people: Program[] = [];
  const lines: ChaosProxy[] = [];
  for (const name of names) {
    const line = await startChaos({ ...faults, target: port, seed: 1 + lines.length });
    onTestFinished(() => line.close());
    lines.push(line);
    const person = new Program("examples/chat.ts", [name], line.port);
    people.push(person);
    await person.line(/^-- .* has joined/);
  }
  return { server, port, people, lines };
}

function personAt<One>(people: readonly One[], index: number): One {
  const person = people[index];
  if (person === undefined) throw new Error(`nobody at ${index}`);
  return person;
}

describe("the chat", () => {
  it("brings each line to everybody once and in the same order, over bad lines", async () => {
    const { people, lines } = await room(NAMES, { loss: 0.1, cutEveryMs: 200, damage: 0.02 });
    const count = 60;
    // Each says the next thing when the one before has come back: so they talk for a while.
    const talk = async (person: Program, name: string): Promise<void> => {
      for (let said = 1; said <= count; said++) {
        person.say(`line ${said}`);
        await person.line(new RegExp(`^${name}: line ${said}$`));
      }
    };
    await Promise.all(people.map((person, index) => talk(person, personAt(NAMES, index))));
    const heard = await Promise.all(people.map((person) => person.line(/^\w+: /, 3 * count)));

    const [first, ...others] = heard;
    expect(others).toEqual([first, first]);
    for (const name of NAMES) {
      const own = first?.filter((line) => line.startsWith(`${name}: `));
      const expected = Array.from({ length: count }, (_, said) => `${name}: line ${said + 1}`);
      expect(own).toEqual(expected);
    }
    // The lines were bad, each of them.
    for (const { counts } of lines) {
      expect(Math.min(counts.cuts, counts.requestsLost, counts.responsesLost)).toBeGreaterThan(0);
    }

    for (const person of people) person.endInput();
    expect(await Promise.all(people.map((person) => person.ended))).toEqual([0, 0, 0]);
    expect(people.flatMap((person) => person.complaints)).toEqual([]);
  });

  it("tells who is there, and who has left by Ctrl-C or with the end of the input", async () => {
    const { server, people } = await room(NAMES);
    const [ada, bob, eve] = [0, 1, 2].map((index) => personAt(people, index)) as [
      Program,
      Program,
      Program,
    ];
    expect(await eve.line(/joined/)).toEqual(["-- Eve has joined; here: Ada, Bob, Eve"]);
    bob.signal("SIGINT");
    expect(await bob.ended).toBe(0);
    expect(bob.lines.at(-1)).toBe("-- Ended: closed ");
    expect(await ada.line(/left/)).toEqual(["-- Bob has left; here: Ada, Eve"]);
    eve.say("goodbye");
    eve.endInput();
    expect(await eve.ended).toBe(0);
    // All of it came back before she went.
    expect(eve.lines.slice(-2)).toEqual(["Eve: goodbye", "-- Ended: closed "]);
    await ada.line(/^Eve: goodbye$/);
    expect((await ada.line(/left/, 2)).at(-1)).toBe("-- Eve has left; here: Ada");

    server.signal("SIGINT");
    expect([await server.ended, await ada.ended]).toEqual([0, 0]);
    expect([server, ada, bob, eve].flatMap(({ complaints }) => complaints)).toEqual([]);
  });

  it("says when the line is down and back, and keeps what was said meanwhile", async () => {
    const { people, lines } = await room(["Ada", "Bob"]);
    const [ada, bob] = [personAt(people, 0), personAt(people, 1)];
    personAt(lines, 0).set({ blackout: true });
    await ada.line(/^-- The line is down \(E?\w+\)/);
    ada.say("can you hear me?");
    bob.say("where are you?");
    await bob.line(/^Bob: where/);
    expect(bob.lines.filter((line) => line.startsWith("Ada: "))).toEqual([]);
    personAt(lines, 0).set({ blackout: false });
    await ada.line(/^-- Back after \d+ ms, nothing lost$/);
    await bob.line(/^Ada: can you hear me\?$/);
    await ada.line(/^Bob: where are you\?$/);
    await ada.line(/^Ada: can you hear me\?$/);
  });

  it("sends away who does not read, and keeps nobody else waiting", async () => {
    const { people } = await room(NAMES);
    const [ada, bob, eve] = [0, 1, 2].map((index) => personAt(people, index)) as [
      Program,
      Program,
      Program,
    ];
    // He reads nothing, and does nothing else either.
    bob.signal("SIGSTOP");
    const line = "x".repeat(900);
    let said = 0;
    while (!ada.lines.some((known) => known.startsWith("-- Bob has left"))) {
      expect(++said).toBeLessThan(1_000);
      ada.say(`${said} ${line}`);
      await ada.line(new RegExp(`^Ada: ${said} x`));
    }
    expect(said).toBeGreaterThan(100);
    await eve.line(/^Ada: \d+ x/, said);
    bob.signal("SIGCONT");
    expect(await bob.ended).toBe(1);
    expect(bob.lines.at(-1)).toBe("-- Ended: peer-ended too far behind");
  });

  it("ends a session that sends what it does not understand, and no other", async () => {
    const { server, port, people } = await room(["Ada"]);
    const ada = personAt(people, 0);
    const hostile: unknown[] = [
      null,
      "join",
      { kind: "say", text: "without having joined" },
      { kind: { toString: null } },
      [[], { kind: "join" }],
    ];
    for (const message of hostile) {
      const session = connect<unknown, unknown>(`http://127.0.0.1:${port}/holdfast`);
      session.send(message);
      expect(await session.ended).toMatchObject({ reason: "peer-ended", detail: "not understood" });
    }
    const session = connect<unknown, unknown>(`http://127.0.0.1:${port}/holdfast`);
    session.send({ kind: "join", name: "\u001b[2J\n-- Ada" });
    session.send({ kind: "say", text: `\u001b[31m${"y".repeat(5_000)}` });
    session.send({ kind: "say", text: { toString: null } });
    const [line] = await ada.line(/: .*y/);
    expect(line).toBe(` [2J -- Ada:  [31m${"y".repeat(995)}`);
    session.abort();
    await ada.line(/left/);
    expect([...server.complaints, ...ada.complaints]).toEqual([]);
  });

  it("keeps everybody who reads, however much one says at once", async () => {
    const { port, people } = await room(["Ada", "Bob"]);
    const session = connect<unknown, unknown>(`http://127.0.0.1:${port}/holdfast`);
    onTestFinished(() => session.abort());
    session.onBundle(() => {});
    session.send({ kind: "join", name: "Eve" });
    await session.flushed();
    // Together four times what a reader may be behind, and no more than the server's window.
    const text = `flood ${"x".repeat(250)}`;
    for (let said = 0; said < 1_800; said++) session.send({ kind: "say", text });
    for (const person of people) await person.line(/^Eve: flood/, 20);
    const [ada, bob] = [personAt(people, 0), personAt(people, 1)];
    ada.say("is anybody there?");
    await bob.line(/^Ada: is anybody there/);
    await ada.line(/^Ada: is anybody there/);
    expect([...ada.lines, ...bob.lines].filter((line) => /left|Ended/.test(line))).toEqual([]);
  });

  it("cuts what is too long, and lets no character turn what others read", async () => {
    const { people } = await room(["Ada", "\u202e\u2028Bob"]);
    const [ada, bob] = [personAt(people, 0), personAt(people, 1)];
    bob.say(`\u202e\u2066${"\u00e9".repeat(40_000)}`, "still here");
    const [said, next] = await ada.line(/^ {2}Bob: /, 2);
    expect(said).toBe(`  Bob:   ${"\u00e9".repeat(998)}`);
    expect(next).toBe("  Bob: still here");
    expect(bob.complaints).toEqual([]);
  });

  it.each([
    ["serve", "http"],
    ["serve", "99999"],
    ["Ada", "http"],
    ["Ada", "99999"],
  ])("says in a sentence what no port is: %s at %s", async (who, port) => {
    const program = new Program("examples/chat.ts", [who], port);
    expect(await program.ended).toBe(1);
    expect(program.complaints).toHaveLength(1);
    expect(program.complaints[0]).toMatch(/port|url/);
  });

  it("says in a sentence that the port is taken", async () => {
    const { port } = await room([]);
    const second = new Program("examples/chat.ts", ["serve"], port);
    expect(await second.ended).toBe(1);
    expect(second.complaints).toEqual([expect.stringContaining("address already in use")]);
  });
});
