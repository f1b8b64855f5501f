// What spec/ tells the author of a client: the exchange that it shows byte by byte is one that
// happens, and the checklist of rules leaves none out.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect, raw } from "../../src/http/connect-node.ts";
import { soon } from "../waiting.ts";
import { xxh32 } from "../vectors/decoder.mjs";

const root = new URL("../../spec/", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), "utf8");

/** What stands in a text between two headings. */
function between(text: string, from: string, to: string): string {
  const start = text.indexOf(`\n${from}`);
  const end = text.indexOf(`\n${to}`, start + 1);
  expect([from, start > 0, end > start]).toEqual([from, true, true]);
  return text.slice(start, end);
}

describe("the exchange that section 2.3 shows byte by byte", () => {
  const section = between(read("protocol.md"), "### 2.3", "### 2.4");
  const stories = JSON.parse(read("vectors/stories.json")) as {
    name: string;
    sessionId: string;
    steps: { sends?: number; bytes?: string }[];
  }[];
  const story = stories.find(({ name }) => section.includes(`"${name}"`));

  test("is that of the story, body for body", () => {
    const tables = section.split("\n| bytes | meaning |\n").slice(1);
    const shown = tables.map((table) =>
      [...table.matchAll(/^\| (`.*?`) \| /gm)]
        .map(([, cell]) => (cell ?? "").replaceAll(/[` ]/g, ""))
        .join(""),
    );
    const sent = (story?.steps ?? []).filter((step) => step.sends !== undefined);

    expect(shown.length).toBe(3);
    expect(shown).toEqual(sent.map((step) => step.bytes));
  });

  test("has the seeds of its checksums", () => {
    const identifier = (story?.sessionId ?? "").match(/../g) ?? [];
    const seeds = [...section.matchAll(/identifier and `(1\d)`, which is `0x([0-9a-f]{8})`/g)];

    expect(seeds.length).toBe(2);
    for (const [, first, seed] of seeds) {
      const bytes = [...identifier, first ?? ""].map((pair) => Number.parseInt(pair, 16));
      expect(xxh32(bytes, 0)).toBe(Number.parseInt(seed ?? "", 16));
    }
  });
});

describe("the checklist in client.md", () => {
  const client = read("client.md");
  const rules = read("protocol.md") + read("http.md") + read("tcp.md");
  const stated = [...rules.matchAll(/\*\*\[([A-Z]+-\d+)\]\*\*/g)].map((match) => match[1]);
  const tagsIn = (text: string): (string | undefined)[] =>
    [...text.matchAll(/\[([A-Z]+-\d+)\]/g)].map((match) => match[1]);

  test("has every rule of the protocol and of its HTTP binding once", () => {
    const listed = tagsIn(between(client, "## 6.", "## 7."));

    expect(listed.toSorted()).toEqual(stated.toSorted());
  });

  test("stands beside text that cites no other rules", () => {
    expect(tagsIn(client).filter((tag) => !stated.includes(tag))).toEqual([]);
  });
});

test("the server that client.md shows to try a client with sends everything back", async () => {
  const [, program = ""] = /^```js\n(.*?)^```$/ms.exec(read("client.md")) ?? [];
  const server = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: new URL("../", root),
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [port] = (await soon(once(server.stdout, "data"), "the port")) as [Buffer];

  const session = connect<Uint8Array, Uint8Array>(`http://127.0.0.1:${Number(port)}/holdfast`, {
    codec: raw,
  });
  const sent = [new Uint8Array([1, 2, 3]), new Uint8Array(), new Uint8Array(100_000).fill(7)];
  for (const message of sent) session.send(message);
  const heard: Uint8Array[] = [];
  for await (const message of session) {
    if (heard.push(new Uint8Array(message)) === sent.length) break;
  }

  expect(heard).toEqual(sent);
  await soon(session.close(), "the close");
});

describe("the index in spec/README.md", () => {
  const index = read("README.md");
  const linked = [...index.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? "");

  test("names every document, and every decision with its title", () => {
    const documents = readdirSync(root, { withFileTypes: true })
      .map((entry) => (hasIndex(entry.name) ? `${entry.name}/README.md` : entry.name))
      .filter((name) => name !== "README.md");
    const decisions = readdirSync(new URL("decisions/", root));

    expect(decisions.length).toBeGreaterThan(10);
    expect(documents.filter((name) => !linked.includes(name))).toEqual([]);
    for (const name of decisions) {
      const title = /^# (\d{4}): (.+)$/m.exec(read(`decisions/${name}`));
      expect([name, title?.[1]]).toEqual([name, name.slice(0, 4)]);
      expect(index).toContain(`| [${title?.[1]}](decisions/${name}) | ${uncapital(title?.[2])} |`);
    }
  });

  test("has no link to nowhere", () => {
    expect(linked.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
  });
});

function hasIndex(folder: string): boolean {
  return existsSync(new URL(`${folder}/README.md`, root));
}

function uncapital(text = ""): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
