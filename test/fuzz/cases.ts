// A case is what one trial is made of: mutated bodies for one target. It is made from the seed and
// its number alone, and kept as the list of what was changed, so that it can be made smaller.

import { attackClient, clientCorpus } from "./client-scene.ts";
import { type Base, bodyCorpus, versionsCorpus } from "./corpus.ts";
import { judgeBody, judgeVersions, type Outcome, type Readers, READERS } from "./judge.ts";
import { BYTES_MUTATIONS, SHAPE_MUTATIONS } from "./mutations.ts";
import { damagePair, pairCorpus } from "./pair-scene.ts";
import { attackPipe, pipeCorpus } from "./pipe-scene.ts";
import { Random } from "./random.ts";
import { attackServer, serverCorpus } from "./server-scene.ts";
import { copyShape, type Shape, writeShape } from "./shape.ts";

/** Who gets the bodies. */
export type Target = "body" | "versions" | "server" | "opening" | "client" | "pair" | "pipe";

export const TARGETS: readonly Target[] = [
  "body",
  "versions",
  "server",
  "opening",
  "client",
  "pair",
  "pipe",
];

/** One change, with its own chance: it is the same whether others are left out or not. */
export interface Change {
  readonly name: string;
  readonly seed: number;
}

/** One body: where it begins and how it is changed, in this order. */
export interface Input {
  readonly base: number;
  readonly changes: readonly Change[];
}

export interface Case {
  readonly target: Target;
  readonly inputs: readonly Input[];
}

/** Of so many cases in a row how many are for whom; the others are for the reader of bodies. */
const CYCLE = 256;
const SHARES: readonly (readonly [Target, number])[] = [
  ["versions", 4],
  ["server", 4],
  ["opening", 1],
  ["client", 3],
  ["pair", 1],
  ["pipe", 2],
];
/** Bodies of one case. */
const BODIES: Readonly<Record<Target, number>> = {
  body: 1,
  versions: 1,
  server: 6,
  opening: 3,
  client: 6,
  pair: 20,
  pipe: 6,
};
const CHANGES_MAX = 8;

const SHAPE_NAMES = [...SHAPE_MUTATIONS.keys()];
const BYTES_NAMES = [...BYTES_MUTATIONS.keys()];
/** Those that leave a stale checksum stale. */
const DAMAGE_NAMES = BYTES_NAMES.filter((name) => !name.endsWith("seal it"));
/** What the last change of a body is that is to be damaged. */
const UNSEAL = "state a wrong checksum";

/** Bodies to begin with, by target, and all that parts are spliced in from. */
export class Corpora {
  private readonly bases: ReadonlyMap<Target, readonly Base[]>;
  private readonly spliced: ReadonlyMap<Target, readonly Base[]>;

  constructor() {
    const body = bodyCorpus();
    const versions = versionsCorpus().map((bytes, at): Base => {
      // Not a body: one piece of bytes, and no head in front of it.
      return { name: `versions ${at}`, shape: rawShape(bytes) };
    });
    const server = serverCorpus();
    const opening = clientCorpus(false);
    const client = clientCorpus(true);
    const pipe = pipeCorpus();
    this.bases = new Map<Target, readonly Base[]>([
      ["body", [...body, ...server, ...client, ...pipe]],
      ["versions", versions],
      ["server", server],
      ["opening", opening],
      ["client", client],
      ["pair", pairCorpus()],
      ["pipe", pipe],
    ]);
    // Mostly what may stand in the same session; all else now and then.
    this.spliced = new Map<Target, readonly Base[]>([
      ["server", [...many(server, 40), ...body]],
      ["opening", [...many(opening, 20), ...body]],
      ["client", [...many(client, 20), ...body]],
      ["pipe", [...many(pipe, 20), ...body]],
    ]);
  }

  basesOf(target: Target): readonly Base[] {
    return this.bases.get(target) ?? [];
  }

  /** The body that an input is. */
  bytesOf(target: Target, input: Input): Uint8Array {
    const bases = this.basesOf(target);
    const base = bases[input.base];
    if (base === undefined) throw new Error("no such base");
    const shape = copyShape(base.shape);
    const corpus = this.spliced.get(target) ?? bases;
    for (const { name, seed } of input.changes) {
      SHAPE_MUTATIONS.get(name)?.(shape, new Random(seed, 0), corpus);
    }
    let bytes = target === "versions" ? rawBytes(shape) : writeShape(shape);
    for (const { name, seed } of input.changes) {
      bytes = BYTES_MUTATIONS.get(name)?.(bytes, new Random(seed, 0)) ?? bytes;
    }
    return bytes;
  }

  /** The bodies of a case. */
  bodiesOf({ target, inputs }: Case): Uint8Array[] {
    return inputs.map((input) => this.bytesOf(target, input));
  }
}

/** The case of that number. */
export function caseOf(seed: number, number: number, corpora: Corpora): Case {
  const random = new Random(seed, number);
  const target = targetOf(number);
  const basesCount = corpora.basesOf(target).length;
  const inputs: Input[] = [];
  for (let count = BODIES[target]; count > 0; count--) {
    inputs.push({ base: random.below(basesCount), changes: pickChanges(target, random) });
  }
  return { target, inputs };
}

function targetOf(number: number): Target {
  let place = number % CYCLE;
  for (const [target, share] of SHARES) {
    if (place < share) return target;
    place -= share;
  }
  return "body";
}

function pickChanges(target: Target, random: Random): Change[] {
  const changes: Change[] = [];
  const change = (names: readonly string[]): void => {
    changes.push({ name: random.pick(names), seed: random.next() });
  };
  if (target === "versions") {
    do change(BYTES_NAMES);
    while (changes.length < CHANGES_MAX && random.oneIn(2));
    return changes;
  }
  // Some are left as they are: so several of a scene come in a new order, or again.
  while (changes.length < CHANGES_MAX && !random.oneIn(3)) change(SHAPE_NAMES);
  if (target === "pair") {
    change([UNSEAL]);
    if (random.oneIn(4)) change(DAMAGE_NAMES);
  } else if (random.oneIn(6)) {
    change(BYTES_NAMES);
  }
  return changes;
}

/** What came of a case: one outcome for each body where the reader is the target. */
export function tryBodies(
  target: Target,
  bodies: readonly Uint8Array[],
  readers: Readers = READERS,
): Outcome[] {
  switch (target) {
    case "body":
      return bodies.map((bytes) => judgeBody(bytes, readers));
    case "versions":
      return bodies.map((bytes) => judgeVersions(bytes, readers));
    case "server":
      attackServer(bodies);
      return [];
    case "opening":
    case "client":
      attackClient(target === "client", bodies);
      return [];
    case "pipe":
      attackPipe(bodies);
      return [];
    case "pair":
      damagePair(bodies);
      return [];
  }
}

function rawShape(bytes: Uint8Array): Shape {
  const frame = [{ kind: "bytes", bytes } as const];
  return { head: 0, address: [], frames: [frame], length: undefined, sumChange: 0 };
}

function rawBytes({ frames }: Shape): Uint8Array {
  return frames[0]?.[0]?.bytes.slice() ?? new Uint8Array(0);
}

function many(bases: readonly Base[], times: number): Base[] {
  return Array.from({ length: times }, () => bases).flat();
}
