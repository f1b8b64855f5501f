/**
 * Packs the package once a run and installs the tarball into a project of its own, far from this
 * repository: what the tests of this folder look at is what a consumer gets.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { run } from "./run.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The file that would be published. */
    readonly tarball: string;
    /** The folder of a project that depends on it. */
    readonly consumer: string;
  }
}

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** What packing reads; `dist` is built anew there, so that no test's own is cleaned away. */
const PACKED_FROM = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "src", "bench"];

/** What the consumer's own program needs beside the package; fast-check is a peer of it. */
const CONSUMER_PACKAGES = ["@types/node", "fast-check"];

interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Called by vitest before the first test; what it returns, after the last. */
export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const tarball = await pack(folder);
    project.provide("tarball", tarball);
    project.provide("consumer", await install(folder, tarball));
  } catch (error) {
    remove();
    throw error;
  }
  return remove;
}

async function pack(folder: string): Promise<string> {
  const copy = join(folder, "packed");
  for (const name of PACKED_FROM) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"), "junction");
  await run("npm", ["pack", "--pack-destination", folder], copy);
  const { name, version } = readJson<{ name: string; version: string }>(join(copy, "package.json"));
  return join(folder, `${name}-${version}.tgz`);
}

/**
 * With a lock file made out of this repository's, so that nothing is resolved anew: the versions
 * are those that the tests ran with, and npm's cache has them since `npm ci`.
 */
async function install(folder: string, tarball: string): Promise<string> {
  const consumer = join(folder, "consumer");
  mkdirSync(consumer);
  const own = readJson<LockedPackage & { name: string }>(join(ROOT, "package.json"));
  const { packages } = readJson<Lock>(join(ROOT, "package-lock.json"));
  const locked: Record<string, LockedPackage | object> = {};
  const dependencies: Record<string, string> = { [own.name]: `file:../${basename(tarball)}` };
  for (const name of CONSUMER_PACKAGES) {
    dependencies[name] = packages[`node_modules/${name}`]?.version ?? "*";
  }
  addDependencies(packages, own, locked);
  addDependencies(packages, { dependencies }, locked);
  const manifest = { name: "consumer", version: "1.0.0", private: true, type: "module" };
  locked[""] = { ...manifest, dependencies };
  write(join(consumer, "package.json"), { ...manifest, dependencies });
  write(join(consumer, "package-lock.json"), {
    ...manifest,
    lockfileVersion: 3,
    requires: true,
    packages: locked,
  });
  const quiet = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
  await run("npm", ["install", "--prefer-offline", ...quiet], consumer);
  return consumer;
}

/** Copies what a package depends on, directly or not, from one lock file's entries to another's. */
function addDependencies(
  from: Lock["packages"],
  { dependencies = {}, optionalDependencies = {} }: LockedPackage,
  to: Record<string, object>,
): void {
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = `node_modules/${name}`;
    const found = from[place];
    if (found === undefined || place in to) continue;
    // What is only for development there is not here.
    to[place] = { ...found, dev: undefined };
    addDependencies(from, found, to);
  }
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

function write(file: string, content: object): void {
  writeFileSync(file, JSON.stringify(content, null, 2));
}
