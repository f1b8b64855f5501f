/** What a process of a soak holds when it is at rest: memory, and handles by kind. */
import { getHeapCodeStatistics } from "node:v8";
import { readdirSync, readlinkSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

export interface ProcessState {
  /**
   * The heap and what hangs on it, less what V8 has compiled: median of several collections.
   */
  readonly heldBytes: number;
  /**
   * What V8 has compiled of the code that is there. It compiles for many minutes, way after way, as
   * often as one is gone, and so this grows although nothing is kept.
   */
  readonly compiledBytes: number;
  /** What keeps the process going, by kind (`process.getActiveResourcesInfo`). */
  readonly resources: Readonly<Record<string, number>>;
  /** Open files, by kind; empty where the system does not tell. */
  readonly descriptors: Readonly<Record<string, number>>;
}

/** The first ones also drop code that is not used any more, and what waited for a turn. */
const COLLECTIONS_BEFORE = 4;
const COLLECTIONS = 7;

export async function processState(): Promise<ProcessState> {
  const held: number[] = [];
  const compiled: number[] = [];
  for (let round = 0; round < COLLECTIONS_BEFORE + COLLECTIONS; round++) {
    await nextTurn();
    if (globalThis.gc === undefined) throw new Error("Node must be started with --expose-gc");
    globalThis.gc();
    if (round < COLLECTIONS_BEFORE) continue;
    const { heapUsed, external } = process.memoryUsage();
    const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics();
    const compiledBytes = code_and_metadata_size + bytecode_and_metadata_size;
    compiled.push(compiledBytes);
    held.push(heapUsed + external - compiledBytes);
  }
  return {
    heldBytes: median(held),
    compiledBytes: median(compiled),
    resources: countByKind(process.getActiveResourcesInfo()),
    descriptors: countByKind(descriptorKinds()),
  };
}

function median(samples: readonly number[]): number {
  return samples.toSorted((one, other) => one - other)[samples.length >> 1] ?? Number.NaN;
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
