/** The demo, and its page as a person has it: by what is to be seen, and by mouse and keys. */
import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { digestOf, type LineReport } from "../../examples/demo/messages.ts";
import { type Demo, startDemo } from "../../examples/demo/server.ts";

/** Longer than anything here takes on a loaded machine. */
const LIMIT_MS = 30_000;

/** In the page. */
const FIELD = 'document.querySelector("#text")';

/** The demo on a free port, or on the one that another had; it ends with the test. */
export async function runDemo(port = 0): Promise<Demo> {
  const demo = await startDemo({ host: "127.0.0.1", port });
  onTestFinished(() => demo.close());
  return demo;
}

export class DemoPage {
  readonly page: Page;
  readonly text: Locator;
  readonly agreement: Locator;
  readonly notice: Locator;
  /** What the browser complains about, beside the faults that the line is there for. */
  readonly complaints: string[] = [];
  /** Of the line that it looked at last. */
  lineId = "";

  constructor(page: Page) {
    this.page = page;
    this.text = page.locator("#text");
    this.agreement = page.locator("#agreement");
    this.notice = page.locator("#notice");
    page.setDefaultTimeout(LIMIT_MS);
    page.on("pageerror", (error) => this.complaints.push(String(error.stack)));
    page.on("console", (message) => {
      const isFault =
        message.text().startsWith("Failed to load resource") &&
        /[/]lines[/][^/]+([/]holdfast)?$/.test(message.location().url);
      const isLoud = message.type() === "error" || message.type() === "warning";
      if (isLoud && !isFault) this.complaints.push(message.text());
    });
    page.on("response", (response) => {
      const made = /[/]lines[/]([^/]+)$/.exec(response.url())?.[1];
      if (made !== undefined && response.ok()) this.lineId = made;
    });
  }

  /** Shows the page in a tab of its own, with the text in it. */
  static async open(context: BrowserContext, demo: Demo): Promise<DemoPage> {
    const shown = new DemoPage(await context.newPage());
    await shown.page.goto(demo.url);
    await shown.ready();
    return shown;
  }

  /** Until the text can be changed. */
  async ready(): Promise<void> {
    await this.page.locator("#text:not([readonly])").waitFor();
  }

  value(): Promise<string> {
    return this.text.inputValue();
  }

  /** Puts the caret somewhere, or selects. */
  async select(start: number, end: number = start): Promise<void> {
    await this.text.focus();
    await this.page.evaluate(`${FIELD}.setSelectionRange(${start}, ${end})`);
  }

  selection(): Promise<string> {
    return this.page.evaluate(
      `(({ value, selectionStart, selectionEnd }) =>
        value.slice(selectionStart, selectionEnd))(${FIELD})`,
    );
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  button(name: string): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Sets a switch by keys alone, to the step that is called so. */
  async set(label: string, step: string): Promise<void> {
    const slider = this.page.getByRole("slider", { name: label });
    await slider.focus();
    await this.press("Home");
    for (let left = 20; (await slider.getAttribute("aria-valuetext")) !== step; left--) {
      if (left === 0) throw new Error(`${label} has no step ${step}`);
      await this.press("ArrowRight");
    }
  }

  /** What the server says of this page's line. */
  async report(): Promise<LineReport> {
    const response = await this.page.request.get(`${this.page.url()}lines/${this.lineId}`);
    return (await response.json()) as LineReport;
  }

  /** A number of the panel, of this tab's column or of the server's. */
  async figure(row: string, column: "here" | "server"): Promise<number> {
    // Also where it is folded away.
    const cells = this.page.locator(`#panel tr:has(th:text-is("${row}")) td`);
    const text = await cells.nth(column === "here" ? 0 : 1).textContent();
    return Number(text?.replaceAll(",", ""));
  }
}

/** Until all have the text that the server has, and say so by sign and digests; returns it. */
export async function agree(demo: Demo, pages: readonly DemoPage[]): Promise<string> {
  await eventually(async () => {
    const digest = digestOf(demo.text);
    const agreeing = pages.map(async (each) => {
      const sign = await each.agreement.getAttribute("data-agreement");
      const shown = await each.agreement.locator("code").allTextContents();
      const isShown = shown.length === 2 && shown.every((text) => text === digest);
      return sign === "identical" && isShown && (await each.value()) === demo.text;
    });
    return (await Promise.all(agreeing)).every(Boolean);
  }, "equal texts");
  return demo.text;
}

/** Until something holds that one can only look at from outside the page. */
export async function eventually(look: () => Promise<boolean>, what: string): Promise<void> {
  await expect.poll(look, { timeout: LIMIT_MS, interval: 50, message: what }).toBe(true);
}
