/** Firefox as Debian packages it, driven by WebDriver BiDi, which it has by itself. */
import puppeteer, { type Browser, type BrowserContext } from "puppeteer-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";

export const FIREFOX = "/usr/bin/firefox-esr";

/**
 * One browser for the tests of a file; what is returned makes contexts that end with their test.
 */
export function useFirefox(): () => Promise<BrowserContext> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: FIREFOX,
      headless: true,
    });
  });
  afterAll(() => browser?.close());
  return async () => {
    if (browser === undefined) throw new Error("The browser was not started");
    const context = await browser.createBrowserContext();
    onTestFinished(() => context.close());
    return context;
  };
}
