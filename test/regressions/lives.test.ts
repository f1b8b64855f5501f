import { expect, test } from "vitest";
import { LivesWorld } from "../sim/lives.ts";

// The same saved text was resumed twice, as when a browser duplicates a tab. Both clients had the
// same incarnation; the server took the messages of the second for copies of the first one's.
test("[INC-2] a state that is resumed twice gives one session, and tells the other client", () => {
  const world = new LivesWorld();
  world.openSession();
  const state = world.save(0);
  const [first, second] = [world.resume(state), world.resume(state)];
  world.send(first, "of the first");
  world.send(second, "of the second");

  world.heal();

  expect(world.received).toEqual(["hello", "of the first"]);
  expect(world.lives[second]?.ended?.reason).toBe("superseded");
  expect(world.fatesOf(second)).toContain("of the second");
  expect(world.lives[first]?.ended).toBeUndefined();
});

// The client that was saved went on and sent; what was resumed from the state was behind it, and
// gave the same numbers to other messages: `index_conflict`, or a silent loss.
test("[INC-4] a client that goes on after it was saved leaves the session to what was resumed", () => {
  const world = new LivesWorld();
  world.openSession();
  const resumed = world.resume(world.save(0));
  world.send(0, "after saving");
  world.send(resumed, "after resuming");

  world.heal();

  expect(world.received).toEqual(["hello", "after resuming"]);
  expect(world.lives[0]?.ended?.reason).toBe("superseded");
  expect(world.fatesOf(0)).toContain("after saving");
});

// A page was saved and shown again; what was resumed from its state later was ahead of nobody.
test("[INC-4] a client that was saved and is used again keeps the session from a state that is older", () => {
  const world = new LivesWorld();
  world.openSession();
  const state = world.save(0);
  world.wake(0);
  world.send(0, "after saving");
  world.deliverAll();
  const resumed = world.resume(state);
  world.send(resumed, "too late");

  world.heal();

  expect(world.received).toEqual(["hello", "after saving"]);
  expect(world.lives[resumed]?.ended?.reason).toBe("superseded");
  expect(world.fatesOf(resumed)).toEqual(["too late"]);
  expect(world.lives[0]?.ended).toBeUndefined();
});
