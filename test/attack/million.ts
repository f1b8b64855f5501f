// `npm run attack`: what takes too long for every change. A million sessions of different
// identifiers from one address, ten thousand connections that say nothing, as many upgrades to
// WebSockets that are half made, and ten seconds of WebSockets that are opened and cut. Prints
// figures, and fails if the server is not up, holds too much, or an honest session beside it loses
// its pace.

import type { Tally } from "./orders.ts";
import { HELD_BYTES_MAX, Scene, type Siege } from "./siege.ts";

const MIB = 1024 * 1024;
const OPENINGS = Number(process.argv[2] ?? 1_000_000);
/** Below the 20,000 files of a process that are common, on both sides. */
const CONNECTIONS = 10_000;

/**
 * 256 sessions of at most 32 KiB, and 65,536 ended ones that are remembered for five minutes, of at
 * most 1 KiB; however many were opened.
 */
const SESSIONS_BYTES_MAX = 256 * 32_768 + 65_536 * 1_024;

const harm: string[] = [];

function tell(what: string, scene: Scene, siege: Siege<unknown>, heldBytesMax: number): void {
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
  console.log(`${what}: ${JSON.stringify(siege.result)}`);
  console.log(`  held ${mib(siege.grownBytes)} more, resident ${mib(siege.grownRssBytes)} more`);
  console.log(`  sessions ${siege.books.sessions}, connections ${siege.books.connections}`);
  const pace = `${scene.calmMs.toFixed(2)} ms before, ${siege.paceMs.toFixed(2)} ms beside`;
  console.log(`  median round trip ${pace}, ${siege.pings} of them`);
  harm.push(...scene.harmOf(siege, { heldBytesMax }).map((each) => `${what}: ${each}`));
}

const scene = await Scene.set();
const startedAtMs = performance.now();
const flood = await scene.attack<Tally>("floodOfSessions", { first: 1, times: OPENINGS });
const seconds = (performance.now() - startedAtMs) / 1_000;
tell(`${OPENINGS} openings`, scene, flood, HELD_BYTES_MAX + SESSIONS_BYTES_MAX);
console.log(`  ${seconds.toFixed(0)} s, ${(OPENINGS / seconds).toFixed(0)} openings a second`);

const idle = await scene.attack<number>("idle", { connections: CONNECTIONS });
tell(`${CONNECTIONS} idle connections`, scene, idle, HELD_BYTES_MAX + CONNECTIONS * 8_192);
await scene.relent();

const half = await scene.attack<number>("halfUpgrades", { connections: CONNECTIONS });
tell(`${CONNECTIONS} half-made upgrades`, scene, half, HELD_BYTES_MAX + CONNECTIONS * 8_192);
await scene.relent();

const perSecond = 2_000;
const storm = await scene.attack<Tally>("pipeStorm", { times: 10 * perSecond, perSecond });
tell(`WebSockets opened and cut, ${perSecond} a second`, scene, storm, HELD_BYTES_MAX);
await scene.end();

for (const each of harm) console.error(`HARM ${each}`);
process.exitCode = harm.length === 0 ? 0 : 1;
