/** The reference as Markdown: a page for each entry point, and an index of pages. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { defaultOf, quantity } from "./defaults.ts";
import { ALIASES, ENTRIES, type Entry, HOLDFAST, HOLDFAST_BY_FETCH } from "./entries.ts";
import { KINDS, Links } from "./links.ts";
import {
  type Documented,
  type EntryModel,
  type Member,
  type PublicName,
  readModels,
} from "./model.ts";

export interface Reference {
  /** Texts by the names of files. */
  readonly pages: ReadonlyMap<string, string>;
  /** What keeps the reference from being whole, as sentences. */
  readonly problems: readonly string[];
}

/** What each page begins with, for who would edit it. */
const NOTICE = "<!-- Made by `npm run api` from the declarations and docstrings of src. -->";

/** Of prose; with the indentation of a list's item 100. */
const COLUMNS = 98;

/** The reference of the package that is built in a folder. */
export async function makeReference(packageFolder: string): Promise<Reference> {
  const models = readModels(packageFolder, [...ENTRIES, HOLDFAST_BY_FETCH]);
  const links = new Links(models);
  const pages = new Map<string, string>([["README.md", indexPage(models)]]);
  for (const entry of ENTRIES) {
    const model = modelOf(models, entry);
    const values = await valuesOf(packageFolder, entry);
    const others = entry === HOLDFAST ? differences(model, modelOf(models, HOLDFAST_BY_FETCH)) : [];
    pages.set(entry.page, new Page(entry, links, values).write(model, others));
  }
  return { pages, problems: problemsOf(models) };
}

function modelOf(models: ReadonlyMap<Entry, EntryModel>, entry: Entry): EntryModel {
  const model = models.get(entry);
  if (model === undefined) throw new Error(`${entry.module} was not read`);
  return model;
}

function problemsOf(models: ReadonlyMap<Entry, EntryModel>): readonly string[] {
  return [...models].flatMap(([{ module }, { forgotten, undocumented }]) => [
    ...forgotten.map((name) => `${module}: ${name} is named and cannot be imported`),
    ...undocumented.map((path) => `${module}: ${path} has no docstring`),
  ]);
}

async function valuesOf(packageFolder: string, { module }: Entry): Promise<object> {
  const file = join(packageFolder, "dist", `${module}.js`);
  return (await import(pathToFileURL(file).href)) as object;
}

/** What the other model has otherwise, or alone. */
function differences(model: EntryModel, other: EntryModel): readonly PublicName[] {
  const known = new Set(model.names.map((each) => JSON.stringify(each)));
  return other.names.filter((each) => !known.has(JSON.stringify(each)));
}

function indexPage(models: ReadonlyMap<Entry, EntryModel>): string {
  const rows = ENTRIES.map((entry) => {
    const { names } = modelOf(models, entry);
    return `| [\`${entry.subpath}\`](${entry.page}) | ${names.length} | ${entry.about} |`;
  });
  const aliases = Object.entries(ALIASES).map(([name, about]) => `\`${name}\` ${about}.`);
  return joined([
    NOTICE,
    "# Reference",
    wrapped(
      "Every public name of the package, a page for each entry point. The pages are made from the " +
        "declarations that are published and from their docstrings. They hold every signature, " +
        "so that a change of the interface is seen as a change of these pages: a test compares " +
        "them, and fails until `npm run api` was run.",
    ),
    ["| entry point | names | what it is for |", "| --- | --- | --- |", ...rows].join("\n"),
    ...aliases.map(wrapped),
    wrapped(
      "What most programs need: [`connect`](holdfast.md#connect), " +
        "[`Session`](holdfast.md#session) and [`ClientOptions`](holdfast.md#clientoptions); for a " +
        "server [`SessionServer`](server.md#sessionserver) and " +
        "[`ServerOptions`](server.md#serveroptions).",
    ),
    wrapped(
      "What is private, protected or marked `@internal` in the source is not here and may change " +
        "in any version. Tags such as [ACK-3] name rules of the [specification](../protocol.md), " +
        "and of [its way through HTTP](../http.md) where they begin with HTTP.",
    ),
  ]);
}

/** The page of one entry point. */
class Page {
  private readonly entry: Entry;
  private readonly links: Links;
  /** What the module exports, for the values of constants. */
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(entry: Entry, links: Links, values: object) {
    this.entry = entry;
    this.links = links;
    this.values = values as Readonly<Record<string, unknown>>;
  }

