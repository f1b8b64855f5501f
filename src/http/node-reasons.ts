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
  ETIMEDOUT: "connection_timeout",
  ENOTFOUND: "name_not_found",
  // The resolver itself did not answer, as on a machine without a network.
  EAI_AGAIN: "name_not_found",
  EHOSTUNREACH: "host_unreachable",
  EHOSTDOWN: "host_unreachable",
  ENETUNREACH: "host_unreachable",
  ENETDOWN: "host_unreachable",
  EPROTO: "tls_failed",
};

/** How OpenSSL's and Node's names for what is wrong with TLS or a certificate begin. */
const TLS = /^(ERR_SSL|ERR_TLS|CERT_|CRL_|DEPTH_ZERO|HOSTNAME_|INVALID_|SELF_SIGNED|UNABLE_TO_)/;

/** @param error - whatever a request failed with; nothing is expected of it. */
export function networkReason(error: unknown): string {
  const code = String((error as { readonly code?: unknown } | undefined | null)?.code);
  if (Object.hasOwn(REASONS, code)) return REASONS[code] ?? "network_error";
  if (TLS.test(code)) return "tls_failed";
  // Node's parser: something answered, and not in HTTP.
  return code.startsWith("HPE_") ? "answer_malformed" : "network_error";
}
