// Random runs of sessions without polling: pipes are cut, break at one end, fall silent one way, do
// not come at all; clients are saved and resumed, servers drain. When that ends everything arrives,
// once and in order.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Linked as Bench, Line } from "./linked.ts";
import { Linked } from "./linked.ts";

/** What may happen, by its number. */
const MISHAPS: readonly ((linked: Bench, line: Line | undefined, seed: number) => void)[] = [
  (linked) => linked.send("client", `c${linked.sent.client++}`),
  (linked) => linked.send("server", `s${linked.sent.server++}`),
  (linked) => {
    for (let count = 0; count < 20; count++) linked.send("client", `c${linked.sent.client++}`);
    for (let count = 0; count < 20; count++) linked.send("server", `s${linked.sent.server++}`);
  },
  (linked, line) => line !== undefined && linked.cut(linked.lines.indexOf(line)),
  (linked, line) => line !== undefined && line.isUp && linked.breakFor(line, "client"),
  (linked, line) => line !== undefined && line.isUp && linked.breakFor(line, "server"),
  (_, line) => line !== undefined && (line.deaf.up = true),
  (_, line) => line !== undefined && (line.deaf.down = true),
  (linked, _, seed) => linked.resume(seed),
  (linked) => linked.perform(() => linked.client.handleWake(linked.nowMs)),
  (linked) => (linked.wanted = "nothing"),
  (linked) => (linked.doPollsFail = true),
  (linked, line) =>
    line?.session !== undefined &&
    linked.perform(() => {
      linked.endpoint.retirePipe(linked.nowMs, linked.served, line.handle);
    }),
];

const numbersTo = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${letter}${at}`);

describe.each(["none", "prompt"] as const)("sessions whose requests are for %s", (requests) => {
  test("lose, double and reorder nothing, whatever happens to pipes", () => {
    const steps = fc.array(fc.tuple(fc.nat(MISHAPS.length - 1), fc.nat(400)), { maxLength: 40 });
    let hurt = 0;
    const runs = Number(process.env["FC_RUNS"] ?? 40);
    fc.assert(
      fc.property(steps, (mishaps) => {
        const way = requests === "none" ? "socket" : "stream";
        const linked = new Linked({ requests });
        linked.wanted = way;
        linked.run(200);
        for (const [at, [mishap, waitMs]] of mishaps.entries()) {
          MISHAPS[mishap]?.(linked, linked.lines.at(-1), at + 1);
          linked.run(waitMs);
          if (waitMs > 300) [linked.wanted, linked.doPollsFail] = [way, false];
        }
        [linked.wanted, linked.doPollsFail] = [way, false];
        hurt += linked.told.client.filter(({ kind }) => kind === "pipe-gone").length;
        linked.run(60_000);
        linked.send("client", `c${linked.sent.client++}`);
        linked.send("server", `s${linked.sent.server++}`);
        linked.run(5_000);

        expect(linked.client.state).toBe("open");
        expect(linked.received.server).toEqual(numbersTo("c", linked.sent.client));
        expect(linked.received.client).toEqual(numbersTo("s", linked.sent.server));
        expect(linked.client.joined).toBeGreaterThan(0);
        if (requests === "none") expect(linked.count("request")).toBe(0);
      }),
      { numRuns: runs },
    );
    expect(hurt).toBeGreaterThan(50);
  });
});
