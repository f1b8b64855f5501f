// A run of messages as a sender writes it: lengths, and stretches of memory instead of payloads.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StoredRun } from "../../src/core/stored-run.ts";
import { Wire } from "../../src/core/wire.ts";

const CHUNK = Uint8Array.from({ length: 256 }, (_, at) => at);

/** What a run writes, taken in pieces. */
function written(run: StoredRun, pieces: readonly number[]): Uint8Array {
  const writer = Wire.writer(0);
  const copy = run.copier;
  for (const bytes of pieces) copy(writer, bytes);
  return writer.bytes.slice(0, writer.position);
}

describe("a stored run", () => {
  test("writes neighbours as they lie, wherever it is cut, and shows them one by one", () => {
    const place = fc.tuple(fc.boolean(), fc.nat(40), fc.nat(200));
    const property = fc.property(fc.array(place, { minLength: 1 }), (places) => {
      const run = new StoredRun(0, 1, 1);
      const payloads: Uint8Array[] = [];
      let end = 0;
      for (const [isNext, bytes, elsewhere] of places) {
        const offset = isNext && end + bytes <= CHUNK.length ? end : elsewhere;
        run.add(CHUNK, offset, bytes);
        payloads.push(CHUNK.slice(offset, offset + bytes));
        end = offset + bytes;
      }

      const all = Uint8Array.from(payloads.flatMap((payload) => [...payload]));
      expect(written(run, run.lengths)).toEqual(all);
      expect(written(run, [all.length])).toEqual(all);
      expect(run.payloads.map((payload) => payload.slice())).toEqual(payloads);
    });
    fc.assert(property);
  });

  test("is made of a frame with payloads, and is itself where it is one already", () => {
    const payloads = [Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)];
    const run = StoredRun.of({ kind: "messages", channel: 2, seq: 5, index: 4, payloads });

    expect(run).toMatchObject({ channel: 2, seq: 5, index: 4, lengths: [2, 0, 1] });
    expect(run.payloads).toEqual(payloads);
    expect(StoredRun.of(run)).toBe(run);
  });
});
