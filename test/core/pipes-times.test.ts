// When a server speaks on pipes, whatever patience a client states, and how it asks for another pipe
// in the place of an old one. spec 11.

import { describe, expect, test } from "vitest";
import type { Body } from "../../src/core/body.ts";
import { PIPE_DUMMY_MS_MIN } from "../../src/core/limits.ts";
import {
  Bench,
  bytesOf,
  CLIENT_PARAMETERS,
  type Piped,
  ScriptedClient,
} from "./scripted-client.ts";

const TICKET = bytesOf("0123456789abcdef");

function opened(options = {}): { bench: Bench; client: ScriptedClient } {
  const bench = new Bench(options);
  const client = new ScriptedClient(bench);
  client.open();
  bench.take();
  return { bench, client };
}

/** A client that hears by a pipe. */
function joined(options = {}): { bench: Bench; client: ScriptedClient; handle: number } {
  const { bench, client } = opened(options);
  const handle = client.pipe(1);
  client.onPipe(handle, { hearing: { link: 1, fromExchange: 3 } });
  bench.take();
  bench.takePiped();
  return { bench, client, handle };
}

const bodiesOf = (piped: readonly Piped[]): Body[] => piped.flatMap(({ body }) => body ?? []);

describe("times that a client states", () => {
  test("[PIPE-10] the server is never silent for longer than half of its patience", () => {
    const open = { ...CLIENT_PARAMETERS, silenceLimitMs: 9_001, holdTimeMs: 9_000 };
    const bench = new Bench();
    const client = new ScriptedClient(bench);
    client.pipe(1, { open });
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { silenceMs: 4_500 } }]);
    bench.advance(4_499);
    expect(bench.takePiped()).toEqual([]);
    bench.advance(1);
    expect(bodiesOf(bench.takePiped())).toHaveLength(1);
  });

  test("[PIPE-10] one without any patience does not make it busy", () => {
    const open = { ...CLIENT_PARAMETERS, silenceLimitMs: 1, holdTimeMs: 0 };
    const bench = new Bench();
    new ScriptedClient(bench).pipe(1, { open });
    bench.takePiped();
    bench.advance(1_000);
    expect(bench.takePiped()).toHaveLength(1_000 / PIPE_DUMMY_MS_MIN);
  });
});

describe("a pipe that grows old", () => {
  test("[PIPE-9] its client is asked once for another one", () => {
    const { bench, client, handle } = joined();
    bench.endpoint.retirePipe(bench.nowMs, client.session, handle);
    bench.endpoint.retirePipe(bench.nowMs, client.session, 99);
    bench.tick();
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { link: 1, isEnding: true } }]);
    bench.tick();
    expect(bench.takePiped()).toEqual([]);
    client.request(3, { overThrough: 2, link: 1 });
    expect(bench.take()).toMatchObject([{ body: { pipe: { link: 1, isEnding: true } } }]);
  });

  test("[PIPE-9] a stream says so only once it has shown that nobody holds it back", () => {
    const { bench, client } = opened();
    client.request(3, { offer: { link: 1, ticket: TICKET } });
    const handle = client.stream(TICKET);
    bench.endpoint.retirePipe(bench.nowMs, client.session, handle);
    bench.tick();
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { isEnding: false } }]);
    bench.advance(100);
    expect(bodiesOf(bench.takePiped())).toMatchObject([{ pipe: { isEnding: true } }]);
  });
});
