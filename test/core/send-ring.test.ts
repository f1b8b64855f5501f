import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/core/errors.ts";
import {
  NO_KEY,
  SendRing,
  UNIT_FACT,
  UNIT_MESSAGE,
  UNIT_PART,
  UNIT_SKIP,
  UNIT_SKIP_PART,
} from "../../src/core/send-ring.ts";

interface Kept {
  kind: number;
  readonly bytes: number;
  transmission: number;
  isReceived: boolean;
}

const append = (ring: SendRing, kind: number, bytes: number): number =>
  ring.append(kind, new Uint8Array(bytes).fill(bytes), 0, bytes, bytes + 1, bytes + 2, NO_KEY, 1);

const steps = fc.array(
  fc.tuple(
    fc.constantFrom("append", "append", "append", "release", "receive", "give up", "send"),
    fc.nat(200),
  ),
  { maxLength: 200, size: "max" },
);

describe("a send ring", () => {
  test("is a list of units by seq, over growth and wrap-around", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const ring = new SendRing();
        const model = new Map<number, Kept>();
        for (const [what, value] of list) {
          const seq = ring.base + (model.size === 0 ? 0 : value % model.size);
          const kept = model.get(seq);
          if (what === "append") {
            const kind = 1 + (value % 3);
            model.set(append(ring, kind, value), {
              kind,
              bytes: value,
              transmission: 1,
              isReceived: false,
            });
          } else if (kept === undefined) {
            continue;
          } else if (what === "release") {
            model.delete(ring.base);
            ring.release();
          } else if (what === "receive") {
            kept.isReceived = true;
            ring.setReceived(seq);
          } else if (what === "send") {
            kept.transmission = value;
            ring.setTransmission(seq, value);
          } else if (kept.kind === UNIT_MESSAGE || kept.kind === UNIT_PART) {
            kept.kind = kept.kind === UNIT_MESSAGE ? UNIT_SKIP : UNIT_SKIP_PART;
            ring.giveUp(seq);
          }
        }
        expect(ring.size).toBe(model.size);
        for (const [each, { kind, bytes, transmission, isReceived }] of model) {
          const isKept = kind <= UNIT_FACT;
          expect(ring.kind(each)).toBe(kind);
          expect(ring.bytes(each)).toBe(bytes);
          expect(ring.channel(each)).toBe(bytes + 1);
          expect(ring.index(each)).toBe(bytes + 2);
          expect(ring.key(each)).toBe(NO_KEY);
          expect(ring.transmission(each)).toBe(transmission);
          expect(ring.isReceived(each)).toBe(isReceived);
          expect(ring.unit(each)).toEqual(isKept ? new Uint8Array(bytes).fill(bytes) : undefined);
          if (kind === UNIT_MESSAGE) expect(ring.payload(each).length).toBe(bytes);
        }
      }),
    );
  });

  test("has nothing outside of its seqs, and gives up messages and parts only", () => {
    const ring = new SendRing();
    const seq = append(ring, UNIT_FACT, 3);

    expect(ring.has(seq)).toBe(true);
    expect(ring.has(0)).toBe(false);
    expect(ring.has(2)).toBe(false);
    expect(() => ring.kind(2)).toThrow(InvariantError);
    expect(() => ring.giveUp(seq)).toThrow(InvariantError);
    expect(() => ring.payload(seq)).toThrow(InvariantError);
    ring.release();
    expect(() => ring.release()).toThrow(InvariantError);
  });

  test("counts departures no further than it can, and then takes none back", () => {
    const ring = new SendRing();
    const seq = append(ring, UNIT_FACT, 3);
    for (let transmission = 2; transmission <= 300; transmission++) {
      ring.setTransmission(seq, transmission);
    }
    for (let back = 0; back < 300; back++) ring.takeBack(seq);

    expect(ring.mayHaveLeft(seq)).toBe(true);
  });
});
