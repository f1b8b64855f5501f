/** The gate that every client connection comes through, in both modes. */
import type { Socket } from "node:net";
import type { Connection } from "./connections.ts";
import { NOWHERE } from "./counts.ts";
import { reset } from "./reset.ts";
import type { Running } from "./running.ts";

/** Undefined when the connection was refused. */
export function accept(running: Running, socket: Socket): Connection | undefined {
  const { connections, connectionsMax, ledger } = running;
  if (running.isDark || connections.size >= connectionsMax) {
    ledger.count("connectionsRefused", NOWHERE);
    socket.on("error", () => {});
    reset(socket);
    return undefined;
  }
  const connection = connections.add(socket);
  ledger.count("connections", connection);
  connection.touch(running);
  return connection;
}
