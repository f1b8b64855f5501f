/** What may be said about the faults of a line, checked: it comes from whoever sends a request. */
import { CUT_EVERY_MS_MAX, CUT_EVERY_MS_MIN, DELAY_MS_MAX, type LineFaults } from "./messages.ts";
import { RefusedError } from "./refusal.ts";

const RANGES: Readonly<Record<Exclude<keyof LineFaults, "blackout">, readonly [number, number]>> = {
  cutEveryMs: [CUT_EVERY_MS_MIN, CUT_EVERY_MS_MAX],
  loseRequest: [0, 1],
  loseResponse: [0, 1],
  delayMs: [0, DELAY_MS_MAX],
  double: [0, 1],
  damage: [0, 1],
};

/** `before` with what a request's body says laid over it. Throws `RefusedError`. */
export function changeFaults(before: LineFaults, body: unknown): LineFaults {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw invalid("The body must be an object of faults");
  }
  for (const [name, value] of Object.entries(body)) checkFault(name, value);
  return { ...before, ...body };
}

function checkFault(name: string, value: unknown): void {
  if (name === "blackout") {
    if (typeof value !== "boolean") throw invalid("blackout must be true or false");
    return;
  }
  if (!Object.hasOwn(RANGES, name)) {
    const known = ["blackout", ...Object.keys(RANGES)].join(", ");
    throw invalid(`There is a fault that is none of ${known}`);
  }
  const [least, most] = RANGES[name as keyof typeof RANGES];
  if (value === 0 || (typeof value === "number" && value >= least && value <= most)) return;
  throw invalid(`${name} must be ${least === 0 ? "" : "0, or "}a number from ${least} to ${most}`);
}

function invalid(message: string): RefusedError {
  return new RefusedError(400, "faults_invalid", message);
}
