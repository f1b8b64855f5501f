import { createServer } from "node:http";
import { configureServer, nodeListener, upgradeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";

// Answers every name with a greeting.
const sessions = new SessionServer<string, string>({
  async onSession(session) {
    for await (const name of session) session.send(`Hello, ${name}!`);
  },
});

const server = createServer(nodeListener(sessions)); // Sessions live at the path /holdfast.
server.on("upgrade", upgradeListener(sessions)); // By WebSockets too, where these get through.
configureServer(server); // Keeps idle connections longer than proxies in front do.
server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  console.log("listening on", server.address());
});
