import { expect, onTestFinished, test, vi } from "vitest";
import { platform } from "../../src/session/host.ts";
import type { ResumedInfo, Status } from "../../src/session/status.ts";
import {
  begin,
  failure,
  catchUncaught,
  open,
  pass,
  settle,
  stopTime,
  take,
  thrown,
  until,
} from "./pair.ts";

/** Everything that a session tells about its path, in one list. */
function record(session: Awaited<ReturnType<typeof open>>["client" | "peer"]): unknown[] {
  const told: unknown[] = [];
  session.on("status", ({ state, reason }) => told.push([state, reason]));
  session.on("lost", (info) => told.push(["lost", info]));
  session.on("resumed", (info) => told.push(["resumed", info]));
  session.on("ended", ({ reason }) => told.push(["ended", reason]));
  return told;
}

test("The status tells why an opening takes so long, and since when", async () => {
  stopTime();
  const { client, carrier } = begin();
  const startMs = Date.now();
  carrier.failure = "connection_refused";
  const told = record(client);
  // Somewhat longer than until it is told as lost.
  await pass(1_100);
  expect(client.status).toEqual({
    state: "opening",
    reason: "connection_refused",
    sinceMs: startMs,
  });
  carrier.failure = "http_502";
  await pass(10_000);
  expect(client.status.reason).toBe("http_502");
  carrier.failure = undefined;
  await pass(6_000);
  await client.opened;
  expect(client.status).toMatchObject({ state: "open", reason: "" });
  expect(client.status.sinceMs).toBeGreaterThan(startMs);
  expect(told).toEqual([
    ["opening", "connection_refused"],
    ["lost", { reason: "connection_refused" }],
    ["opening", "http_502"],
    ["open", ""],
    ["resumed", { replayed: 0, downMs: expect.any(Number) }],
  ]);
});

test("An outage is told as lost with its reason, and as resumed with what was replayed", async () => {
  stopTime();
  const { client, peer, carrier } = await open();
  await settle();
  const told = record(client);
  const cutAtMs = Date.now();
  carrier.failure = "connection_reset";
  carrier.cutAll();
  for (let at = 0; at < 10; at++) client.send(at);
  await pass(3_000);
  expect(client.status.state).toBe("interrupted");
  carrier.failure = "http_503";
  await pass(7_000);
  expect(client.status.reason).toBe("http_503");
  expect(client.status.sinceMs).toBeGreaterThanOrEqual(cutAtMs + 1_000);
  expect(client.status.sinceMs).toBeLessThan(cutAtMs + 1_500);
  carrier.failure = undefined;
  await pass(6_000);
  expect(await take(peer, 10)).toHaveLength(10);
  expect(told.slice(0, -1)).toEqual([
    ["interrupted", "connection_reset"],
    ["lost", { reason: "connection_reset" }],
    ["interrupted", "http_503"],
    ["open", ""],
  ]);
  const [name, info] = told.at(-1) as [string, ResumedInfo];
  expect(name).toBe("resumed");
  expect(info.replayed).toBeGreaterThanOrEqual(10);
  expect(info.downMs).toBeGreaterThanOrEqual(10_000);
  expect(info.downMs).toBeLessThan(16_000);
});

test("A cut that the next requests mend within lostAfterMs is told to nobody", async () => {
  stopTime();
  const { client, peer, carrier } = await open({}, { lostAfterMs: 3_000 });
  await settle();
  const told = record(client);
  for (const round of [1, 2, 3]) {
    carrier.failure = "connection_reset";
    carrier.cutAll();
    // By then the first retries have failed, too: the path counts as down.
    await pass(2_900);
    expect(carrier.held).toBe(0);
    carrier.failure = undefined;
    client.send(round);
    carrier.comeBack();
    await settle();
  }
  expect(await take(peer, 3)).toEqual([1, 2, 3]);
  expect(told).toEqual([]);
});

test("A path is told as lost once it was down for lostAfterMs, even if nothing moves meanwhile", async () => {
  stopTime();
  // The delay is chosen at random below its limit: so that it is never one of two seconds.
  onTestFinished(() => void vi.restoreAllMocks());
  vi.spyOn(platform, "randomBytes").mockImplementation((count) => new Uint8Array(count).fill(1));
  const slow = { reconnectDelayMinMs: 86_400_000, reconnectDelayMaxMs: 86_400_000 };
  const { client, carrier } = await open({}, { ...slow, lostAfterMs: 2_000 });
  await settle();
  const told = record(client);
  carrier.failure = "offline";
  carrier.cutAll();
  await settle();
  const { exchanges } = carrier;
  await pass(1_990, 10);
  expect(told).toEqual([]);
  await pass(20, 10);
  expect(carrier.exchanges).toBe(exchanges);
  expect(told).toEqual([
    ["interrupted", "offline"],
    ["lost", { reason: "offline" }],
  ]);
});

