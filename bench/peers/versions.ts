/** Which version of each contestant was measured. */
import { readFileSync } from "node:fs";
import type { Contestant } from "./contestant.ts";

/** Where this package stands, and where peers are installed. */
const OWN = "../../package.json";
const PEERS = "node_modules";

function versionAt(path: string): string {
  const text = readFileSync(new URL(path, import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** Of the package as it is installed, or of Node where the contestant is part of that. */
export function versionOf(contestant: Pick<Contestant, "package" | "kind">): string {
  if (contestant.kind === "holdfast") return versionAt(OWN);
  if (contestant.package === undefined) return process.version;
  return versionAt(`${PEERS}/${contestant.package}/package.json`);
}
