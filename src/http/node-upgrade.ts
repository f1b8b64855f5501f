/**
 * WebSockets on the server's own path: `server.on("upgrade", upgradeListener(sessions))`. Each
 * carries bodies as binary messages; whatever else comes ends it.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { RequestHandler } from "../session/peer.ts";
import type { Admitted } from "./admission.ts";
import { refuseUpgrade } from "./early-errors.ts";
import { type ListenerOptions, RequestRules } from "./request-rules.ts";
import { SUBPROTOCOL } from "./websocket-pipe.ts";

/** Listens for `upgrade`; what is for another path is left to other listeners. */
export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Pongs that wait to be taken; whoever asks for more of them without reading is cut off. */
const PONGS_WAITING_BYTES_MAX = 65_536;

/** Close codes of RFC 6455 section 7.4.1. */
const UNSUPPORTED_DATA = 1003;
const POLICY_VIOLATION = 1008;

/**
 * Makes a listener for `upgrade` out of a server of sessions, by the same rules as `nodeListener`:
 * path, origins, limits by address. Compression is off: bodies are binary, and a compressed one
 * would cost memory before it is known whose it is.
 *
 * @throws UsageError `option_invalid`, `option_unknown`, naming the option.
 */
export function upgradeListener(
  handler: RequestHandler,
  options: ListenerOptions = {},
): UpgradeListener {
  const rules = new RequestRules(handler, options);
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: handler.bodyBytesMax,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  return (request, socket, head) => {
    const headers = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    };
    const judged = rules.judgeUpgrade({
      method: request.method ?? "",
      target: request.url ?? "",
      header: headers,
      host: request.headers.host,
      socketAddress: request.socket.remoteAddress,
    });
    if (judged.kind === "elsewhere") return;
    if (judged.kind === "refuse") {
      refuseUpgrade(socket, judged.code);
      return;
    }
    const { address, admitted } = judged;
    socket.once("close", () => admitted.release());
    server.handleUpgrade(request, socket, head, (webSocket) => {
      serve(webSocket, handler, rules, admitted, { address, header: headers, request });
    });
  };
}

function serve(
  socket: WebSocket,
  handler: RequestHandler,
  rules: RequestRules,
  admitted: Admitted,
  peer: Parameters<NonNullable<RequestHandler["handlePipe"]>>[0],
): void {
  if (handler.handlePipe === undefined) {
    socket.close(POLICY_VIOLATION);
    return;
  }
  // Who says nothing is nobody.
  const silent = setTimeout(() => socket.terminate(), rules.bodyTimeoutMs);
  let cut: NodeJS.Timeout | undefined;
  const close = (code?: number): void => {
    socket.close(code);
    // Who does not take what was written must not keep the connection for ever.
    cut ??= setTimeout(() => socket.terminate(), rules.answerTimeoutMs);
  };
  const events = handler.handlePipe(peer, {
    write: (body) => socket.send(body),
    close: () => close(),
  });
  socket.on("message", (data, isBinary) => {
    clearTimeout(silent);
    if (isBinary && data instanceof Buffer) {
      try {
        events.body(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      } catch (error) {
        rules.report(error);
        socket.terminate();
      }
      return;
    }
    events.gone();
    close(UNSUPPORTED_DATA);
  });
  socket.on("ping", (data) => {
    if (socket.bufferedAmount > PONGS_WAITING_BYTES_MAX) socket.terminate();
    else socket.pong(data);
  });
  // A frame that breaks RFC 6455, or is too large: `close` follows.
  socket.on("error", () => {});
  socket.on("close", () => {
    clearTimeout(silent);
    clearTimeout(cut);
    admitted.release();
    events.gone();
  });
}
