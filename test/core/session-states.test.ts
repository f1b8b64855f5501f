import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import {
  nextState,
  type SessionEvent,
  type SessionState,
  TRANSITIONS,
} from "../../src/core/session-states.ts";

const states = Object.keys(TRANSITIONS) as SessionState[];
const events: SessionEvent[] = ["open", "close", "end"];

describe("the states of a session", () => {
  const cells = states.flatMap((state) => events.map((event) => [state, event] as const));

  test.each(cells)("from %s by %s lead where the table says, or nowhere", (state, event) => {
    const next = TRANSITIONS[state][event];

    if (next === undefined) expect(() => nextState(state, event)).toThrow(InvariantError);
    else expect(nextState(state, event)).toBe(next);
  });

  test("can all be left for the end, which none leaves", () => {
    for (const state of states) {
      expect(TRANSITIONS[state].end).toBe(state === "ended" ? undefined : "ended");
    }
    expect(Object.values(TRANSITIONS.ended)).toEqual([undefined, undefined, undefined]);
  });

  test("are never reopened by an answer after a close", () => {
    expect(nextState("closing", "open")).toBe("closing");
  });
});