test("While closing, an outage is told when it has lasted, and so is its end", async () => {
  stopTime();
  const { client, peer, carrier } = await open();
  await settle();
  const told = record(client);
  carrier.failure = "http_502";
  carrier.cutAll();
  client.send("last");
  void client.close();
  await pass(900);
  expect(told).toEqual([["closing", ""]]);
  await pass(600);
  expect(told.slice(1)).toEqual([
    ["closing", "http_502"],
    ["lost", { reason: "http_502" }],
  ]);
  carrier.failure = undefined;
  carrier.comeBack();
  await pass(1_000);
  expect(await take(peer, 1)).toEqual(["last"]);
  void peer.close();
  await pass(1_000);
  expect(told.slice(3)).toEqual([
    ["closing", ""],
    ["resumed", { replayed: expect.any(Number), downMs: expect.any(Number) }],
    ["ended", "closed"],
    ["ended", "closed"],
  ]);
});

test("A closing before the first answer tells what keeps it, as an opening does", async () => {
  stopTime();
  const { client, carrier } = begin();
  carrier.failure = "connection_refused";
  void client.close();
  await pass(100);
  expect(client.status).toMatchObject({ state: "closing", reason: "connection_refused" });
});

test.each([-1, Number.NaN, "1s", 86_400_001])("lostAfterMs %s is refused", (lostAfterMs) => {
  const options = { lostAfterMs: lostAfterMs as number };
  expect(thrown(() => begin({}, options))).toMatchObject({ code: "option_invalid" });
  expect(thrown(() => begin(options))).toMatchObject({ code: "option_invalid" });
});

test("A server that has forgotten the session is no path that is back", async () => {
  stopTime();
  const { client, carrier } = await open();
  await settle();
  const told = record(client);
  carrier.failure = "connection_refused";
  carrier.cutAll();
  await pass(3_000);
  // Another process is there now.
  carrier.server = begin().server;
  carrier.failure = undefined;
  await pass(20_000);
  expect(told).toEqual([
    ["interrupted", "connection_refused"],
    ["lost", { reason: "connection_refused" }],
    ["interrupted", "session_unknown"],
    ["ended", "lost"],
    ["ended", "lost"],
  ]);
});

test("A restart that nobody notices otherwise is told as lost, and then as the end", async () => {
  stopTime();
  const { client, carrier } = await open();
  await settle();
  const told = record(client);
  carrier.server = begin().server;
  carrier.cutAll();
  await pass(900);
  expect(told).toEqual([]);
  await pass(20_000);
  expect(told).toEqual([
    ["interrupted", "session_unknown"],
    ["lost", { reason: "session_unknown" }],
    ["ended", "lost"],
    ["ended", "lost"],
  ]);
});

test("A server that knows the session again is a path that is back", async () => {
  stopTime();
  const { client, peer, carrier, server } = await open();
  await settle();
  const told = record(client);
  carrier.server = begin().server;
  carrier.cutAll();
  await pass(1_500);
  expect(told.at(-1)).toEqual(["lost", { reason: "session_unknown" }]);
  carrier.server = server;
  client.send("still here");
  // The longest delay is five seconds.
  await pass(6_000);
  expect(await take(peer, 1)).toEqual(["still here"]);
  expect(told.slice(2)).toEqual([
    ["open", ""],
    ["resumed", expect.anything()],
  ]);
});

test("Requests that vanish without a word are an outage too, with a reason of its own", async () => {
  stopTime();
  const { client, carrier } = await open();
  const told = record(client);
  carrier.failure = "http_502";
  carrier.cutAll();
  await settle();
  carrier.failure = undefined;
  carrier.comeBack();
  client.send("heard");
  await pass(2_000);
  expect(client.status.state).toBe("open");
  carrier.isSilent = true;
  client.send("unheard");
  await pass(56_000);
  expect(told).toContainEqual(["lost", { reason: "no_answer" }]);
  await pass(10_000);
  expect(await client.ended).toMatchObject({
    reason: "silence",
    detail: "no_answer",
    unknown: [{ index: 2, label: "" }],
  });
  expect(told.at(-1)).toEqual(["ended", "silence"]);
});

