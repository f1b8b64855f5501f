// Sessions beside the routes of an Express app. The listener stands before body parsers, as it
// reads bodies itself, and leaves every path but its own (/holdfast) to what comes after it. For
// another path mount it there, `app.use("/live", nodeListener(sessions, { path: "*" }))`, and tell it
// to the one for upgrades, which sees the whole path: `upgradeListener(sessions, { path: "/live" })`.
import express from "express";
import { configureServer, nodeListener, upgradeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";

const sessions = new SessionServer<string, string>({
  async onSession(session) {
    for await (const name of session) session.send(`Hello, ${name}!`);
  },
});

const app = express();
app.use(nodeListener(sessions));
app.use(express.json());
app.get("/", (_request, response) => void response.send("home"));

const server = app.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  console.log("listening on", server.address());
});
server.on("upgrade", upgradeListener(sessions)); // Without it there are no WebSockets.
configureServer(server);

process.once("SIGTERM", () => {
  server.close(); // Nothing new; a connection goes with the answer that it waits for.
  sessions.drain(); // Those answers, now: each client comes back to whoever is here by then.
});
