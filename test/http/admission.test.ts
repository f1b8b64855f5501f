import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Admission, Admitted } from "../../src/http/admission.ts";
import { IncomingBody } from "../../src/http/incoming-body.ts";

const limits = {
  requestsMax: 6,
  requestsPerAddressMax: 3,
  readingBytesMax: 60,
  readingBytesPerAddressMax: 30,
};

describe("admission", () => {
  it("keeps to every limit and forgets what is over, in any order of events", () => {
    const step = fc.record({
      kind: fc.constantFrom("admit", "take", "finish", "release"),
      address: fc.constantFrom("a", "b", "c", ""),
      place: fc.nat(9),
      bytes: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const admission = new Admission(limits);
        const admitted: { address: string; bytes: number; it: Admitted }[] = [];
        for (const { kind, address, place, bytes } of steps) {
          const chosen = admitted[place];
          if (kind === "admit") {
            const outcome = admission.admit(address);
            const ofAddress = admitted.filter((other) => other.address === address).length;
            const isAddressFull = address !== "" && ofAddress >= limits.requestsPerAddressMax;
            if (isAddressFull) expect(outcome).toBe("address_overloaded");
            else if (admitted.length >= limits.requestsMax) expect(outcome).toBe("overloaded");
            else expect(outcome).toBeInstanceOf(Admitted);
            if (outcome instanceof Admitted) admitted.push({ address, bytes: 0, it: outcome });
          } else if (chosen !== undefined && kind === "take") {
            if (chosen.it.take(bytes) === undefined) chosen.bytes += bytes;
          } else if (chosen !== undefined && kind === "finish") {
            chosen.it.finishReading();
            chosen.bytes = 0;
          } else if (chosen !== undefined) {
            chosen.it.release();
            chosen.it.release();
            admitted.splice(place, 1);
          }
          const known = admitted.filter((other) => other.address !== "");
          const readingBytes = admitted.reduce((sum, other) => sum + other.bytes, 0);
          expect(admission.counts()).toEqual({
            requests: admitted.length,
            readingBytes,
            addresses: new Set(known.map((other) => other.address)).size,
          });
          expect(readingBytes).toBeLessThanOrEqual(limits.readingBytesMax);
        }
      }),
    );
  });

  it("lets no address take more of the bytes in reading than its part", () => {
    const admission = new Admission(limits);
    const [first, second, third] = ["a", "a", "b"].map((address) => admission.admit(address));
    if (!(first instanceof Admitted && second instanceof Admitted && third instanceof Admitted)) {
      throw new Error("refused");
    }
    expect(first.take(20)).toBeUndefined();
    expect(second.take(11)).toBe("address_overloaded");
    expect(second.take(10)).toBeUndefined();
    expect(third.take(30)).toBeUndefined();
    const unknown = admission.admit("");
    expect(unknown instanceof Admitted && unknown.take(1)).toBe("overloaded");
  });
});

describe("an incoming body", () => {
  function admit(): Admitted {
    const plenty = { requestsMax: 1, requestsPerAddressMax: 1 };
    const bytes = { readingBytesMax: 1e9, readingBytesPerAddressMax: 1e9 };
    const admitted = new Admission({ ...plenty, ...bytes }).admit("a");
    if (typeof admitted === "string") throw new Error(admitted);
    return admitted;
  }

  it("is its chunks in a row, however it was cut", () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 20 });
    fc.assert(
      fc.property(chunks, (pieces) => {
        const body = new IncomingBody(100_000, admit());
        for (const piece of pieces) expect(body.add(piece)).toBeUndefined();
        const whole = body.finish() ?? new Uint8Array(0);
        expect(Buffer.compare(whole, Buffer.concat(pieces))).toBe(0);
      }),
    );
  });

  it("does not write over the chunk that it began with", () => {
    const memory = new Uint8Array(100).fill(1);
    const body = new IncomingBody(100, admit());
    body.add(memory.subarray(0, 10));
    body.add(Uint8Array.of(2, 2));
    expect(body.finish()).toEqual(Uint8Array.from([...Array<number>(10).fill(1), 2, 2]));
    expect(memory).toEqual(new Uint8Array(100).fill(1));
  });

  it("takes at most twice its bytes of memory, even if it comes a byte at a time", () => {
    const body = new IncomingBody(1_000_000, admit());
    for (let at = 0; at < 100_000; at++) body.add(Uint8Array.of(at));
    const whole = body.finish();
    expect(whole?.length).toBe(100_000);
    expect(whole?.buffer.byteLength).toBeLessThanOrEqual(200_000);
  });
});
