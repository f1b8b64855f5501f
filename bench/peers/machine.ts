/** On what something was measured. */
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, loadavg, release, totalmem, type } from "node:os";
import type { Contestant } from "./contestant.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly kernel: string;
}

export function machine(): Machine {
  const [first] = cpus();
  return {
    processor: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    kernel: `${type()} ${release()} ${arch()}`,
  };
}

/** The load average over 1, 5 and 15 minutes. */
export function load(): string {
  return loadavg()
    .map((value) => value.toFixed(2))
    .join(" ");
}

/** The version of each package that contestants are of, by its name. */
export function versions(contestants: readonly Contestant[]): Readonly<Record<string, string>> {
  const names = contestants.flatMap((contestant) => contestant.package ?? []);
  return Object.fromEntries(
    [...new Set(names)].toSorted().map((name) => [name, versionOf(name) ?? "unknown"]),
  );
}

/** Packages need not export their description, so it is looked up where Node would find them. */
function versionOf(name: string): string | undefined {
  for (const folder of ["node_modules", "../node_modules", "../../node_modules"]) {
    const file = new URL(`${folder}/${name}/package.json`, import.meta.url);
    if (existsSync(file)) return (JSON.parse(readFileSync(file, "utf8")) as Package).version;
  }
  return undefined;
}

interface Package {
  readonly version: string;
}
