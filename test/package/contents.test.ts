import { readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { beforeAll, describe, expect, inject, test } from "vitest";

const tarball = inject("tarball");
const folder = join(inject("consumer"), "node_modules/holdfast");
const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * What the tarball weighed when this was last looked at, and what it may grow by without a word. The
 * last 57,000 came with the codec of records, two ways to make requests in Node, and announcements
 * of pipes.
 */
const TARBALL_BYTES_REACHED = 1_107_000;
const GROWTH_MAX = 1.05;

const built =
  /^dist\/(core|sim|sim-session|session|tcp|http|probe|chaos|cli)\/([a-z-]+\/)*[a-z-]+\.(js|d\.ts)(\.map)?$/;
const allowed = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  built,
  /^dist\/browser\/(holdfast\.min\.js|assertions\.json)$/,
  /^src\/(core|sim|sim-session|session|tcp|http|probe|chaos|cli)\/([a-z-]+\/)*[a-z-]+\.ts$/,
];

function contentOf(file: string): string {
  return readFileSync(join(folder, file), "utf8");
}

describe("the tarball", () => {
  let files: readonly string[];

  beforeAll(() => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => entry.isFile());
    files = found.map((entry) => {
      return join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/");
    });
  });

  test("holds the build, its sources and four papers, and nothing else", () => {
    expect(files.filter((file) => !allowed.some((pattern) => pattern.test(file)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md"]));
  });

  test("holds of each source a module, its types, and a map of each", () => {
    const sources = files.filter((file) => file.startsWith("src/"));
    const expected = sources.flatMap((source) => {
      const stem = source.replace(/^src/, "dist").replace(/\.ts$/, "");
      return [".js", ".js.map", ".d.ts", ".d.ts.map"].map((ending) => stem + ending);
    });

    expect(sources.length).toBeGreaterThan(100);
    expect(files.filter((file) => built.test(file)).toSorted()).toEqual(expected.toSorted());
  });

  test("maps each built file to a source that it holds", () => {
    const held = new Set(files);
    const dangling: string[] = [];
    const maps = files.filter((file) => file.endsWith(".map"));
    for (const file of maps) {
      const { sources } = JSON.parse(contentOf(file)) as { sources: readonly string[] };
      const targets = sources.map((source) => posix.join(posix.dirname(file), source));
      if (targets.length !== 1 || !targets.every((target) => held.has(target))) dangling.push(file);
      const mapped = contentOf(file.slice(0, -".map".length));
      if (!mapped.includes(`sourceMappingURL=${posix.basename(file)}`)) dangling.push(file);
    }

    expect(maps.length).toBeGreaterThan(200);
    expect(dangling).toEqual([]);
  });

  test("names no folder of the machine that made it", () => {
    const places = [root.replace(/[/\\]$/, ""), homedir(), dirname(tarball)].filter((place) => {
      return place.length > 5;
    });
    const telling = files.filter((file) => {
      const content = contentOf(file);
      return places.some((place) => content.includes(place));
    });

    expect(places.length).toBeGreaterThan(1);
    expect(telling).toEqual([]);
  });

  test("weighs hardly more than it did", () => {
    expect(statSync(tarball).size).toBeLessThanOrEqual(TARBALL_BYTES_REACHED * GROWTH_MAX);
  });

  test("gives publint nothing to warn of", async () => {
    const bytes = readFileSync(tarball);
    const copy = new Uint8Array(bytes).buffer;
    const { messages, pkg } = await publint({ pkgDir: "package", pack: { tarball: copy } });

    const grave = messages.filter(({ type }) => type !== "suggestion");
    expect(grave.map((message) => formatMessage(message, pkg))).toEqual([]);
  });
});
