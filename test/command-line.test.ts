// What the test programs take for a number, and what those of the long ring say to words that ask
// for nothing that can be run: one line with the usage, before anything is begun. The tests of
// simulate, replay and soak:sockets have theirs.

import { describe, expect, test } from "vitest";
import { CommandLineError, integer } from "./command-line.ts";
import { replayCommand } from "./fuzz/campaign.ts";
import { readOptions as readFuzz } from "./fuzz/options.ts";
import { readOptions as readModel } from "./model/options.ts";
import { readOptions as readMutate } from "./mutation/options.ts";
import { Program } from "./program.ts";
import { readOptions as readExplore } from "./sim/explore-options.ts";
import { readOptions as readSoak } from "./sim/soak-options.ts";

describe("integers", () => {
  test("within their bounds are read", () => {
    expect(["8", "0010", "12"].map(integer(8, 12))).toEqual([8, 10, 12]);
    expect(integer(0)(String(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  });

  test.each(["", " ", "7", "13", "8.5", "-9", "1e1", "0xa", "9 ", "three"])(
    "%j is told to be none of those from 8 to 12",
    (text) => {
      expect(() => integer(8, 12)(text)).toThrow(`"${text}" is not an integer from 8 to 12`);
    },
  );

  test("beyond what a number holds are told without the bound that nobody has set", () => {
    expect(() => integer(0)("9007199254740992")).toThrow(
      /^"9007199254740992" is not an integer from 0$/,
    );
  });
});

type Reader = (words: readonly string[], write: (text: string) => void) => unknown;

const READERS = {
  soak: readSoak,
  explore: readExplore,
  fuzz: readFuzz,
  mutate: readMutate,
  model: readModel,
};
const NAMES = Object.keys(READERS) as (keyof typeof READERS)[];

function refused(read: Reader, words: readonly string[]): string {
  try {
    read(words, () => {});
  } catch (error) {
    if (error instanceof CommandLineError) return error.message;
    throw error;
  }
  throw new Error(`${words.join(" ")} was taken`);
}

const NO_INTEGERS = ["abc", "0", "-1", "1.5", "", "1e9999"];

describe("words that make no sense are refused in one line with the usage:", () => {
  test.each<[keyof typeof READERS, string[], string]>([
    ...NAMES.map((name): [typeof name, string[], string] => [name, ["--bogus"], "'--bogus'"]),
    ...NO_INTEGERS.flatMap((text): [keyof typeof READERS, string[], string][] => [
      ["soak", ["--seconds", text], `"${text}" is not an integer from 1 to 1000000`],
      ["soak", ["--threads", text], `"${text}" is not an integer from 1 to 1024`],
      ["explore", ["one-loss", "--states", text], `"${text}" is not an integer from 1`],
      ["fuzz", ["--inputs", text], `"${text}" is not an integer from 1`],
      ["fuzz", ["--patience", text], `"${text}" is not an integer from 1`],
      ["model", ["--traces", text], `"${text}" is not an integer from 1 to 1000000`],
      ["mutate", ["--concurrency", text], `"${text}" is not an integer from 1 to 64`],
    ]),
    ["soak", ["--seed", "-1"], `"-1" is not an integer from 0 to 4294967295`],
    ["soak", ["--seed", "4294967296"], "is not an integer from 0 to 4294967295"],
    ["soak", ["--seconds"], "argument missing"],
    ["soak", ["--scenario", "cors"], "There are: cores, pipes, closing"],
    ["soak", ["cores"], "too many arguments"],
    ["explore", ["one-lost"], "There are: one-loss, "],
    ["explore", ["one-loss", "--replay", "no JSON"], "not valid JSON"],
    ["explore", ["one-loss", "--replay", "[1]"], "no list of steps"],
    ["explore", ["--replay", "[]"], "--replay is about one configuration, and not 0"],
    ["explore", ["parts", "parking", "--replay", "[]"], "and not 2"],
    ["explore", ["parts", "--list"], "--list stands by itself"],
    ["fuzz", ["--seed", "x"], `"x" is not an integer from 0`],
    ["fuzz", ["--plant", "nothing"], "Allowed choices are reserve, "],
    ["fuzz", ["body"], "too many arguments"],
    ["mutate", ["nosuchfile"], "In src/core are: address.ts, "],
    ["mutate", ["ranges.ts", "../sim/pair.ts"], "In src/core are: "],
  ])("%s %j", (name, words, what) => {
    const message = refused(READERS[name], words);

    expect(message).toContain(what);
    expect(message).toMatch(/^.+; usage: npm run \w+ -- .+\[-h, --help\]$/);
  });

  test.each([
    "zz",
    "body:zz",
    "10zz",
    "abc",
    "",
    "body:",
    "body:10,",
    "client:,10",
    "1,0",
    "10 10",
  ])("fuzz --replay %j, which would replay something else and pass", (text) => {
    expect(refused(readFuzz, ["--replay", text])).toContain('neither "empty" nor hexadecimal');
  });

  test("fuzz --replay of a target that there is not", () => {
    expect(refused(readFuzz, ["--replay", "sever:10"])).toContain('There is no target "sever"');
  });
});

test("what fuzz prints for a replay is what it takes, bodies without bytes too", () => {
  const bodies = [Uint8Array.of(0x0a, 0xff), new Uint8Array(0), Uint8Array.of(0)];
  const command = replayCommand("server", bodies);
  const words = command.replace("npm run fuzz -- ", "").split(" ");

  expect(readFuzz(words, () => {})?.replayed).toEqual({ target: "server", bodies });
});

test("what is asked for is read", () => {
  const read = (reader: Reader, line: string): unknown => reader(line.split(" "), () => {});

  expect(read(readSoak, "--seconds 5 --seed 0 --scenario lives --scenario cores")).toMatchObject({
    seconds: 5,
    firstSeed: 0,
    scenarios: ["lives", "cores"],
  });
  const parts = expect.objectContaining({ name: "parts" });
  expect(read(readExplore, "parts --states 9")).toEqual({
    kind: "explore",
    configurations: [parts],
    statesMax: 9,
    isPlanting: false,
  });
  expect(read(readExplore, 'parts --replay ["a"]')).toEqual({
    kind: "replay",
    configuration: parts,
    way: ["a"],
  });
  expect(read(readFuzz, "--no-sweep --inputs 7 --plant hang")).toMatchObject({
    isSwept: false,
    inputs: 7,
    planted: "hang",
  });
  expect(read(readMutate, "ranges.ts rtt.ts --all")).toEqual({
    files: ["ranges.ts", "rtt.ts"],
    isAll: true,
    concurrency: 2,
  });
});

test.each(NAMES)("help of %s says how it is called and how it ends, and nothing is run", (name) => {
  let help = "";

  expect(READERS[name](["--help"], (text) => (help += text))).toBeUndefined();

  expect(help).toMatch(new RegExp(`^Usage: npm run ${name} -- `));
  expect(help).toMatch(/\bExit\s+status: 0 /);
});

test.each([
  ["test/sim/soak.ts", ["--seconds", "abc"], /^soak: .*"abc" is not an integer/],
  ["test/sim/explore.ts", ["one-lost"], /^explore: .*'one-lost' is invalid/],
  ["test/sim/explore.ts", ["one-loss", "--replay", '["nothing"]'], /^explore: "nothing" cannot/],
  ["test/fuzz/main.ts", ["--replay", "zz"], /^fuzz: .*'zz' is invalid/],
  ["test/model/model.ts", ["--traces", "0"], /^model: .*"0" is not an integer/],
  ["test/mutation/mutate.ts", ["nosuchfile"], /^mutate: .*'nosuchfile' is invalid/],
  ["test/sim/simulate.ts", ["cores", "--seed", "abc"], /^simulate: .*"abc" is not an integer/],
])("%s %j ends with status 2, and says nothing else", async (file, words, line) => {
  const program = new Program(file, words);

  expect(await program.ended).toBe(2);
  expect(program.lines).toEqual([]);
  expect(program.complaints).toEqual([expect.stringMatching(line)]);
});
