/** The table of faults with something in between: the line of a row stands right behind the client. */
import { LINKS_DEFAULT } from "../../src/session/link-options.ts";
import type { LinkName } from "../../src/session/pipe-carrier.ts";
import type { MakeScene } from "../links/fault-table.ts";
import type { Program, Way } from "./program.ts";
import { Site } from "./site.ts";

export function wayScene(way: Program | Way, settled: LinkName): MakeScene {
  return async ({ client = {}, server = {} }) => {
    const site = await Site.start(way, { server: server as object });
    return {
      port: site.proxy.port,
      settled,
      // A line that reads requests would keep connections to a proxy that closes them unsaid, and
      // answer for it when it does: clients of forward proxies talk to these themselves.
      isRaw: way.isForwardProxy === true,
      connect: (port) =>
        site.connectThrough<number, number>(port, { links: LINKS_DEFAULT, ...client }),
      nextSession: () => site.nextSession<number, number>(),
      async restart() {
        await site.serverDown();
        await site.serverUp();
      },
      down: () => site.proxy.down(),
      up: () => site.proxy.up(),
      // It ends with the test, as what stands in between does.
      close: async () => {},
    };
  };
}
