/** Where the names of each page stand, as GitHub makes anchors of headings. */
import { ENTRIES, type Entry } from "./entries.ts";
import type { EntryModel, PublicName } from "./model.ts";

/** Kinds of names in the order of a page, with the headings of the table of contents. */
export const KINDS = [
  ["function", "Functions"],
  ["class", "Classes"],
  ["interface", "Interfaces"],
  ["type", "Types"],
  ["constant", "Constants"],
] as const;

export class Links {
  private readonly anchors: Map<string, ReadonlyMap<string, string>> = new Map();

  constructor(models: ReadonlyMap<Entry, EntryModel>) {
    for (const entry of ENTRIES) {
      const names = models.get(entry)?.names ?? [];
      this.anchors.set(entry.subpath, anchorsOf(names));
    }
  }

  /** A link to a name of a subpath, from the page of an entry. */
  to(name: string, subpath: string, from: Entry): string {
    const anchor = this.anchors.get(subpath)?.get(name);
    const page = ENTRIES.find((entry) => entry.subpath === subpath)?.page;
    if (anchor === undefined || page === undefined) throw new Error(`no ${name} in ${subpath}`);
    return `[\`${name}\`](${subpath === from.subpath ? "" : page}#${anchor})`;
  }
}

/** Of two names that differ in their case, the second one's anchor has a number. */
function anchorsOf(names: readonly PublicName[]): ReadonlyMap<string, string> {
  const anchors = new Map<string, string>();
  const taken = new Map<string, number>();
  for (const [kind] of KINDS) {
    for (const { name } of names.filter((each) => each.kind === kind)) {
      const slug = name.toLowerCase();
      const count = taken.get(slug) ?? 0;
      // Constants have no headings of their own.
      if (kind !== "constant") taken.set(slug, count + 1);
      anchors.set(
        name,
        kind === "constant" ? "constants" : slug + (count === 0 ? "" : `-${count}`),
      );
    }
  }
  return anchors;
}
