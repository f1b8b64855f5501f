import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import { PayloadQueue, PayloadStore, viewOf } from "../../src/core/payload-queue.ts";

type Step = readonly ["push" | "shift" | "replace" | "clear", number];

const steps = fc.array(
  fc.tuple(
    fc.constantFrom("push", "push", "push", "shift", "replace", "clear"),
    fc.oneof(fc.nat(40), fc.constantFrom(300, 512, 513)),
  ),
  { maxLength: 120, size: "max" },
) as fc.Arbitrary<Step[]>;

/** Each payload is of one byte, repeated. */
const brief = (payload: Uint8Array): string =>
  `${payload.length} times ${[...new Set(payload)].join(" and ")}`;

describe("a queue of payloads with its store", () => {
  test("keeps what was stored, whatever becomes of the buffers it came in", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const store = new PayloadStore();
        const queue = new PayloadQueue();
        let model: Uint8Array[] = [];
        let head = 0;
        let fill = 0;
        for (const [kind, bytes] of list) {
          const payload = new Uint8Array(bytes).fill(++fill);
          if (kind === "push") {
            store.store(payload);
            expect(queue.push(store.source, store.offset, bytes)).toBe(head + model.length);
            model.push(payload.slice());
            if (bytes <= 512) payload.fill(0);
          } else if (kind === "shift" && model.length > 0) {
            queue.shift();
            model.shift();
            head++;
          } else if (kind === "replace" && model.length > 0) {
            const at = bytes % model.length;
            store.store(payload);
            queue.replace(head + at, store.source, store.offset, bytes);
            model[at] = payload;
          } else if (kind === "clear" && bytes < 3) {
            queue.clear();
            store.reset();
            head += model.length;
            model = [];
          }
        }
        const kept = Array.from({ length: queue.size }, (_, at) => queue.view(head + at));
        expect(kept.map(brief)).toEqual(model.map(brief));
        expect(kept.map((_, at) => queue.bytes(head + at))).toEqual(
          model.map(({ length }) => length),
        );
      }),
    );
  });

  test("copies small payloads and refers to large ones", () => {
    const store = new PayloadStore();
    const small = new Uint8Array(512);
    const large = new Uint8Array(513);

    store.store(small);
    expect(store.source).not.toBe(small);
    store.store(large);
    expect(viewOf(store.source, store.offset, 513)).toBe(large);
  });

  test("has nothing outside of its positions", () => {
    const queue = new PayloadQueue();

    expect(() => queue.shift()).toThrow(InvariantError);
    expect(() => queue.view(0)).toThrow(InvariantError);
    expect(() => queue.replace(0, new Uint8Array(0), 0, 0)).toThrow(InvariantError);
  });
});
