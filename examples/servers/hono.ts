// Sessions beside the routes of a Hono app. On other runtimes only the last lines differ, and where
// the client's address comes from.
import { type HttpBindings, serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { Hono } from "hono";
import { fetchHandler } from "holdfast/http/fetch";
import { configureServer, upgradeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";
import type { Server } from "node:http";

const sessions = new SessionServer<string, string>({
  async onSession(session) {
    for await (const name of session) session.send(`Hello, ${name}!`);
  },
});

const app = new Hono<{ Bindings: HttpBindings }>();
const handle = fetchHandler(sessions);
app.all("/holdfast", (context) => handle(context.req.raw, getConnInfo(context).remote));
app.get("/", (context) => context.text("home"));

const port = Number(process.env["PORT"] ?? 8080);
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (address) => {
  console.log("listening on", address);
}) as Server;
server.on("upgrade", upgradeListener(sessions)); // Without it there are no WebSockets.
configureServer(server);

process.once("SIGTERM", () => {
  server.close(); // Nothing new.
  sessions.drain(); // What is held is answered: each client comes back to whoever is here by then.
  setTimeout(() => server.closeAllConnections(), 1_000); // Kept-alive ones would stay.
});
