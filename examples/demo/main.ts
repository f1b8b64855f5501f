import { startDemo } from "./server.ts";

const demo = await startDemo({
  host: process.env["HOST"] ?? "127.0.0.1",
  port: Number(process.env["PORT"] ?? 8080),
});
console.log(demo.url);
