import { describe, expect, it } from "vitest";
import { Cors, type CorsOptions, type OriginVerdict } from "../../src/http/cors.ts";
import type { ListenerOptions } from "../../src/http/request-rules.ts";
import { echoHandler } from "./scripted-handler.ts";
import { post, refusalOf, serve } from "./test-server.ts";

function judge(
  headers: Record<string, string>,
  options?: CorsOptions,
  isProxied = false,
): OriginVerdict {
  const header = (name: string): string | undefined => headers[name];
  return new Cors(options).judge({ header, host: headers["host"], isProxied });
}

describe("a page's origin", () => {
  it("is the server's own when host and port are, whatever the scheme", () => {
    const own = (origin: string, host: string): OriginVerdict => judge({ origin, host });
    expect(own("https://example.com", "example.com")).toBe("own");
    expect(own("https://example.com", "Example.COM:443")).toBe("own");
    expect(own("http://example.com", "example.com:80")).toBe("own");
    expect(own("http://example.com:8080", "example.com:8080")).toBe("own");
    expect(own("http://[::1]:8080", "[::1]:8080")).toBe("own");
    for (const [origin, host] of [
      ["https://example.com", "example.com:8443"],
      ["https://example.com.evil.example", "example.com"],
      ["https://evil.example", "example.com"],
      ["https://example.com", "evil.example/@example.com"],
      ["https://example.com", "evil.example@example.com"],
      ["https://example.com", ""],
      ["null", "null"],
      ["null", ""],
      ["", ""],
      ["file://", ""],
      ["garbage", "garbage"],
    ] as const) {
      expect([origin, host, own(origin, host)]).toEqual([origin, host, "refused"]);
    }
  });

  it("is what the browser says it is, where it says so", () => {
    const origin = "https://example.com";
    const rewritten = { origin, host: "127.0.0.1:8080" };
    expect(judge(rewritten)).toBe("refused");
    expect(judge({ ...rewritten, "sec-fetch-site": "same-origin" })).toBe("own");
    for (const site of ["cross-site", "same-site", "none", "nonsense"]) {
      expect(judge({ origin, host: "example.com", "sec-fetch-site": site })).toBe("refused");
    }
  });

  it("may be compared with the host that a trusted proxy names", () => {
    const headers = {
      origin: "https://example.com",
      host: "127.0.0.1:8080",
      "x-forwarded-host": "spoofed.example, example.com",
    };
    expect(judge(headers)).toBe("refused");
    expect(judge(headers, undefined, true)).toBe("own");
    const spoofed = { ...headers, "x-forwarded-host": "example.com, other.example" };
    expect(judge(spoofed, undefined, true)).toBe("refused");
  });

  it("is nobody's where none is stated", () => {
    expect(judge({ host: "example.com" })).toBe("own");
  });

  it("may be on the list, letter by letter, or be allowed by a function", () => {
    const options = { origins: ["https://app.example", "http://localhost:5173", "null"] };
    for (const origin of options.origins) expect(judge({ origin }, options)).toBe("allowed");
    for (const origin of [
      "https://app.example:443",
      "http://app.example",
      "https://b.app.example",
    ]) {
      expect(judge({ origin }, options)).toBe("refused");
    }
    const origins = (origin: string): boolean => origin.endsWith(".example");
    expect(judge({ origin: "https://x.example" }, { origins })).toBe("allowed");
    expect(judge({ origin: "https://x.test" }, { origins })).toBe("refused");
  });

  it("must be listed in the form in which browsers send it", () => {
    for (const origin of [
      "*",
      "example.com",
      "https://Example.com",
      "https://a.example/",
      "https://a.example:443",
    ]) {
      expect(() => new Cors({ origins: [origin] })).toThrow("option_invalid: cors.origins");
    }
    expect(() => new Cors({ origins: [], maxAgeSeconds: -1 })).toThrow("cors.maxAgeSeconds");
    expect(() => new Cors({ origins: [], headers: ["a, b"] })).toThrow("cors.headers");
  });
});

