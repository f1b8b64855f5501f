import { describe, expect, test } from "vitest";

import { faultOf, followTraces } from "./model.ts";
import { PLANTED, PROPERTIES, TRACE_SIZES } from "./properties.ts";
import { verify } from "./spin.ts";

const TRACES = 20;

describe("the model of the parking rule and of acknowledgements", () => {
  for (const property of PROPERTIES.filter(({ isQuick }) => isQuick === true)) {
    test(`holds in every state: ${property.name}`, async () => {
      const found = await verify(property);
      expect(faultOf(property, found)).toBeUndefined();
      expect(found.states).toBeGreaterThan(1_000);
    });
  }

  for (const property of PLANTED) {
    test(`is refuted with a bug: ${property.name}`, async () => {
      expect(faultOf(property, await verify(property))).toBeUndefined();
    });
  }

  for (const size of TRACE_SIZES) {
    test(`is followed by the core step by step: ${JSON.stringify(size)}`, async () => {
      expect(await followTraces(size, TRACES)).toBeGreaterThan(TRACES * 50);
    });
  }
});
