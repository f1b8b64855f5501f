/**
 * What the clients' two carriers can be told, and its checks. Web-standard globals only, as it goes
 * into browsers.
 */
import { BODY_BYTES_MAX_DEFAULT } from "../core/index.ts";
import { within } from "../core/options.ts";
import { refuse } from "../session/checks.ts";

/** Headers of one request: whatever the server wants to see before it answers. */
export type CarrierHeaders = Readonly<Record<string, string>>;

export interface CarrierOptions {
  /**
   * Headers of every request, or what provides them, asked for each request [HTTP-3]: a token may be
   * refreshed on the way. What throws, rejects or provides something else than headers fails the
   * exchange with `credentials_failed`. Headers that frame the request are the carrier's.
   */
  readonly headers?: CarrierHeaders | (() => CarrierHeaders | Promise<CarrierHeaders>) | undefined;
  /**
   * How streams are labelled: "binary" as requests and answers are, or "event-stream"
   * (`text/event-stream`), for intermediaries that hand on nothing else at once. A label: the bytes
   * are the same, and no events. Default "binary".
   */
  readonly streamLabel?: "binary" | "event-stream" | undefined;
  /**
   * Who names streams: the "client", by tickets that requests bring before, or the "server": then
   * the name is the first thing that comes on the stream, and each body on it says the name.
   * Default "client".
   */
  readonly streamNames?: "client" | "server" | undefined;
  /** Largest answer that is read, in bytes. Default: the largest body that a session reads. */
  readonly answerBytesMax?: number | undefined;
}

/** @throws UsageError `option_invalid` for what is no whole number from 1 to 2^30. */
export function checkedCount(value: number, name: string): number {
  within(value, 1, 2 ** 30, name);
  return value;
}

/** @throws UsageError `option_invalid` */
export function answerBytesMaxOf(options: CarrierOptions): number {
  return checkedCount(options.answerBytesMax ?? BODY_BYTES_MAX_DEFAULT, "answerBytesMax");
}

/**
 * The server's address. Credentials in it would end up in the logs of proxies, and `fetch` takes
 * none, so they are refused.
 *
 * @param base - what a relative address is relative to: the page, where there is one.
 * @throws UsageError `option_invalid`
 */
export function carrierUrl(url: string | URL, base?: string): string {
  try {
    const { href } = new URL(url, base);
    // Only credentials put an @ there: what has been parsed has it encoded everywhere else.
    if (/^https?:..[^/@]+\//.test(href)) return href;
  } catch {
    // No address at all is refused like a wrong one.
  }
  // What stands before an @ and after a ? may be secret, and errors end up in logs.
  const shown = String(url).replace(/.*@|[?#].*/gs, "");
  refuse("url", shown, "absolute, of http: or https:, without credentials");
}
