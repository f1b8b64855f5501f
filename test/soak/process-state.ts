/** What a process of a soak holds when it is at rest: memory, and handles by kind. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { writeHeapSnapshot } from "node:v8";

export interface ProcessState {
  /** The heap and what hangs on it (`heapUsed` and `external`), median of several collections. */
  readonly heldBytes: number;
  /** What keeps the process going, by kind (`process.getActiveResourcesInfo`). */
  readonly resources: Readonly<Record<string, number>>;
  /** Open files, by kind; empty where the system does not tell. */
  readonly descriptors: Readonly<Record<string, number>>;
}

/** The first ones also drop code that is not used any more, and what waited for a turn. */
const COLLECTIONS_BEFORE = 4;
const COLLECTIONS = 7;

/**
 * What each process keeps for the first stack of an error it shall have from the beginning: Node
 * takes the map of its source apart then, some megabytes, which is no leak.
 */
export function readSourceMap(): string | undefined {
  return new Error("for its stack").stack;
}

/** Calls of the processes of a soak. */
export const STATE_CALLS = {
  async processState(): Promise<ProcessState> {
    const samples: number[] = [];
    for (let round = 0; round < COLLECTIONS_BEFORE + COLLECTIONS; round++) {
      await nextTurn();
      if (globalThis.gc === undefined) throw new Error("Node must be started with --expose-gc");
      globalThis.gc();
      const { heapUsed, external } = process.memoryUsage();
      if (round >= COLLECTIONS_BEFORE) samples.push(heapUsed + external);
    }
    return {
      heldBytes: samples.toSorted((one, other) => one - other)[COLLECTIONS >> 1] ?? Number.NaN,
      resources: countByKind(process.getActiveResourcesInfo()),
      descriptors: countByKind(descriptorKinds()),
    };
  },
  /** For `keptBytesIn`. */
  async writeHeap(file: string): Promise<void> {
    writeHeapSnapshot(file);
  },
};

/**
 * What V8 makes of a program as it runs: compiled code, what it has learnt of types, shapes of
 * objects. It goes on for many minutes, way after way as often as one is gone, and grows by a
 * megabyte although nothing is kept.
 */
const MADE_BY_V8: ReadonlySet<string> = new Set(["code", "hidden", "object shape"]);

/** The parts of a snapshot that are looked at; V8 documents them in `meta`. */
interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
}

/** Bytes of everything that a program has made and can still reach, buffers included. */
export function keptBytesIn(file: string): number {
  const { snapshot, nodes } = JSON.parse(readFileSync(file, "utf8")) as HeapSnapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const typeAt = fields.indexOf("type");
  const sizeAt = fields.indexOf("self_size");
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    const type = types[0][nodes[at + typeAt] as number] as string;
    if (!MADE_BY_V8.has(type)) bytes += nodes[at + sizeAt] as number;
  }
  return bytes;
}

function descriptorKinds(): string[] {
  const folder = "/proc/self/fd";
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      // "socket:[4711]", "anon_inode:[eventpoll]", "/a/file".
      const target = readlinkSync(`${folder}/${name}`);
      return [target.startsWith("/") ? "file" : target.replace(/:?\[\d+\]$/, "")];
    } catch {
      // The one by which the folder was read.
      return [];
    }
  });
}

function countByKind(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds.toSorted()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
