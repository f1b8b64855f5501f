// The README's recipe for a session that ends, start-over.ts, and whom it sends to, take-orders.ts.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientSession } from "holdfast";
import { describe, expect, it, onTestFinished } from "vitest";
import { keepOrdering, type Order } from "../../examples/readme/start-over.ts";
import { startChaos } from "../../src/chaos/index.ts";
import { Program } from "../program.ts";
import { numbersTo, soon, until } from "../waiting.ts";

const COUNT = 1_000;
const orders: readonly Order[] = numbersTo(COUNT).map((id) => ({ id, text: "tea" }));

/** A file that goes with the test, and the orders that it says were done. */
function newFile(): { readonly file: string; readonly done: () => number[] } {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-orders-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "orders.txt");
  const done = (): number[] => {
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => Number.parseInt(line, 10));
  };
  return { file, done };
}

function noSession(): Promise<never> {
  return Promise.reject(new Error("no session"));
}

describe("who takes orders and is killed in the middle", () => {
  it("has done each once in the end, and nothing that it only held was forgotten", async () => {
    const { file, done } = newFile();
    const first = new Program("examples/readme/take-orders.ts", [file]);
    const port = await first.port();
    const line = await startChaos({ target: port });
    onTestFinished(() => line.close());
    const used: ClientSession<string, Order>[] = [];
    const url = `http://${line.address}/holdfast`;
    const over = keepOrdering(url, (session) => void used.push(session));
    await soon(used[0]?.opened ?? noSession(), "the session");
    // Once; what is left of them the recipe sends again.
    for (const order of orders) used[0]?.send(order);
    // For a while answers say what is held; then all connections are cut, and nobody hears what is
    // done from then on.
    await until(() => done().length > 100, "some orders");
    line.set({ blackout: true });
    const doneAndSaid = done().length;
    await until(() => done().length > doneAndSaid, "another order");
    first.signal("SIGKILL");
    expect(await first.ended).toBe("SIGKILL");
    const doneByFirst = done().length;
    expect(doneByFirst).toBeLessThan(COUNT);

    line.set({ blackout: false });
    const second = new Program("examples/readme/take-orders.ts", [file], port);
    await second.port();
    await until(() => done().length > COUNT / 2, "half of the orders");
    await until(() => done().length === COUNT, "the last order");
    expect(done().toSorted((one, other) => one - other)).toEqual(numbersTo(COUNT));
    expect(used).toHaveLength(2);
    await soon(used[1]?.close() ?? noSession(), "the close");
    expect(await soon(over, "the end")).toEqual({ reason: "closed", left: [] });
    // Some came twice, and were done once.
    expect(used[1]?.stats.messagesSent).toBeGreaterThan(COUNT - doneByFirst);
    expect(second.complaints).toEqual([]);
  });
});
