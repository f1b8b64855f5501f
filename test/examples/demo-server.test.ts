/**
 * The demo's server by its requests: what it answers, what it refuses, and what it leaves behind.
 */
import { once } from "node:events";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import type { SessionPhase } from "holdfast";
import { describe, expect, it, type Mock, onTestFinished, vi } from "vitest";
import { Lines, type LineSession } from "../../examples/demo/lines.ts";
import {
  CUT_EVERY_MS_MIN,
  DELAY_MS_MAX,
  NO_FAULTS,
  SESSION_ENDS,
  sessionPath,
} from "../../examples/demo/messages.ts";
import { startDemo } from "../../examples/demo/server.ts";
import type { ChaosCounts } from "../../src/chaos/index.ts";
import { MEDIA_TYPE } from "../../src/http/media-type.ts";
import { freePort, listenLocally } from "../listening.ts";
import { Program } from "../program.ts";
import { soon, until } from "../waiting.ts";
import {
  type Address,
  ask,
  demoOf,
  StandInPage,
  lookAt,
  makeLine,
  type Question,
  setFaults,
  watchComplaints,
} from "./stand-in-page.ts";

/** What `npm start` runs. */
const MAIN = "examples/demo/main.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("the demo's page", () => {
  it("comes with its program and its styles, and may load nothing from elsewhere", async () => {
    const demo = await demoOf();
    const page = await ask(demo, { path: "/" });
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'self'; img-src 'self' data:",
    });
    expect(page.text).toContain("/page.js");
    expect(page.text).toContain("/page.css");
    const script = await ask(demo, { path: "/page.js" });
    expect(script.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(script.text).not.toContain('from "');
    const styles = await ask(demo, { path: "/page.css" });
    expect(styles.headers["content-type"]).toBe("text/css; charset=utf-8");
    // Those of the plots among them.
    expect(styles.text).toContain(".uplot");
  });

  it("is there for who asks for its program first", async () => {
    const demo = await demoOf();
    expect((await ask(demo, { path: "/page.js" })).status).toBe(200);
  });
});

describe("a line", () => {
  it("begins without faults, and has those that were set", async () => {
    const demo = await demoOf();
    const line = await makeLine(demo);
    expect(line.faults).toEqual(NO_FAULTS);
    expect(line.counts.requests).toBe(0);
    expect(line.server).toBeUndefined();
    await setFaults(demo, line.id, { loseRequest: 0.25, delayMs: DELAY_MS_MAX });
    const set = await setFaults(demo, line.id, { cutEveryMs: CUT_EVERY_MS_MIN, delayMs: 0 });
    expect(set.faults).toEqual({ ...NO_FAULTS, loseRequest: 0.25, cutEveryMs: CUT_EVERY_MS_MIN });
    expect((await lookAt(demo, line.id)).faults).toEqual(set.faults);
    const other = await makeLine(demo);
    expect(other.faults).toEqual(NO_FAULTS);
  });

  it("takes the place of the one that is unused for longest, when there are too many", async () => {
    const demo = await demoOf({ linesMax: 3 });
    const ada = await StandInPage.open(demo);
    const first = await makeLine(demo);
    const second = await makeLine(demo);
    await lookAt(demo, first.id);
    const third = await makeLine(demo);
    expect((await ask(demo, { path: `/lines/${second.id}` })).status).toBe(404);
    await lookAt(demo, first.id);
    await lookAt(demo, third.id);
    expect((await ada.report()).server?.state).toBe("open");
  });

  it("is refused when somebody is at the end of each", async () => {
    const demo = await demoOf({ linesMax: 2 });
    await StandInPage.open(demo);
    await StandInPage.open(demo);
    const { status, text } = await ask(demo, { method: "POST", path: "/lines" });
    expect(status).toBe(503);
    expect(JSON.parse(text)).toEqual({ code: "lines_taken", error: "All 2 lines are in use" });
  });

  it("counts as one of so many before it is open", async () => {
    const lines = new Lines({ targetPort: 9, linesMax: 2 });
    onTestFinished(() => lines.close());
    const opened = await Promise.allSettled([lines.open(), lines.open(), lines.open()]);
    expect(opened.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  });

  it("closes when nobody has used it for long", async () => {
    const targetPort = await listenLocally(nobody());
    const lines = new Lines({ targetPort, unusedMs: 1_000 });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { id, proxy } = await lines.open();
    for (let time = 0; time < 3; time++) {
      vi.advanceTimersByTime(999);
      expect(lines.find(id)?.id).toBe(id);
    }
    vi.advanceTimersByTime(1_000);
    expect(lines.find(id)).toBeUndefined();
    await lines.close();
    await expect(failureAt(proxy.port)).resolves.toBe("ECONNREFUSED");
    await expect(lines.open()).rejects.toMatchObject({ status: 503, code: "stopping" });
  });

  it("stays where a cable is pulled, and gives way where there is no session", async () => {
    const demo = await demoOf({ linesMax: 4 });
    const pulled = await StandInPage.open(demo);
    const gone = await StandInPage.open(demo);
    await pulled.set({ blackout: true });
    pulled.type("typed meanwhile");
    const isDown = async (): Promise<boolean> =>
      (await pulled.report()).server?.state === "interrupted";
    await until(isDown, "the interruption, at the server");
    gone.session.abort();
    const isOver = async (): Promise<boolean> => (await gone.report()).server?.state === "ended";
    await until(isOver, "the end of a session");
    for (let made = 0; made < 20; made++) await makeLine(demo);
    // Those that never had a session gave way to each other.
    await lookAt(demo, gone.lineId);
    await pulled.set({ blackout: false });
    await until(() => pulled.isQuiet, "what was typed, at the server");
    expect(demo.text).toContain("typed meanwhile");
  });

  it("gives way in an order that costs least, and not while somebody is at its end", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const linesMax = 5;
    const lines = new Lines({ targetPort: 9, linesMax });
    onTestFinished(() => lines.close());
    const aborts: Mock[] = [];
    const openWith = async (state: SessionPhase): Promise<string> => {
      const line = await lines.open();
      const abort = vi.fn<LineSession["abort"]>();
      aborts.push(abort);
      line.take({ status: { state }, abort } as unknown as LineSession);
      return line.id;
    };
    const open = await openWith("open");
    const gone = await openWith("interrupted");
    const away = await openWith("interrupted");
    const ended = await openWith("ended");
    const { id: unused } = await lines.open();
    vi.advanceTimersByTime(89_999);
    for (const id of [unused, ended, open, away]) lines.find(id);
    vi.advanceTimersByTime(1);
    const closed: string[] = [];
    for (const [id, line] of [
      ["unused", unused],
      ["ended", ended],
      ["gone", gone],
    ] as const) {
      await openWith("open");
      if (lines.find(line) === undefined) closed.push(id);
    }
    expect(closed).toEqual(["unused", "ended", "gone"]);
    expect(aborts.map(({ mock }) => mock.calls.length)).toEqual([0, 1, 0, 1, 0, 0, 0]);
    expect(aborts[1]).toHaveBeenCalledWith(SESSION_ENDS.lineClosed, expect.any(String));
    await expect(lines.open()).rejects.toMatchObject({ status: 503, code: "lines_taken" });
  });
});

