/**
 * Sessions over a carrier that loses, doubles, delays and cuts, with channels, slow consumers and
 * reloads, against a model: what each side was handed is what the other sent, once and in order.
 */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import type { Channel } from "../../src/session/channel.ts";
import { type ClientSession, connectOver } from "../../src/session/client-session.ts";
import { msgpack } from "../../src/session/msgpack.ts";
import { type PeerSession, SessionServer } from "../../src/session/server.ts";
import type { MessageStream } from "../../src/session/message-stream.ts";
import { type Faults, MemoryCarrier } from "./memory-carrier.ts";
import { nextTick, stopTime } from "./pair.ts";

const CHANNELS = ["", "a", "b"] as const;
type Side = "client" | "server";

/** What one side sends, in a step: on which channel, how many, of what size. */
interface Send {
  readonly kind: "send";
  readonly side: Side;
  readonly channel: number;
  readonly count: number;
  readonly bytes: number;
}
type Step =
  | Send
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "cut" }
  | { readonly kind: "outage"; readonly ms: number }
  | { readonly kind: "wake" }
  | { readonly kind: "reload" }
  /** How one side takes what arrives from now on. */
  | { readonly kind: "consume"; readonly side: Side; readonly how: How };
type How = "loop" | "slow loop" | "bundles" | "slow bundles";

const anyHow = fc.constantFrom<How>("loop", "slow loop", "bundles", "slow bundles");
const side = fc.constantFrom<Side>("client", "server");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      side,
      channel: fc.nat(CHANNELS.length - 1),
      count: fc.integer({ min: 1, max: 40 }),
      bytes: fc.constantFrom(0, 10, 1_000, 40_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "cut" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("outage" as const), ms: fc.nat(8_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "wake" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "reload" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("consume" as const),
      side,
      how: anyHow,
    }),
  },
);
const faults: fc.Arbitrary<Faults> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  loseRequest: fc.constantFrom(0, 0.1, 0.3),
  loseAnswer: fc.constantFrom(0, 0.1, 0.3),
  vanish: fc.constantFrom(0, 0.05),
  double: fc.constantFrom(0, 0.3),
  delayMsMax: fc.constantFrom(0, 5, 60),
});

/** What happened over all runs, so that a run that met nothing does not pass for one. */
const met = { lost: 0, doubled: 0, reloads: 0, messages: 0 };

class World {
  readonly sent = new Map<string, number>();
  readonly got = new Map<string, number>();
  readonly wrong: string[] = [];
  private readonly how: Record<Side, How>;
  private readonly carriers: MemoryCarrier[] = [];
  private readonly faults: Faults;
  private readonly server: SessionServer;
  private readonly streams: Record<Side, Map<number, MessageStream<unknown, unknown>>> = {
    client: new Map(),
    server: new Map(),
  };
  private client: ClientSession;
  /** Loops of a page that is gone hand out nothing any more. */
  private page = 0;

  constructor(given: Faults, how: Record<Side, How>) {
    this.faults = given;
    this.how = { ...how };
    this.server = new SessionServer({
      onSession: (session) => this.welcome(session),
      channelsMax: 8,
      channelUnits: 64,
      windowMessages: 2_000,
      windowBytes: 600_000,
    });
    this.client = connectOver(this.carrier(), msgpack, {
      channelsMax: 8,
      windowBytes: 600_000,
      rtoInitialMs: 300,
    });
    this.add("client", 0, this.client);
    for (const [number, label] of CHANNELS.entries()) {
      if (number > 0) this.add("client", number, this.client.channel(label));
    }
  }

  async run(next: Step): Promise<void> {
    switch (next.kind) {
      case "send":
        this.send(next);
        break;
      case "pass":
        await this.pass(next.ms);
        break;
      case "cut":
        this.line.cutAll();
        break;
      case "outage":
        this.line.failure = "offline";
        this.line.cutAll();
        await this.pass(next.ms);
        this.line.failure = undefined;
        break;
      case "wake":
        this.line.comeBack();
        break;
      case "reload":
        this.reload();
        break;
      case "consume":
        this.how[next.side] = next.how;
        for (const [number, stream] of this.streams[next.side]) {
          this.consume(next.side, number, stream);
        }
    }
  }

