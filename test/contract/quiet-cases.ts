/** What happens when there is little to say, and what is left when all is said. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { type Harness, Rig } from "./harness.ts";
import { numbersTo, soon, take, until } from "../waiting.ts";

export function quietCases(harness: Harness): void {
  it("brings what the server says at once: a parked request waits for it", async () => {
    const holdTimeMs = 10_000;
    const rig = await Rig.start<number, number>(harness, { holdTimeMs });
    const [client, session] = await rig.pair({ holdTimeMs });
    const waits: number[] = [];
    for (const number of numbersTo(10)) {
      await until(() => rig.desk.waiting > 0, "a parked request");
      const startMs = performance.now();
      session.send(number);
      expect(await take(client, 1)).toEqual([number]);
      waits.push(performance.now() - startMs);
    }
    const median = waits.toSorted((a, b) => a - b)[5] as number;
    // On a quiet machine a millisecond; here others are at work.
    expect(median).toBeLessThan(100);
    expect(Math.max(...waits)).toBeLessThan(holdTimeMs / 5);
  });

  it("leaves no socket, timer or file behind when sessions have ended", async () => {
    const before = resources();
    const rig = await Rig.start<string, string>(harness);
    const listening = resources();
    for (const end of ["close", "abort", "cut"]) {
      const [client, session] = await rig.pair();
      client.send("hello");
      session.send("hello");
      expect(await take(session, 1)).toEqual(["hello"]);
      expect(await take(client, 1)).toEqual(["hello"]);
      if (end === "cut") rig.site.cut();
      if (end === "abort") client.abort();
      await soon(Promise.all([client.close(), session.close()]), "the ends");
    }
    const isPooled = harness.lacks.includes("connections of its own");
    if (!isPooled) await untilOnly(listening);
    await rig.close();
    await untilOnly(before);
    // What was put off to the end of a turn is not left behind.
    for (let turns = 0; turns < 100 && beyond(before).length > 0; turns++) await nextTurn();
    expect(beyond(before)).toEqual([]);
  });
}

/** What keeps this process alive, by kind. */
function resources(): string[] {
  return process.getActiveResourcesInfo().toSorted();
}

/** What is there now and was not there then. */
function beyond(before: readonly string[]): string[] {
  const left = [...before];
  return resources().filter((kind) => {
    const at = left.indexOf(kind);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

/** What looks for it has a timer of its own. */
async function untilOnly(before: readonly string[]): Promise<void> {
  const isOwn = (kind: string): boolean => kind === "Timeout" || kind === "Immediate";
  await until(() => beyond(before).every(isOwn), "the end of what was opened");
}
