/** Which links a client may use. */
import { refuse } from "./checks.ts";
import type { RequestUse } from "../core/index.ts";
import type { LinkName, PipeCarrier } from "./pipe-carrier.ts";

/** The best first. The first message leaves by polling, which is sure to work. */
export const LINKS_DEFAULT: readonly LinkName[] = ["tcp", "websocket", "stream", "poll"];

const NAMES: readonly unknown[] = LINKS_DEFAULT;

/**
 * What requests are left for when only these links may be used.
 *
 * @throws UsageError `option_invalid` for what is no list of links.
 */
export function requestsAmong(links: readonly LinkName[] = LINKS_DEFAULT): RequestUse {
  checkLinks(links);
  if (links.includes("poll")) return "parked";
  return links.includes("stream") ? "prompt" : "none";
}

/**
 * The pipes among the links, in their order; what this host does not have is passed over.
 *
 * @throws UsageError `option_invalid`, also where nothing is left.
 */
export function pipesAmong(
  links: readonly LinkName[] = LINKS_DEFAULT,
  known: Readonly<Record<Exclude<LinkName, "poll">, PipeCarrier | undefined>>,
): readonly PipeCarrier[] {
  checkLinks(links);
  const last = links.indexOf("poll");
  // Polling always works, so that nothing behind it would be tried.
  const better = last < 0 ? links : links.slice(0, last);
  const pipes = better.flatMap((name) => (name === "poll" ? [] : (known[name] ?? [])));
  if (pipes.length === 0 && !links.includes("poll")) {
    const here = LINKS_DEFAULT.filter((name) => name === "poll" || known[name] !== undefined);
    refuse(
      "links",
      links.join(", "),
      `a list with one of those that there are: ${here.join(", ")}`,
    );
  }
  return pipes;
}

function checkLinks(links: unknown): void {
  const isList = Array.isArray(links) && links.every((name) => NAMES.includes(name));
  if (!isList) refuse("links", links, `a list of ${NAMES.join(", ")}`);
}
