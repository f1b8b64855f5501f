import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserBundle, bundleForBrowsers } from "../../bench/browser-bundle.ts";
import * as source from "../../src/core/request-side.ts";
import { converse } from "./dialogue.ts";

/** What the client for browsers may weigh, minified and gzipped. */
const GZIPPED_BYTES_MAX = 23_700;

describe("the bundle for browsers", () => {
  let bundle: BrowserBundle;
  let folder: string;
  let built: typeof source;

  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(async () => {
    bundle = await bundleForBrowsers();
    folder = mkdtempSync(join(tmpdir(), "holdfast-"));
    const file = join(folder, "bundle.mjs");
    writeFileSync(file, bundle.code);
    built = (await import(pathToFileURL(file).href)) as typeof source;
  });

  test("weighs no more than is promised", () => {
    expect(bundle.gzipped).toBeLessThanOrEqual(GZIPPED_BYTES_MAX);
  });

  test("exports what its entry exports", () => {
    expect(Object.keys(built)).toEqual(expect.arrayContaining(["RequestSide"]));
  });

  test("carries on every kind of channel what the sources carry, losses and a reload included", () => {
    const heard = converse(built.RequestSide, 4);

    expect(heard.lost).toBeGreaterThan(15);
    expect(heard.ends).toEqual(["server closed", "client closed"]);
    expect(heard).toEqual(converse(source.RequestSide, 4));
    const ordered = heard.down.filter((each) => each.startsWith("0: "));
    const numbers = Array.from({ length: 100 }, (_, number) => `0: ${number}`);
    expect(ordered).toEqual([...numbers, "0: 100000 of 7"]);
  });

  test("throws errors whose names and codes are those of the sources", () => {
    const short = { nonce: new Uint8Array(3), secret: new Uint8Array(16) };

    expect(() => new built.RequestSide(0, short)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "option_invalid" }),
    );
  });

  test("names a failed assertion by its number in the published list", () => {
    const text = "save_before_poll_is_drained";
    expect(bundle.assertions).toContain(text);
    expect(bundle.code).not.toContain(text);

    const nonce = new Uint8Array(16).fill(1);
    const side = new built.RequestSide(0, { nonce, secret: nonce });
    side.handleTimeout(0);

    expect(() => side.save()).toThrow(
      expect.objectContaining({ message: String(bundle.assertions.indexOf(text)) }),
    );
  });

  test("holds the text of no assertion", () => {
    const texts = bundle.assertions.filter((text) => bundle.code.includes(`"${text}"`));
    expect(texts).toEqual([]);
    expect(bundle.assertions.length).toBeGreaterThan(50);
  });
});
