// The core and its simulation, where there are no types of any host.
import {
  BODY_BYTES_MAX_DEFAULT,
  Endpoint,
  type EndpointOutput,
  ENDPOINT_DEFAULTS,
  type Head,
  readBody,
  readHead,
  RequestSide,
  UsageError,
} from "holdfast/core";
import { checkScenario, explore, Pair, type Scenario, Simulation } from "holdfast/sim";
import { assertScenario, tapes } from "holdfast/sim/fast-check";

const client = new RequestSide(0, { nonce: new Uint8Array(16), secret: new Uint8Array(32) });
client.send(0, new Uint8Array([1, 2, 3]));
client.handleTimeout(0);
const server = new Endpoint(0, { ...ENDPOINT_DEFAULTS, sessionsMax: 1 });
for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
  if (out.kind !== "request") continue;
  server.handleRequest(0, out.exchange, out.body, { address: "", principal: "" });
  const head: Head = readHead(out.body, BODY_BYTES_MAX_DEFAULT);
  readBody(out.body, head, head.address?.sessionId ?? new Uint8Array());
}
export function respond(output: EndpointOutput): Uint8Array | undefined {
  return output.kind === "respond" ? output.body : undefined;
}
const scenario: Scenario = {
  name: "coin",
  run(play): void {
    play.note(0, "hand", play.happens("tails", "it shows tails", 500) ? "tails" : "heads");
  },
};
export const checked: readonly Promise<unknown>[] = [
  checkScenario(scenario, { seeds: 10, marks: ["tails"] }),
  assertScenario(scenario, { parameters: { numRuns: 10 } }),
];
export const facts: readonly unknown[] = [
  BODY_BYTES_MAX_DEFAULT,
  UsageError,
  explore,
  Pair,
  Simulation,
  tapes,
];

// @ts-expect-error Payloads are bytes.
client.send(0, "text");
