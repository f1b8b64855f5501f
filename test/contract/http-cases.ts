/** What only pairs that speak HTTP can show. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { expect, it } from "vitest";
import { type Harness, Rig } from "./harness.ts";
import { OWN_PATH, OWN_TEXT } from "./http-sites.ts";
import { take } from "../waiting.ts";

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One request by hand; certificates are somebody else's business here. */
function ask(
  url: string,
  method: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<Answer> {
  const make = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = { method, headers, rejectUnauthorized: false, agent: false as const };
    const asked = make(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const POST = { "content-type": "application/octet-stream" };

export function httpCases(harness: Harness): void {
  it("marks its answers as nobody else's to keep, change or hold up", async () => {
    const rig = await Rig.start(harness);
    const { status, headers } = await ask(rig.site.url, "POST", POST, "no body of a session");
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "application/octet-stream",
      "cache-control": "no-store, no-transform",
    });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  it("refuses wrong methods, media types, codings and origins, with a reason", async () => {
    const rig = await Rig.start(harness);
    const refusals = [
      await ask(rig.site.url, "GET"),
      await ask(rig.site.url, "POST", { "content-type": "text/plain" }, "text"),
      await ask(rig.site.url, "POST", { ...POST, "content-encoding": "gzip" }, "x"),
      await ask(rig.site.url, "POST", { ...POST, origin: "https://elsewhere.example" }, "x"),
      await ask(rig.site.url, "POST", POST),
    ];
    expect(refusals.map(({ status, text }) => [status, JSON.parse(text)])).toEqual([
      [405, { error: "method_not_allowed" }],
      [415, { error: "media_type_unsupported" }],
      [415, { error: "encoding_unsupported" }],
      [403, { error: "origin_not_allowed" }],
      [400, { error: "body_empty" }],
    ]);
    expect(rig.desk.requests).toBe(0);
  });

  it("leaves other paths to the site that it is part of", async () => {
    const rig = await Rig.start(harness);
    const own = await ask(rig.site.url.replace("/holdfast", OWN_PATH), "GET");
    expect([own.status, own.text]).toEqual([200, OWN_TEXT]);
    const other = await ask(rig.site.url.replace("/holdfast", "/other"), "POST", POST, "x");
    expect(other.status).toBe(404);
    expect(rig.desk.requests).toBe(0);
  });

  it("carries sessions beside requests that are none", async () => {
    const rig = await Rig.start<number, number>(harness);
    const [client, session] = await rig.pair();
    const noise = [];
    for (let number = 0; number < 20; number++) {
      noise.push(ask(rig.site.url, "POST", POST, `noise ${number}`));
      client.send(number);
    }
    const numbers = await take(session, 20);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    for (const { status } of await Promise.all(noise)) expect(status).toBe(200);
  });
}
