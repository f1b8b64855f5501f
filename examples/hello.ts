import { createServer } from "node:http";
import { connect } from "holdfast";
import { nodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";

// The server: answers every name with a greeting.
const sessions = new SessionServer<string, string>({
  async onSession(session) {
    for await (const name of session) session.send(`Hello, ${name}!`);
  },
});
const port = Number(process.env["PORT"] ?? 8080);
const server = createServer(nodeListener(sessions)).listen(port, "127.0.0.1");

// The client, here in the same process. In a browser it is the same.
const session = connect<string, string>(`http://127.0.0.1:${port}/holdfast`);
session.on("lost", ({ reason }) => console.log("The line is down:", reason));
session.on("resumed", ({ downMs }) => console.log("Back after", downMs, "ms; nothing was lost"));
session.send("Ada");
session.send("Grace");

let greetings = 0;
for await (const greeting of session) {
  console.log(greeting);
  if (++greetings === 2) break;
}
await session.close(); // Returns when both sides hold everything.
server.close();
