import { existsSync, readFileSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { createServer } from "node:http";
import { json } from "holdfast";
import { configureServer, nodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";
import type { Order } from "./start-over.ts";

// A line for each order that was done: it outlives the process, which may be killed at any time.
const [file = "orders.txt"] = process.argv.slice(2);
const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
/** By their ids, what is done or being done. */
const done = new Map(lines.map((line) => [Number.parseInt(line, 10), Promise.resolve()]));

const sessions = new SessionServer<Order, string>({
  codec: json,
  hold: "consumed", // An order is held once the next one is asked for: when it is done.
  async onSession(session) {
    for await (const { id, text } of session) {
      // To do it and to note its id is one step here: a line on disk.
      if (!done.has(id)) done.set(id, appendFile(file, `${id} ${text}\n`, { flush: true }));
      await done.get(id); // Also where another session of the same client has brought it before.
    }
  },
});

const server = createServer(nodeListener(sessions));
configureServer(server);
server.listen(Number(process.env["PORT"] ?? 8080), "127.0.0.1", () => {
  console.log("listening on", server.address());
});