describe("a request that makes no sense", () => {
  const put = (body: string, headers: Record<string, string> = JSON_TYPE): Partial<Question> => ({
    method: "PUT",
    headers,
    body,
  });
  const cases: [what: string, question: Partial<Question>, status: number, code: string][] = [
    ["no JSON", put("{"), 400, "request_invalid"],
    ["a number", put("1"), 400, "request_invalid"],
    ["a list", put("[]"), 400, "faults_invalid"],
    ["an unknown fault", put('{"loss":0.5}'), 400, "faults_invalid"],
    ["a name of the language", put('{"__proto__":{"double":1}}'), 400, "faults_invalid"],
    ["a name of every object", put('{"constructor":1}'), 400, "faults_invalid"],
    ["a text for a number", put('{"double":"1"}'), 400, "faults_invalid"],
    ["null for a number", put('{"double":null}'), 400, "faults_invalid"],
    ["less than nothing", put('{"double":-0.1}'), 400, "faults_invalid"],
    ["more than always", put('{"damage":1.1}'), 400, "faults_invalid"],
    ["a number without end", put('{"delayMs":1e999}'), 400, "faults_invalid"],
    ["too long a delay", put(`{"delayMs":${DELAY_MS_MAX + 1}}`), 400, "faults_invalid"],
    ["cuts too often", put('{"cutEveryMs":1}'), 400, "faults_invalid"],
    ["a number for yes", put('{"blackout":1}'), 400, "faults_invalid"],
    ["good and bad", put('{"double":1,"damage":2}'), 400, "faults_invalid"],
    ["too much", put(`{"double":${" ".repeat(2_000)}1}`), 413, "body_too_large"],
    [
      "nobody knows how much",
      put("{}", { ...JSON_TYPE, "transfer-encoding": "chunked" }),
      411,
      "length_required",
    ],
    ["plain text", put("{}", { "content-type": "text/plain" }), 415, "media_type_unsupported"],
    ["no type at all", put("{}", {}), 415, "media_type_unsupported"],
    [
      "a packed body",
      put("{}", { ...JSON_TYPE, "content-encoding": "gzip" }),
      415,
      "request_invalid",
    ],
    [
      "another site's page",
      put('{"double":1}', { ...JSON_TYPE, "sec-fetch-site": "same-site", origin: "http://a.test" }),
      403,
      "origin_not_allowed",
    ],
    [
      "another origin's page",
      put('{"double":1}', { ...JSON_TYPE, origin: "http://a.test" }),
      403,
      "origin_not_allowed",
    ],
    [
      "another site's page that hides its origin",
      put('{"double":1}', { ...JSON_TYPE, "sec-fetch-site": "cross-site" }),
      403,
      "origin_not_allowed",
    ],
    ["no page's origin", put("{}", { ...JSON_TYPE, origin: "null" }), 403, "origin_not_allowed"],
    ["another name", put("{}", { ...JSON_TYPE, host: "a.test" }), 403, "host_not_allowed"],
    ["no name", put("{}", { ...JSON_TYPE, host: "//" }), 403, "host_not_allowed"],
    ["another method", { method: "DELETE" }, 404, "not_found"],
  ];

  it.each(cases)("is refused and changes nothing: %s", async (_what, question, status, code) => {
    const complaints = watchComplaints();
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    const answer = await ask(demo, { path: `/lines/${id}`, ...question });
    expect(answer.status).toBe(status);
    const { code: given, error } = JSON.parse(answer.text) as Record<string, unknown>;
    expect(given).toBe(code);
    expect(error).toBeTypeOf("string");
    expect((await lookAt(demo, id)).faults).toEqual(NO_FAULTS);
    expect(complaints).not.toHaveBeenCalled();
  });

  it("is answered before all that it says will come has come", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    const socket = await socketTo(demo);
    const pieces: Uint8Array[] = [];
    socket.on("data", (piece: Uint8Array) => pieces.push(piece));
    const headers = "Host: localhost\r\nContent-Type: application/json\r\n";
    socket.write(`PUT /lines/${id} HTTP/1.1\r\n${headers}Content-Length: 99999999999\r\n\r\n{`);
    await soon(once(socket, "close"), "the end of the connection");
    expect(Buffer.concat(pieces).toString()).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([
    ["GET", "/lines"],
    ["GET", "/lines/"],
    ["GET", "/lines/00000000-0000-0000-0000-000000000000"],
    ["GET", "/lines/__proto__"],
    ["GET", `/lines/${"x".repeat(2_000)}`],
    ["GET", "/lines/x/holdfast"],
    ["POST", "/lines/x/holdfast"],
    ["POST", "/"],
    ["GET", "/holdfast"],
    ["POST", "/holdfast"],
    ["GET", "/page.js.map"],
    ["GET", "/../package.json"],
    ["GET", "/%2e%2e/main.ts"],
  ])("is answered 404: %s %s", async (method, path) => {
    const demo = await demoOf();
    const { status, text } = await ask(demo, { method, path });
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ error: expect.any(String) as string });
  });

  it("is answered 400 where its path cannot be read", async () => {
    const demo = await demoOf();
    expect((await ask(demo, { path: "/lines/%E0%A4%A" })).status).toBe(400);
  });

  it("is taken from this server's own page, and under all names of this machine", async () => {
    const demo = await demoOf();
    const { port } = new URL(demo.url);
    const own = { origin: `http://localhost:${port}`, host: `localhost:${port}` };
    const { status } = await ask(demo, { method: "POST", path: "/lines", headers: own });
    expect(status).toBe(201);
    for (const host of ["a.localhost:1", "[::1]:8080", "127.0.0.2"]) {
      expect((await ask(demo, { path: "/", headers: { host } })).status).toBe(200);
    }
  });

  it("reaches the sessions, where it comes by a line, and is judged there", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    const question = { method: "POST", path: sessionPath(id), body: "not what sessions say" };
    const untyped = await ask(demo, question);
    expect(untyped.status).toBe(415);
    const headers = { "content-type": MEDIA_TYPE };
    const answer = await ask(demo, { ...question, headers });
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": MEDIA_TYPE } });
    expect((await lookAt(demo, id)).counts.requests).toBe(2);
  });
});

