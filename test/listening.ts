/** Servers of tests listen on ports that the system chooses, and on this machine only. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

/** Resolves with the port when the server listens. */
export async function listenLocally(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens, for a program that must be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenLocally(server);
  server.close();
  await once(server, "close");
  return port;
}
