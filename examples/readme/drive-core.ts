import { RequestSide } from "holdfast/core";

const secrets = crypto.getRandomValues(new Uint8Array(32));
const client = new RequestSide(performance.now(), {
  nonce: secrets.subarray(0, 16),
  secret: secrets.subarray(16),
});
client.send(performance.now(), new TextEncoder().encode("hello"));
client.handleTimeout(performance.now()); // The end of the tick: now it speaks.

for (let out = client.poll(); out.kind !== "timeout"; out = client.poll()) {
  if (out.kind === "request") {
    // POST out.body; then client.handleAnswer(performance.now(), out.exchange, bytes),
    // or client.handleFailure(performance.now(), out.exchange).
  } else if (out.kind === "deliver") {
    for (const payload of out.payloads) console.log(payload);
  } else if (out.kind === "ended") {
    console.log(out.reason, out.neverSent, out.unknown);
  }
}
// The last output, `timeout`, says when to call handleTimeout next.
