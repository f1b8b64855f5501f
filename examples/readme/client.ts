import { connect } from "holdfast";

const port = process.env["PORT"] ?? 8080;
const session = connect<string, string>(`http://127.0.0.1:${port}/holdfast`);
session.on("lost", ({ reason }) => console.log("The line is down:", reason));
session.on("resumed", ({ downMs }) => console.log("Back after", downMs, "ms; nothing was lost"));

session.send("Ada"); // Whether the line is up or not.
session.send("Grace");
let greetings = 0;
for await (const greeting of session) {
  console.log(greeting);
  if (++greetings === 2) break;
}
await session.close(); // Returns when both sides hold everything.
