// Noise behind the upgrade: random bytes, frames with random heads, and good bodies that were
// changed, on the WebSockets of a server that has an honest session too. Whatever comes, the server
// makes no mistake, keeps nothing, and hears its honest client. `NOISE_SECONDS=60` goes on longer,
// and `FC_SEED` goes elsewhere.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect } from "../../src/http/connect-node.ts";
import { messages, reseal } from "../core/scripted-client.ts";
import { Random } from "../fuzz/random.ts";
import { closeOf } from "../http/raw-client.ts";
import { soon, until } from "../waiting.ts";
import { frame, OPCODES, upgradeHead } from "./frames.ts";
import { connected, newScript, serve, type Site } from "./hostile-site.ts";

const SECONDS = Number(process.env["NOISE_SECONDS"] ?? 3);
const SEED = Number(process.env["FC_SEED"] ?? 20_260_101);
const WORKERS = 8;

/** A good body on a pipe: the first one, with a session, or a later one. */
function goodBody(random: Random, script: ReturnType<typeof newScript>): Uint8Array {
  const numbered = random.oneIn(2) ? [messages(1, "a", "b")] : [];
  if (random.oneIn(2)) return script.encode(0, { open: true, link: 1, bare: true, numbered });
  const hearing = random.oneIn(2) ? { link: 1 + random.below(3), fromExchange: 1 } : undefined;
  return script.encodePiped({ numbered, hearing, ack: random.below(4) });
}

function changed(random: Random, body: Uint8Array): Uint8Array {
  const bytes = body.slice(0, random.oneIn(4) ? random.below(body.length) : body.length);
  for (let times = random.below(4); times > 0; times--) {
    bytes[random.below(bytes.length)] = random.below(256);
  }
  try {
    return random.oneIn(2) ? reseal(bytes) : bytes;
  } catch {
    // Too much was changed for a checksum to have a place.
    return bytes;
  }
}

function noise(random: Random, bytesMax: number): Uint8Array {
  return Uint8Array.from({ length: random.below(bytesMax) }, () => random.below(256));
}

/** What is written at once. */
function piece(random: Random, script: ReturnType<typeof newScript>): Uint8Array {
  if (random.oneIn(5)) return noise(random, 2_000);
  const body = random.oneIn(3) ? noise(random, 200) : changed(random, goodBody(random, script));
  if (random.oneIn(2)) return frame(OPCODES.binary, body);
  const opcode = random.oneIn(2) ? random.below(16) : random.pick(Object.values(OPCODES));
  return frame(opcode, body, {
    isMasked: !random.oneIn(8),
    isFinal: !random.oneIn(4),
    reserved: random.oneIn(8) ? random.below(8) << 4 : 0,
    ...(random.oneIn(8) ? { claims: random.below(2 ** random.below(53)) } : {}),
  });
}

/** One input: its number and the seed say all of it. Ends with the connection. */
async function play(site: Site, number: number): Promise<void> {
  const random = new Random(SEED, number);
  const script = newScript();
  const socket = await connected(site);
  socket.resume();
  const closed = closeOf(socket);
  socket.write(upgradeHead(site.path));
  if (random.oneIn(2)) socket.write(frame(OPCODES.binary, goodBody(random, script)));
  for (let pieces = 1 + random.below(8); pieces > 0 && socket.writable; pieces--) {
    socket.write(piece(random, script));
    if (random.oneIn(2)) await nextTurn();
  }
  if (random.oneIn(4)) socket.resetAndDestroy();
  else socket.end();
  await soon(closed, `the end of input ${number} of seed ${SEED}`);
}

test("a server bears noise on its WebSockets beside an honest session", async () => {
  const site = await serve(
    { bodyTimeoutMs: 500, answerTimeoutMs: 500, requestsPerAddressMax: 64 },
    {
      sessionsPerAddressMax: 10_000,
      async onSession(session) {
        for await (const message of session) session.send(message);
      },
    },
  );
  const honest = connect<number, number>(site.url);
  const heard: number[] = [];
  honest.onBundle((numbers) => void heard.push(...numbers));
  await until(() => honest.link === "websocket", "the honest client's WebSocket");
  const untilMs = performance.now() + 1_000 * SECONDS;
  let inputs = 0;
  const work = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      honest.send(inputs);
      await play(site, inputs++);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  await until(() => heard.length === inputs, "the honest client's echo");

  expect(heard).toEqual(Array.from({ length: inputs }, (_, number) => number));
  expect(inputs).toBeGreaterThan(50);
  expect(site.errors).toEqual([]);
  // Noise is no session; what opened one honestly before its noise has one.
  expect(site.sessions.sessions.length).toBeLessThan(inputs);
  await until(async () => (await connectionsOf(site)) < 5, "the end of all others' connections");
  honest.close();
  await soon(honest.ended, "the end");
});

function connectionsOf({ server }: Site): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((_error, count) => resolve(count));
  });
}
