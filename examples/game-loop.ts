/**
 * The loop of a game: 60 times a second each player sends a move and gets the places of all. In one
 * process, as one clock must say how old a place is. The line may be made bad:
 * `npx tsx examples/game-loop.ts --seconds 10 --loss 5% --cuts 2/s --delay 20ms`
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Channel, connect } from "holdfast";
import { parseDuration, parseInterval, parseProbability, startChaos } from "holdfast/chaos";
import { nodeListener } from "holdfast/http/node";
import { SessionServer } from "holdfast/server";

type Move = { number: number; step: number };
type Place = { player: number; x: number; tick: number; sentAtMs: number };
const text = { type: "string" } as const;
const { values } = parseArgs({ options: { seconds: text, loss: text, cuts: text, delay: text } });
const { seconds = "10", loss = "0", cuts, delay = "0" } = values;
const frameCount = (parseDuration(`${seconds}s`) / 1000) * 60; // Throws at what is no number.
const count = { moves: 0, movesTaken: 0, placesTaken: 0, overtaken: 0, wrong: 0 };
const agesMs: number[] = [];
const port = Number(process.env["PORT"] ?? 8080);
const LIMITS = { parkedMax: 16 }; // An answer a frame takes one for each frame of a round trip.

/** `setInterval(act, 1000 / 60)` takes whole milliseconds and never makes up for being late. */
async function everyFrame(act: (frame: number) => void): Promise<void> {
  const startMs = performance.now();
  for (let frame = 1; frame <= frameCount; frame++) {
    act(frame);
    await sleep(startMs + (frame * 1000) / 60 - performance.now());
  }
}

// Each move counts: they go the ordinary way, all of them and in order. A place is worth nothing
// once there is a newer one: in mode `latest` it gives way to the next one with its key.
const players: { x: number; moves: number; places: Channel<never, Place> }[] = [];
const sessions = new SessionServer<Move>({
  ...LIMITS,
  onSession(session) {
    const places = session.channel<never, Place>("places", { mode: "latest" });
    const player = { x: 0, moves: 0, places };
    players.push(player); // Nobody leaves before the end here; chat.ts shows what that takes.
    session.onBundle((moves) => {
      for (const { number, step } of moves) {
        if (number !== ++player.moves) count.wrong++;
        count.movesTaken++;
        player.x += step;
      }
    });
  },
});
const server = createServer(nodeListener(sessions)).listen(port, "127.0.0.1");
const ticking = everyFrame((tick) => {
  const now = { tick, sentAtMs: performance.now() };
  for (const { places } of players)
    for (const [key, { x }] of players.entries()) places.send({ player: key, x, ...now }, { key });
});

async function play(url: string): Promise<void> {
  const session = connect<never, Move>(url, LIMITS);
  const known = new Map<number, Place>();
  session.on("channel", (channel) => {
    channel.as<Place, never>().onBundle((places) => {
      for (const place of places) {
        const ticks = place.tick - (known.get(place.player)?.tick ?? place.tick - 1);
        if (ticks < 1) count.wrong++;
        count.placesTaken++;
        count.overtaken += ticks - 1; // Those between came too late, or never left.
        known.set(place.player, place);
      }
    });
  });
  await everyFrame((number) => {
    session.send({ number, step: Math.sign(Math.random() - 0.5) });
    count.moves++;
    for (const seen of known.values()) agesMs.push(performance.now() - seen.sentAtMs);
  });
  await ticking;
  await session.close(); // When both sides hold everything: the last move, and the last places.
  for (const place of known.values()) if (place.tick !== frameCount) count.wrong++;
}

const cutEveryMs = cuts === undefined ? 0 : parseInterval(cuts);
const faults = { loss: parseProbability(loss), cutEveryMs, delayMs: parseDuration(delay) };
const line = await startChaos({ target: port, ...faults });
const playing = [1, 2, 3].map(() => play(`http://${line.address}/holdfast`));
for (let second = 1; second <= Number(seconds); second++) {
  const before = { ...count };
  await sleep(1_000);
  const rate = (name: keyof typeof count) => Math.round((count[name] - before[name]) / 3);
  const pace = `${rate("moves")}/s out, ${rate("placesTaken")}/s in, ${rate("overtaken")} overtaken`;
  const ages = agesMs.splice(0).toSorted((left, right) => left - right);
  const age = `${ages[ages.length >> 1]?.toFixed()} ms, at worst ${ages.at(-1)?.toFixed()} ms`;
  console.log(`${second} s, a player: ${pace}; age ${age}`);
}
await Promise.all(playing).finally(() => server.close());
await line.close();
console.log(count, `${line.counts.cuts} cuts, ${line.counts.requestsLost} requests lost`);
process.exitCode = count.wrong === 0 && count.movesTaken === count.moves ? 0 : 1;
