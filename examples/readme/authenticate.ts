import { type ClientSession, connect } from "holdfast";
import { SessionServer } from "holdfast/server";

/** Whose tokens are good: a table of yours. */
const users = new Map([
  ["token-of-ada", "Ada"],
  ["token-of-grace", "Grace"],
]);

export const sessions: SessionServer<string, string> = new SessionServer({
  // The name that the session gets, or undefined for no. It may return a promise.
  authenticate(peer) {
    const [, token = ""] = /^Bearer (.+)$/.exec(peer.header("authorization") ?? "") ?? [];
    return users.get(token);
  },
  onSession(session) {
    session.send(`You are ${session.principal}.`);
  },
});

/**
 * From now on the token is good for nothing. A session that lives is not asked for it again unless
 * it was silent for `reauthenticateAfterMs`: so those of its owner are ended here.
 */
export function revoke(token: string): void {
  const user = users.get(token);
  users.delete(token);
  for (const session of sessions.sessions) {
    if (session.principal === user) session.abort(2, "revoked");
  }
}

/** The client: `token` is asked for each request, so that a renewed one is used at once. */
export function enter(url: string, token: () => string): ClientSession<string, string> {
  return connect(url, { headers: () => ({ authorization: `Bearer ${token()}` }) });
}