test("A server that was never there ends the session with the last failure as its detail", async () => {
  stopTime();
  const { client, carrier } = begin();
  carrier.failure = "connection_refused";
  const opened = failure(client.opened);
  await pass(70_000, 1_000);
  expect(await client.ended).toMatchObject({ reason: "silence", detail: "connection_refused" });
  expect(String(await opened)).toContain("silence: connection_refused");
});

test("A server tells of a session without a parked request, and of its return", async () => {
  stopTime();
  const { client, peer, carrier } = await open({ lostAfterMs: 2_000 });
  const told = record(peer);
  carrier.failure = "offline";
  carrier.cutAll();
  await pass(1_900);
  expect(told).toEqual([]);
  await pass(200);
  peer.send("waits");
  await pass(8_000);
  carrier.failure = undefined;
  carrier.comeBack();
  await pass(1_000);
  expect(await take(client, 1)).toEqual(["waits"]);
  expect(told).toEqual([
    ["interrupted", "nothing_parked"],
    ["lost", { reason: "nothing_parked" }],
    ["open", ""],
    ["resumed", { replayed: 0, downMs: expect.any(Number) }],
  ]);
  // From when the last parked request went, not from when that was told.
  const [, { downMs }] = told.at(-1) as [string, ResumedInfo];
  expect(downMs).toBeGreaterThanOrEqual(10_100);
});

test("A server's session ends after its limit of silence, and no longer counts as lost", async () => {
  stopTime();
  const { client, peer, server, carrier } = await open();
  const told = record(peer);
  carrier.isSilent = true;
  carrier.cutAll();
  await pass(100_000, 1_000);
  expect(await peer.ended).toMatchObject({ reason: "silence" });
  expect(told.at(-1)).toEqual(["ended", "silence"]);
  expect(server.sessions).toEqual([]);
  expect(await client.ended).toMatchObject({ reason: "silence" });
});

test("Sessions without a parked request are told one after the other, each in its time", async () => {
  stopTime();
  const first = await open({ lostAfterMs: 2_000 });
  const told: string[] = [];
  first.peer.on("lost", () => told.push("first"));
  const second = begin();
  second.carrier.server = first.server;
  await settle();
  const other = first.server.sessions.find((session) => session !== first.peer);
  other?.on("lost", () => told.push("second"));
  first.carrier.isSilent = true;
  first.carrier.cutAll();
  await pass(1_000);
  second.carrier.isSilent = true;
  second.carrier.cutAll();
  await pass(1_500);
  expect(told).toEqual(["first"]);
  await pass(1_000);
  expect(told).toEqual(["first", "second"]);
});

test("Listeners hear one after the other, and go when asked to", async () => {
  const caught = catchUncaught();
  const { client } = await open();
  const heard: string[] = [];
  const off = client.on("status", () => heard.push("removed"));
  client.on("status", ({ state }) => {
    heard.push(`first ${state}`);
    client.on("status", (later: Status) => heard.push(`late ${later.state}`));
    throw new Error("of a listener");
  });
  client.on("status", ({ state }) => heard.push(`second ${state}`));
  off();
  await client.close();
  await settle();
  expect(heard).toEqual([
    "first closing",
    "second closing",
    "first ended",
    "second ended",
    "late ended",
  ]);
  expect(caught).toHaveLength(2);
});

test("Every command may be given inside every callback", async () => {
  const { client, peer } = await open();
  const told: string[] = [];
  client.on("status", ({ state }) => told.push(state));
  client.on("ended", ({ reason }) => {
    told.push(reason);
    void client.close();
    client.abort();
    void client.flushed().catch(() => told.push("flush rejected"));
  });
  let saved = "";
  client.onBundle((messages) => {
    told.push(`got ${String(messages)}`);
    saved = client.save();
    client.channel("within").send("x");
    client.send("reply");
    void client.flushed().catch(() => {});
    void client.close();
    client.abort(3, "changed my mind");
  });
  peer.send(1);
  peer.send(2);
  expect(await peer.ended).toMatchObject({ reason: "peer-ended", code: 3 });
  await until(() => told.includes("flush rejected"));
  expect(told).toEqual(["got 1,2", "closing", "ended", "aborted", "flush rejected"]);
  expect(saved).not.toBe("");
});

test("A wake of the host during an outage brings the session back before its time", async () => {
  stopTime();
  const { client, peer, carrier } = await open();
  carrier.failure = "offline";
  carrier.cutAll();
  await pass(30_000);
  carrier.failure = undefined;
  const { exchanges } = carrier;
  client.send("now");
  carrier.comeBack();
  await settle();
  expect(carrier.exchanges).toBeGreaterThan(exchanges);
  expect(await take(peer, 1)).toEqual(["now"]);
});
