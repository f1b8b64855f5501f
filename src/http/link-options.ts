/** Which links a client may use. */
import { refuse } from "../session/checks.ts";
import type { LinkName, PipeCarrier } from "../session/pipe-carrier.ts";

/** The best first. The first message always leaves by polling, which is sure to work. */
export const LINKS_DEFAULT: readonly LinkName[] = ["websocket", "stream", "poll"];

const NAMES: readonly unknown[] = LINKS_DEFAULT;

/**
 * The pipes among the links, in their order; what this host does not have is passed over.
 *
 * @throws UsageError `option_invalid`.
 */
export function pipesAmong(
  links: readonly LinkName[] = LINKS_DEFAULT,
  known: Readonly<Record<Exclude<LinkName, "poll">, PipeCarrier | undefined>>,
): readonly PipeCarrier[] {
  const given: unknown = links;
  const isList = Array.isArray(given) && given.every((name) => NAMES.includes(name));
  if (!isList) refuse("links", given, `a list of ${NAMES.join(", ")}`);
  return links.flatMap((name) => (name === "poll" ? [] : (known[name] ?? [])));
}
