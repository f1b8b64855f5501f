/** A client and its server with nothing but a line between them, by any link. */
import type { MakeScene } from "./fault-table.ts";
import { LinkServer } from "./link-server.ts";
import { connectBy, type LinkUnderTest } from "./link-under-test.ts";

export function directScene(link: LinkUnderTest): MakeScene {
  return async ({ client = {}, server: options = {} }) => {
    const server = await LinkServer.start(options, link.isRaw);
    return {
      port: server.port,
      settled: link.settled,
      isRaw: link.isRaw,
      connect: (linePort) => connectBy<number, number>(link, linePort, client),
      nextSession: () => server.nextSession(),
      restart: async () => {
        await server.forget();
        await server.up();
      },
      down: () => server.down(),
      up: () => server.up(),
      close: () => server.forget(),
    };
  };
}
