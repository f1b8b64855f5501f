// Options of the server adapters that would do nothing, or not what they say, are refused at once,
// with the value and what would be right.

import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fetchHandler } from "../../src/http/fetch-handler.ts";
import { nodeListener } from "../../src/http/node-listener.ts";
import { SERVER_DEFAULTS } from "../../src/http/request-rules.ts";
import { echoHandler } from "./scripted-handler.ts";

const WRONG: readonly (readonly [options: object, message: string])[] = [
  [{ pth: "/x" }, "option_unknown: pth is none of a listener's options: path, bodyTimeoutMs"],
  [
    { path: "holdfast" },
    'option_invalid: path is "holdfast" and must be a path that begins with "/"',
  ],
  [{ path: "" }, 'option_invalid: path is "" and must be'],
  [{ path: null }, "option_invalid: path is null and must be"],
  [{ path: /x/ }, "option_invalid: path is /x/ and must be"],
  [{ cors: true }, "option_invalid: cors is true and must be { origins }"],
  [{ cors: "*" }, 'option_invalid: cors is "*" and must be { origins }'],
  [{ cors: null }, "option_invalid: cors is null and must be { origins }"],
  [{ cors: { origins: "*" } }, "option_invalid: cors is [object Object] and must be { origins }"],
  [{ cors: { origins: [], header: [] } }, "option_unknown: header is none of the options of cors"],
  [{ trustProxy: "yes" }, 'option_invalid: trustProxy is "yes" and must be false, the number of'],
  [{ trustProxy: true }, "option_invalid: trustProxy is true and must be"],
  [{ trustProxy: [1] }, "option_invalid: trustProxy is 1 and must be"],
  [{ onError: "log" }, 'option_invalid: onError is "log" and must be a function'],
];

describe.each([
  ["nodeListener", nodeListener],
  ["fetchHandler", fetchHandler],
])("%s", (_, make) => {
  test.each(WRONG)("refuses %o", (options, message) => {
    expect(() => make(echoHandler(), options)).toThrow(
      expect.objectContaining({ name: "UsageError", message: expect.stringContaining(message) }),
    );
  });

  test.each([undefined, null, {}, () => {}])(
    "refuses %o in place of a SessionServer",
    (handler) => {
      expect(() => make(handler as never)).toThrow(
        /^option_invalid: handler is .* a SessionServer$/,
      );
    },
  );

  test("takes what is undefined for absent", () => {
    const names = [...Object.keys(SERVER_DEFAULTS), "cors", "trustProxy", "onError"];
    const unset = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(() => make(echoHandler(), unset)).not.toThrow();
  });
});

test("A path that is undefined is the default, and no other", async () => {
  const serve = fetchHandler(echoHandler(), { path: undefined });
  const post = (path: string): Request => {
    const headers = { "content-type": "application/octet-stream" };
    return new Request(`http://server.test${path}`, { method: "POST", body: "x", headers });
  };
  expect((await serve(post("/holdfast"))).status).toBe(200);
  expect((await serve(post("/else"))).status).toBe(404);
});

test("Without onError what the options' own functions throw goes to the console", async () => {
  const print = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => print.mockRestore());
  const error = new Error("of origins");
  const origins = (): boolean => {
    throw error;
  };
  const serve = fetchHandler(echoHandler(), { cors: { origins } });
  const headers = { origin: "http://page.test" };
  const request = new Request("http://server.test/holdfast", { method: "POST", headers });
  expect((await serve(request)).status).toBe(500);
  expect(print.mock.calls).toEqual([[error]]);
});
