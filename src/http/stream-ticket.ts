/** A pipe's ticket in its URL: `?stream=` and its bytes in base64url [HTTP-11] [HTTP-13]. */

const PARAMETER = "stream";

/** In the place of a ticket, for a stream that the server names [PIPE-13]; as bytes it is empty. */
const NEW = "new";

/** The URL that a stream is got from; without a ticket one that the server names. */
export function streamUrl(url: string, ticket: Uint8Array): string {
  return withParameter(url, ticket.length === 0 ? NEW : encode(ticket));
}

/** The URL of a WebSocket that shows its ticket. */
export function ticketUrl(url: string, ticket: Uint8Array): string {
  return withParameter(url, encode(ticket));
}

function withParameter(url: string, text: string): string {
  const own = new URL(url);
  own.searchParams.set(PARAMETER, text);
  return own.href;
}

/** The ticket in the target of a request, whose path is not looked at; undefined: there is none. */
export function ticketIn(target: string): Uint8Array | undefined {
  const query = target.indexOf("?");
  if (query === -1) return undefined;
  const text = new URLSearchParams(target.slice(query)).get(PARAMETER) ?? "";
  if (text === NEW) return new Uint8Array(0);
  return /^[\w-]{22}$/.test(text) ? decode(text) : undefined;
}

function encode(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text: string): Uint8Array {
  const characters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(characters, (character) => character.charCodeAt(0));
}
