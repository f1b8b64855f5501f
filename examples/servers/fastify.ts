// Sessions beside the routes of a Fastify app. The hook runs before Fastify reads the body;
// `hijack` tells Fastify that the answer is no longer its own.
import fastify from "fastify";
import { configureServer, nodeListener, upgradeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";

const sessions = new SessionServer<string, string>({
  async onSession(session) {
    for await (const name of session) session.send(`Hello, ${name}!`);
  },
});

const app = fastify();
const listener = nodeListener(sessions);
app.all("/holdfast", {
  onRequest: (request, reply) => {
    reply.hijack();
    listener(request.raw, reply.raw);
  },
  handler: () => {},
});
app.get("/", () => "home");

app.server.on("upgrade", upgradeListener(sessions)); // Without it there are no WebSockets.

await app.listen({ port: Number(process.env["PORT"] ?? 8080), host: "127.0.0.1" });
configureServer(app.server);
console.log("listening on", app.server.address());

process.once("SIGTERM", () => {
  void app.close(); // Nothing new; a connection goes with the answer that it waits for.
  sessions.drain(); // Those answers, now: each client comes back to whoever is here by then.
});