describe("a server without CORS", () => {
  it("[HTTP-8] refuses pages of other origins before it reads, and says nothing of CORS", async () => {
    const handler = echoHandler();
    const { url, client } = await serve(handler);
    const raw = await client();
    raw.post("", { "content-length": "5", origin: "https://evil.example" });
    const refused = await raw.response();
    expect([refused.status, refused.body]).toEqual([403, '{"error":"origin_not_allowed"}']);
    const preflight = await post(
      url,
      undefined,
      { origin: "https://evil.example", "access-control-request-method": "POST" },
      "OPTIONS",
    );
    expect(preflight.status).toBe(405);
    const names = [...preflight.headers.keys(), ...Object.keys(refused.headers)];
    expect(names.filter((name) => /^access-control|^vary/.test(name))).toEqual([]);
    expect(handler.calls).toEqual([]);
  });

  it("serves its own pages, behind a proxy that ends TLS too", async () => {
    const { url, port } = await serve(echoHandler());
    for (const scheme of ["http", "https"]) {
      const response = await post(url, "x", { origin: `${scheme}://127.0.0.1:${port}` });
      expect(response.status).toBe(200);
    }
  });
});

describe("a server with CORS", () => {
  const origin = "https://app.example";
  const asks = { "access-control-request-method": "POST" };
  const options: ListenerOptions = {
    cors: { origins: [origin], headers: ["authorization"], maxAgeSeconds: 60 },
  };

  it("answers a preflight of a listed origin", async () => {
    const { url } = await serve(echoHandler(), options);
    const response = await post(url, undefined, { origin, ...asks }, "OPTIONS");
    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "content-type, authorization",
      "access-control-max-age": "60",
      vary: "Origin",
    });
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
  });

  it("refuses a preflight of another origin without a word on what is allowed", async () => {
    const { url } = await serve(echoHandler(), options);
    const response = await post(
      url,
      undefined,
      { origin: "https://no.example", ...asks },
      "OPTIONS",
    );
    expect([response.status, await response.json()]).toEqual([
      403,
      { error: "origin_not_allowed" },
    ]);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-"))).toEqual([]);
    expect(response.headers.get("vary")).toBe("Origin");
  });

  it("lets a listed page read answers and refusals alike, and no other", async () => {
    const { url } = await serve(echoHandler(), options);
    const good = await post(url, "x", { origin });
    const wrong = await post(url, "", { origin, "content-length": "0" });
    for (const [response, status] of [
      [good, 200],
      [wrong, 400],
    ] as const) {
      expect(response.status).toBe(status);
      expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    }
    const other = post(url, "x", { origin: "https://no.example" });
    expect(await refusalOf(other)).toEqual([403, "origin_not_allowed"]);
    const native = await post(url, "x");
    expect([native.status, native.headers.get("vary")]).toEqual([200, "Origin"]);
    expect(native.headers.has("access-control-allow-origin")).toBe(false);
  });

  it("[HTTP-8] allows credentials only where told, and never with a wildcard", async () => {
    const { url } = await serve(echoHandler(), {
      cors: { origins: () => true, credentials: true },
    });
    const response = await post(url, "x", { origin: "https://any.example" });
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    expect(response.headers.get("access-control-allow-origin")).toBe("https://any.example");
    const preflight = await post(url, undefined, { origin, ...asks }, "OPTIONS");
    expect(preflight.headers.get("access-control-max-age")).toBe("7200");
  });

  it("tells whoever asks from nowhere which methods there are", async () => {
    const { url } = await serve(echoHandler(), options);
    const response = await post(url, undefined, {}, "OPTIONS");
    expect([response.status, response.headers.get("allow")]).toEqual([204, "POST, OPTIONS"]);
    const get = await post(url, undefined, {}, "GET");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST, OPTIONS"]);
  });
});
