/** Chromium as Debian packages it. */
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
} from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";

export const CHROMIUM = "/usr/bin/chromium";

/** The driver turns the back-forward cache off unless told otherwise. */
const CACHE_OFF = "--disable-back-forward-cache";

export interface BrowserSettings {
  /** Pages that were left are kept and shown again as they were. Default false. */
  readonly keepsPages?: boolean;
}

/**
 * One browser for the tests of a file; what is returned makes contexts that end with their test.
 */
export function useBrowser(
  settings: BrowserSettings = {},
): (options?: BrowserContextOptions) => Promise<BrowserContext> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      // Its sandbox wants rights that containers lack, and only pages of these tests are shown; the
      // shared memory that it wants they have little of.
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
      ignoreDefaultArgs: settings.keepsPages === true ? [CACHE_OFF] : [],
      headless: true,
    });
  });
  afterAll(() => browser?.close());
  return async (options) => {
    if (browser === undefined) throw new Error("The browser was not started");
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    return context;
  };
}
