import { describe, expect, test } from "vitest";
import { Exchanges } from "../../src/core/exchanges.ts";

describe("the ledger of exchanges", () => {
  function three(): Exchanges {
    const exchanges = new Exchanges();
    for (const isCarrier of [false, true, true]) exchanges.begin(0, 10, isCarrier, 0);
    return exchanges;
  }

  test("[EXCH-1] numbers them from 1", () => {
    expect([...three().open.keys()]).toEqual([1, 2, 3]);
    expect(three().next).toBe(4);
  });

  test("[EXCH-2] has each number either open or over", () => {
    const exchanges = three();
    expect(exchanges.end(2)).toBe(true);
    expect(exchanges.end(2)).toBe(false);

    expect([...exchanges.open.keys()]).toEqual([1, 3]);
    expect(exchanges.over.flat).toEqual([2, 2]);
  });

  test("counts those that are not overdue, and the carriers among them", () => {
    const exchanges = three();
    expect([exchanges.countLive, exchanges.countCarriers]).toEqual([3, 2]);
    expect(exchanges.oldestOverdue).toBeUndefined();

    for (const number of [2, 3]) {
      const exchange = exchanges.open.get(number);
      if (exchange !== undefined) exchange.isOverdue = true;
    }

    expect([exchanges.countLive, exchanges.countCarriers]).toEqual([1, 0]);
    expect(exchanges.oldestOverdue?.number).toBe(2);
  });

  test("states ranges above the unbroken run", () => {
    const exchanges = three();
    exchanges.end(2);
    expect(exchanges.overRanges).toEqual([2, 2]);
    exchanges.end(1);
    expect([exchanges.over.through, exchanges.overRanges]).toEqual([2, []]);
  });

  test("refuses to end what was never begun", () => {
    const exchanges = three();
    expect(exchanges.end(9)).toBe(false);
    expect(exchanges.over.isEmpty).toBe(true);
  });
});