describe("the way to a line", () => {
  it("ends the page's connection when the line has lost its request", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    await setFaults(demo, id, { loseRequest: 1 });
    const asked = ask(demo, { method: "POST", path: sessionPath(id), body: "x" });
    await expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await lookAt(demo, id)).counts.requestsLost).toBe(1);
  });

  it("ends it in the middle of an answer, too", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    await setFaults(demo, id, { loseResponse: 1 });
    for (let time = 0; time < 10; time++) {
      const asked = ask(demo, { method: "POST", path: sessionPath(id), body: "x" });
      await expect(asked).rejects.toMatchObject({ code: "ECONNRESET" });
    }
    expect((await lookAt(demo, id)).counts.responsesLost).toBe(10);
  });

  it("ends the line's connection when the page has gone", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    await setFaults(demo, id, { delayMs: DELAY_MS_MAX });
    const socket = await socketTo(demo);
    socket.write(
      `POST ${sessionPath(id)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx`,
    );
    const counts = async (): Promise<ChaosCounts> => (await lookAt(demo, id)).counts;
    await until(async () => (await counts()).requests === 1, "the request at the line");
    socket.resetAndDestroy();
    await until(async () => (await counts()).requestsAbandoned === 1, "the end of its connection");
    expect((await counts()).responses).toBe(0);
  });

  it("survives what is no HTTP, and pages that ask too much at once", async () => {
    const demo = await demoOf();
    const { id } = await makeLine(demo);
    await setFaults(demo, id, { delayMs: DELAY_MS_MAX });
    const garbage = await socketTo(demo);
    garbage.write("\u0000\u0001 garbage\r\n\r\n");
    await soon(once(garbage.resume(), "close"), "the end of the connection");
    const sockets = await Promise.all(Array.from({ length: 100 }, () => socketTo(demo)));
    for (const socket of sockets) {
      socket.write(`POST ${sessionPath(id)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    await until(async () => {
      const { requests, connectionsRefused } = (await lookAt(demo, id)).counts;
      return requests + connectionsRefused === 100 && connectionsRefused > 0;
    }, "all requests to be taken or refused");
    const { text } = demo;
    const ada = await StandInPage.open(demo);
    expect(ada.text).toBe(text);
  });
});

describe("the demo's end", () => {
  it("is told to pages, and leaves nothing open", async () => {
    const demo = await startDemo({ host: "127.0.0.1", port: 0 });
    const ada = await StandInPage.open(demo);
    const idle = await socketTo(demo);
    const gone = new Promise((resolve) => void idle.once("close", resolve));
    idle.write("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(idle, "data");
    await soon(demo.close(), "the demo's end");
    const ended = await soon(ada.session.ended, "the session's end");
    expect(ended).toMatchObject({ reason: "peer-ended", code: SESSION_ENDS.stopping });
    await soon(gone, "the end of an idle connection");
    await expect(failureAt(Number(new URL(demo.url).port))).resolves.toBe("ECONNREFUSED");
  });

  it("does not wait for a line that is down", async () => {
    const demo = await startDemo({ host: "127.0.0.1", port: 0 });
    const ada = await StandInPage.open(demo);
    await ada.set({ delayMs: DELAY_MS_MAX });
    ada.type("x");
    await soon(demo.close(), "the demo's end", DELAY_MS_MAX);
    await expect(failureAt(Number(new URL(demo.url).port))).resolves.toBe("ECONNREFUSED");
  });

  it("comes before its beginning where the port is taken", async () => {
    const port = await listenLocally(nobody());
    const started = startDemo({ host: "127.0.0.1", port });
    await expect(started).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("npm start", () => {
  it("serves at PORT until it is told to stop, with pages open", async () => {
    const port = await freePort();
    const program = new Program(MAIN, [], port);
    await program.line(new RegExp(`http://127\\.0\\.0\\.1:${port}/`));
    const ada = await StandInPage.open({ url: `http://127.0.0.1:${port}/` });
    expect(ada.text).toContain("everybody's");
    program.signal("SIGTERM");
    expect(await program.ended).toBe(0);
    const ended = await soon(ada.session.ended, "the session's end");
    expect(ended.code).toBe(SESSION_ENDS.stopping);
  });

  it("says in a sentence that the port is taken", async () => {
    const port = await listenLocally(nobody());
    const program = new Program(MAIN, [], port);
    expect(await program.ended).toBe(1);
    const sentence = `Port ${port} is taken by another program; choose one by PORT=8081 npm start.`;
    expect([program.lines, program.complaints]).toEqual([[], [sentence]]);
  });

  it("says in a sentence what no port is", async () => {
    const program = new Program(MAIN, [], "http");
    expect(await program.ended).toBe(1);
    const sentence = 'PORT is "http", and must be a number from 0 to 65535.';
    expect([program.lines, program.complaints]).toEqual([[], [sentence]]);
  });
});

/** A server that takes connections and says nothing. */
function nobody(): ReturnType<typeof createServer> {
  const server = createServer((socket) => void socket.on("error", () => {}));
  onTestFinished(() => void server.close());
  return server;
}

async function socketTo(demo: Address): Promise<Socket> {
  const socket = connectSocket(Number(new URL(demo.url).port), "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** The code with which a connection to a port fails; it must. */
async function failureAt(port: number): Promise<string | undefined> {
  const socket = connectSocket(port, "127.0.0.1");
  const [error] = (await soon(once(socket, "error").catch(fail), "a failure")) as [
    NodeJS.ErrnoException,
  ];
  return error.code;
}

function fail(error: unknown): unknown[] {
  return [error];
}