  /** The line heals and time passes until everything is there, or too long. */
  async heal(): Promise<void> {
    this.line.faults = { seed: 1 };
    this.line.comeBack();
    for (const at of ["client", "server"] as const) {
      await this.run({ kind: "consume", side: at, how: "bundles" });
    }
    for (let second = 0; second < 120 && !this.isComplete; second++) await this.pass(1_000);
    for (const carrier of this.carriers) {
      met.lost += carrier.lost;
      met.doubled += carrier.doubled;
    }
  }

  get isComplete(): boolean {
    return [...this.sent].every(([key, count]) => this.got.get(key) === count);
  }

  end(): void {
    this.client.abort();
    this.server.abort();
  }

  private get line(): MemoryCarrier {
    return this.carriers.at(-1) as MemoryCarrier;
  }

  private carrier(): MemoryCarrier {
    const carrier = new MemoryCarrier(this.server);
    carrier.faults = { ...this.faults, seed: this.faults.seed + this.carriers.length };
    this.carriers.push(carrier);
    return carrier;
  }

  private welcome(session: PeerSession): void {
    this.add("server", 0, session);
    session.on("channel", (channel: Channel) => {
      this.add("server", CHANNELS.indexOf(channel.label as "a"), channel);
    });
  }

  private add(at: Side, number: number, stream: MessageStream<unknown, unknown>): void {
    this.streams[at].set(number, stream);
    this.consume(at, number, stream);
  }

  private send({ side: from, channel, count, bytes }: Send): void {
    const stream = this.streams[from].get(channel);
    // The server has not heard of it yet.
    if (stream === undefined) return;
    const key = `${from} ${channel}`;
    for (let at = 0; at < count; at++) {
      const number = this.sent.get(key) ?? 0;
      stream.send([number, new Uint8Array(bytes)]);
      this.sent.set(key, number + 1);
    }
    met.messages += count;
  }

  private consume(at: Side, number: number, stream: MessageStream<unknown, unknown>): void {
    const { page } = this;
    const how = this.how[at];
    const from = at === "client" ? "server" : "client";
    const key = `${from} ${number}`;
    const takeIn = (message: unknown): void => {
      const [got] = message as [number];
      const expected = this.got.get(key) ?? 0;
      if (got !== expected) this.wrong.push(`${key}: ${got} instead of ${expected}`);
      this.got.set(key, expected + 1);
    };
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
    if (how.endsWith("bundles")) {
      stream.onBundle(async (messages) => {
        messages.forEach(takeIn);
        if (how === "slow bundles") await wait();
      });
      return;
    }
    // A callback, once there, has all messages; and a loop goes on until there is one.
    void (async () => {
      for await (const message of stream) {
        takeIn(message);
        if (how === "slow loop") await wait();
        if (at === "client" && page !== this.page) return;
      }
    })().catch(() => {});
  }

  private reload(): void {
    met.reloads++;
    this.page++;
    const saved = this.client.save();
    // What a page that is gone had on the way may still arrive; it hears nothing any more.
    this.line.isSilent = true;
    for (const stream of this.streams.client.values()) stream.onBundle(() => {});
    this.client = connectOver(this.carrier(), msgpack, { resume: saved });
    this.add("client", 0, this.client);
    for (const channel of this.client.channels) {
      this.add("client", CHANNELS.indexOf(channel.label as "a"), channel);
    }
  }

  private async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 25) {
      await vi.advanceTimersByTimeAsync(25);
      for (let tick = 0; tick < 3; tick++) await nextTick();
    }
  }
}

test("Whatever the carrier does, each message arrives once and in order, through reloads too", async () => {
  stopTime();
  const property = fc.asyncProperty(
    faults,
    fc.record({ client: anyHow, server: anyHow }),
    fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
    async (given, how, steps) => {
      const world = new World(given, how);
      try {
        for (const each of steps) await world.run(each);
        await world.heal();
        expect(world.wrong).toEqual([]);
        expect([...world.got].toSorted()).toEqual([...world.sent].toSorted());
      } finally {
        world.end();
      }
    },
  );
  const seed = Number(process.env["FC_SEED"] ?? 20_260_101);
  await fc.assert(property, { seed, numRuns: Number(process.env["FC_RUNS"] ?? 25) });
  // A run that was too easy proves nothing.
  expect(met.lost).toBeGreaterThan(100);
  expect(met.doubled).toBeGreaterThan(80);
  expect(met.reloads).toBeGreaterThan(25);
  expect(met.messages).toBeGreaterThan(2_000);
});
