/**
 * What Node says of a request without an answer, in a few stable words. Node's own codes are those
 * of the operating system, the resolver, OpenSSL and the parser: hundreds.
 */

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection_refused",
  // Also a kept connection that the server closed in the same moment.
  ECONNRESET: "connection_reset",
  ECONNABORTED: "connection_reset",
  EPIPE: "connection_reset",
  // Undici's word for a connection that the other end has closed.
  UND_ERR_SOCKET: "connection_reset",
  ETIMEDOUT: "connection_timeout",
  ENOTFOUND: "name_not_found",
  // The resolver itself did not answer, as on a machine without a network.
  EAI_AGAIN: "name_not_found",
  EHOSTUNREACH: "host_unreachable",
  EHOSTDOWN: "host_unreachable",
  ENETUNREACH: "host_unreachable",
  ENETDOWN: "host_unreachable",
  EPROTO: "tls_failed",
  // A head of more than 16 KiB; and what undici calls all that is wrong behind a length.
  UND_ERR_HEADERS_OVERFLOW: "answer_malformed",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "answer_malformed",
};

/** How OpenSSL's and Node's names for what is wrong with TLS or a certificate begin. */
const TLS = /^(ERR_SSL|ERR_TLS|CERT_|CRL_|DEPTH_ZERO|HOSTNAME_|INVALID_|SELF_SIGNED|UNABLE_TO_)/;

/** @param error - whatever a request failed with; nothing is expected of it. */
export function networkReason(error: unknown): string {
  const { code: said, name } = (error ?? {}) as {
    readonly code?: unknown;
    readonly name?: unknown;
  };
  const code = String(said);
  if (Object.hasOwn(REASONS, code)) return REASONS[code] ?? "network_error";
  if (TLS.test(code)) return "tls_failed";
  // Node's parser, or undici's, which says no code: something answered, and not in HTTP.
  const isParsers = code.startsWith("HPE_") || name === "HTTPParserError";
  return isParsers ? "answer_malformed" : "network_error";
}
