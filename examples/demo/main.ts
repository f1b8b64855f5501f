/** `npm start`: the demo at http://127.0.0.1:8080/; PORT and HOST in the environment change it. */
import { type Demo, startDemo } from "./server.ts";

const host = process.env["HOST"] ?? "127.0.0.1";
const port = process.env["PORT"] ?? "8080";

try {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new Error(`PORT is "${port}", and must be a number from 0 to 65535.`);
  }
  run(await startDemo({ host, port: Number(port) }));
} catch (error) {
  console.error(sentenceOf(error as NodeJS.ErrnoException));
  process.exitCode = 1;
}

function run(demo: Demo): void {
  console.log(`Holdfast's demo is at ${demo.url} (Ctrl-C ends it).`);
  // Once: a second signal ends the process as it would have without this.
  const stop = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    void demo.close();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}

function sentenceOf(error: NodeJS.ErrnoException): string {
  if (error.code !== "EADDRINUSE") return error.message;
  return `Port ${port} is taken by another program; choose one by PORT=8081 npm start.`;
}
