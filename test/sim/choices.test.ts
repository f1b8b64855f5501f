import { expect, test } from "vitest";
import { fromTape, HARMLESS, Play, RecordedChoices, seeded } from "../../src/sim/index.ts";

test("harmless choices are always the first", () => {
  expect(HARMLESS.pick(5, "any")).toBe(0);
});

test("a seed gives the same choices again, within bounds, and all of them", () => {
  const left = seeded(1);
  const right = seeded(1);
  const seen = new Set<number>();
  for (let count = 0; count < 1_000; count++) {
    const value = left.pick(7, "any");
    expect(right.pick(7, "any")).toBe(value);
    seen.add(value);
  }

  expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("a tape gives what was recorded, and harmless choices where it does not fit", () => {
  const recorded = new RecordedChoices(seeded(3));
  const values = [recorded.pick(10, "first"), recorded.pick(10, "second")];

  const played = fromTape(recorded.tape);
  expect([played.pick(10, "first"), played.pick(10, "second")]).toEqual(values);
  expect(played.pick(10, "beyond the end")).toBe(0);
  expect(fromTape([9]).pick(3, "too large")).toBe(0);
});

test("odds say how often it is another than the harmless choice, and all others are as likely", () => {
  const choices = seeded(11);
  const counts = [0, 0, 0, 0];
  for (let asked = 0; asked < 40_000; asked++) {
    const value = choices.pick(4, "any", 60);
    counts[value] = (counts[value] ?? 0) + 1;
  }

  expect(counts[0]).toBeGreaterThan(37_300);
  expect(counts[0]).toBeLessThan(37_900);
  for (const count of counts.slice(1)) expect(Math.abs(count - 800)).toBeLessThan(150);
  expect(choices.pick(1, "no choice", 1_000)).toBe(0);
  expect(choices.pick(2, "never", 0)).toBe(0);
  expect(choices.pick(2, "always", 1_000)).toBe(1);
});

test("a play marks what happens, and asks nothing of what cannot", () => {
  const play = new Play(fromTape([0, 1, 1]));
  const happened = ["lost", "lost", "doubled"].map((kind) => play.happens(kind, `${kind}?`, 100));

  expect(happened).toEqual([false, true, true]);
  expect(play.happens("torn", "torn?", 0)).toBe(false);
  expect(play.picked.map(({ label }) => label)).toEqual(["lost?", "lost?", "doubled?"]);
  expect([...play.marks]).toEqual([
    ["lost", 1],
    ["doubled", 1],
  ]);
  play.mark("lost", 4);
  expect(play.marks.get("lost")).toBe(5);
});

test("a play keeps what options came to be", () => {
  const play = new Play(HARMLESS);
  expect(play.expand("rate", 3)).toBe(3);
  expect(play.expand("rate", 4)).toBe(4);
  expect([...play.options]).toEqual([["rate", 4]]);
});

test("a play that never ends is stopped at its limit, and says what it was asked for", () => {
  const play = new Play(HARMLESS, { picksMax: 3 });
  for (let asked = 0; asked < 3; asked++) play.pick(2, "again");

  expect(() => play.pick(2, "once more")).toThrow(
    expect.objectContaining({
      name: "ScenarioError",
      code: "picks_too_many",
      message: "picks_too_many: more than 3; the next: once more",
    }),
  );
});
