/**
 * What every pair of adapters must do, over real sockets: the same cases for each. A flag of the
 * pair names what it lacks, and the cases that need it are left out.
 */
import { describe } from "vitest";
import { admissionCases } from "./admission-cases.ts";
import { breakingCases } from "./breaking-cases.ts";
import { channelCases } from "./channel-cases.ts";
import { endingCases } from "./ending-cases.ts";
import type { Harness } from "./harness.ts";
import { httpCases } from "./http-cases.ts";
import { patientCases } from "./patient-cases.ts";
import { quietCases } from "./quiet-cases.ts";
import { restartCases } from "./restart-cases.ts";
import { trafficCases } from "./traffic-cases.ts";

/** The cases of one pair. */
export function describeContract(harness: Harness): void {
  describe(`a session over ${harness.name}`, () => {
    trafficCases(harness);
    channelCases(harness);
    breakingCases(harness);
    endingCases(harness);
    admissionCases(harness);
    restartCases(harness);
    quietCases(harness);
    describe.concurrent("in the course of time", () => {
      patientCases(harness);
    });
  });
  if (harness.lacks.includes("http")) return;
  describe(`HTTP as ${harness.name} speaks it`, () => {
    httpCases(harness);
  });
}