  write(model: EntryModel, byFetch: readonly PublicName[]): string {
    return joined([
      NOTICE,
      `# \`${this.entry.subpath}\``,
      wrapped(this.entry.about),
      this.contents(model.names),
      ...this.borrowed(model),
      ...KINDS.flatMap(([kind, title]) => {
        const names = model.names.filter((each) => each.kind === kind);
        if (kind !== "constant") return names.flatMap((each) => this.section(each, "##"));
        if (names.length === 0) return [];
        return [`## ${title}`, names.map((each) => this.constant(each)).join("\n")];
      }),
      ...this.differing(model, byFetch),
    ]);
  }

  private contents(names: readonly PublicName[]): string {
    const items = KINDS.flatMap(([kind, title]) => {
      const found = names.filter((each) => each.kind === kind);
      if (found.length === 0) return [];
      if (kind === "constant") return [`- [${title}](#constants)`];
      const item = `- ${title}: ${found.map(({ name }) => this.link(name)).join(", ")}`;
      return [wrapped(item).replaceAll("\n", "\n  ")];
    });
    if (this.entry !== HOLDFAST) return items.join("\n");
    return [...items, "- [In browsers](#in-browsers-and-wherever-there-is-no-node)"].join("\n");
  }

  private borrowed({ borrowed }: EntryModel): string[] {
    if (borrowed.length === 0) return [];
    const links = borrowed.map(({ name, subpath }) => this.link(name, subpath));
    const subpaths = [...new Set(borrowed.map(({ subpath }) => `\`${subpath}\``))].toSorted();
    return [wrapped(`Named here, and exported by ${subpaths.join(" and ")}: ${links.join(", ")}.`)];
  }

  private differing(model: EntryModel, others: readonly PublicName[]): string[] {
    if (others.length === 0) return [];
    const isOther = ({ name }: PublicName): boolean => {
      return model.names.some((each) => each.name === name);
    };
    return [
      "## In browsers, and wherever there is no Node",
      wrapped(
        "Where an import is resolved without the condition `node`, and by `holdfast/browser`, the " +
          "client is one by `fetch`. Everything else on this page is the same.",
      ),
      ...others.flatMap((each) => this.section(each, "###", isOther(each) ? " by fetch" : "")),
    ];
  }

  private section(each: PublicName, level: string, suffix = ""): string[] {
    const bases = each.bases.map(({ name, subpath }) => this.link(name, subpath));
    const members = each.members.map((member) => this.member(member, each.name));
    return [
      `${level} ${each.name}${suffix}`,
      `\`\`\`ts\n${each.signature}\n\`\`\``,
      ...paragraphs(each),
      ...(bases.length === 0 ? [] : [`It has everything of ${bases.join(" and ")} too.`]),
      ...(members.length === 0 ? [] : [members.join("\n")]),
    ];
  }

  private member(member: Member, owner: string): string {
    const said = /\bdefault/i.test(member.doc) ? "" : defaultOf(owner, member.name);
    return bullet(member.signature, [
      ...paragraphs(member),
      ...(said === "" ? [] : [wrapped(said)]),
    ]);
  }

  private constant(each: PublicName): string {
    const value = this.values[each.name];
    // Some declarations say only that it is a number.
    const isUnsaid = typeof value === "number" && each.signature.endsWith(": number");
    const said = isUnsaid ? [`Its value is ${quantity(each.name, value)}.`] : [];
    return bullet(each.signature, [...paragraphs(each), ...said]);
  }

  private link(name: string, subpath: string = this.entry.subpath): string {
    return this.links.to(name, subpath, this.entry);
  }
}

function bullet(signature: string, text: readonly string[]): string {
  const line = signature.replaceAll(/\/\*\*.*?\*\//gs, "").replaceAll(/\s+/g, " ");
  const indented = text.join("\n\n").replaceAll(/^(?=.)/gm, "  ");
  return `- \`${line.trim()}\`\n\n${indented}\n`;
}

function paragraphs({ doc, returns, throws }: Documented): string[] {
  return [
    ...(doc === "" ? [] : [doc]),
    ...(returns === "" ? [] : [`Returns ${returns}`]),
    ...throws.map((each) => `Throws ${each.replace(/^(\w+Error|BrokenPromise)\b/, "`$1`")}`),
  ];
}

/** Prose that is not wrapped yet. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = `${line} ${word}`.trimStart();
    if (line !== "" && longer.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].join("\n");
}

function joined(blocks: readonly string[]): string {
  return `${blocks.map((block) => block.trimEnd()).join("\n\n")}\n`;
}
