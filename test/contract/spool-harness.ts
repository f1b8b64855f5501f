/** The pair without HTTP. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectOver, msgpack } from "../../src/session/index.ts";
import type { Harness, LinkOptions, Site } from "./harness.ts";
import { SpoolCarrier } from "./spool-carrier.ts";
import { ANSWERS, DRAFTS, REQUESTS } from "./spool-folder.ts";
import { SpoolServer } from "./spool-server.ts";
import { until } from "../waiting.ts";

export const spool: Harness = {
  name: "a spool directory",
  lacks: ["addresses", "http"],
  async listen(handler): Promise<Site> {
    const parent = mkdtempSync(join(tmpdir(), "holdfast-spool-"));
    const root = join(parent, "here");
    const away = join(parent, "away");
    for (const folder of [REQUESTS, ANSWERS, DRAFTS]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    const server = new SpoolServer(root, handler);
    const carriers: SpoolCarrier[] = [];
    return {
      url: "",
      connect<In, Out>({ codec = msgpack, headers, ...options }: LinkOptions) {
        const carrier = new SpoolCarrier(root, headers);
        carriers.push(carrier);
        return connectOver<In, Out>(carrier, codec, options);
      },
      cut: () => server.cut(),
      block() {
        server.cut();
        renameSync(root, away);
      },
      unblock() {
        if (existsSync(away)) renameSync(away, root);
      },
      async close() {
        // Clients hear their last answer by the folder, which must be there for so long.
        await until(() => carriers.every(({ isClosed }) => isClosed), "the clients' end");
        server.close();
        rmSync(parent, { recursive: true, force: true });
      },
    };
  },
};
