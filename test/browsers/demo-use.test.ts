// The demo's page for people: by keys alone, on a phone and on a desk, in light and in darkness.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useBrowser } from "./chromium.ts";
import { agree, DemoPage, eventually, runDemo } from "./demo-page.ts";

const SIZES = {
  desk: { width: 1_440, height: 900 },
  phone: { width: 390, height: 844 },
} as const;

const SCHEMES = ["light", "dark"] as const;

/** Of phones, of tablets, and about where the page gets one column more. */
const WIDTHS = [320, 390, 699, 700, 1_024, 1_239, 1_240, 1_280, 1_440, 1_920] as const;

/** Pictures are put here, for people to look at. */
const PICTURES = process.env["SCREENSHOTS"];

/** What is not large text must stand out so much: WCAG 2.2, 1.4.3 (AA). */
const CONTRAST_MIN = 4.5;

/** What a finger or a mouse can hit: WCAG 2.2, 2.5.8 (AA). */
const TARGET_PX_MIN = 24;

/** All that can be operated, in the order in which Tab comes to it. */
const CONTROLS = [
  "link Open a second tab",
  "button Dark",
  "button Type for me",
  "textbox One text for all tabs",
  "button Good line",
  "button Train",
  "button Terrible",
  "button Pull the cable",
  "slider Cut every",
  "slider Lose requests",
  "slider Lose responses",
  "slider Delay each way",
  "slider Double requests",
  "slider Damage both",
  "button Pause",
  "img Requests and responses",
  "How to read it",
  "The session",
] as const;

/** Those that fold something, which have no role that one could ask for. */
const FOLDS: readonly string[] = ["How to read it", "The session"];

describe("the demo's page", () => {
  const newContext = useBrowser();

  test("Everything can be reached and done by keys alone, and shows where one is", async () => {
    const demo = await runDemo();
    const shown = await DemoPage.open(await newContext(), demo);
    const reached: string[] = [];
    for (const control of CONTROLS) {
      await shown.press("Tab");
      const { name, outline } = await shown.page.evaluate<{ name: string; outline: string }>(
        FOCUSED,
      );
      expect({ control, outline }).toEqual({ control, outline: "solid 3px" });
      reached.push(name);
    }
    expect(reached.map((name, at) => name.startsWith(CONTROLS[at] ?? "-"))).not.toContain(false);

    await shown.button("Train").focus();
    await shown.press("Enter");
    await eventually(async () => (await shown.report()).faults.cutEveryMs === 5_000, "the preset");
    await shown.set("Lose requests", "50 %");
    await shown.set("Delay each way", "20 ms");
    await eventually(async () => {
      const { faults } = await shown.report();
      return faults.loseRequest === 0.5 && faults.delayMs === 20;
    }, "the switches");
    expect(await shown.button("Train").getAttribute("aria-pressed")).toBe("false");
    await shown.button("Pull the cable").focus();
    await shown.press("Space");
    await eventually(async () => (await shown.report()).faults.blackout, "the pulled cable");
    await shown.press("Space");
    await eventually(async () => !(await shown.report()).faults.blackout, "the cable put back");
    await shown.text.focus();
    await shown.page.keyboard.type("By keys. ");
    await eventually(async () => {
      const lost = await shown.page.locator("li:has(#switch-loseRequest) .count").textContent();
      return Number.parseInt(lost ?? "", 10) > 0;
    }, "a count of requests lost");
    await shown.button("Good line").focus();
    await shown.press("Enter");
    expect(await agree(demo, [shown])).toContain("By keys. ");
    expect(shown.complaints).toEqual([]);
  });

  test.each(
    SCHEMES.flatMap((scheme) => (["desk", "phone"] as const).map((size) => ({ scheme, size }))),
  )("It is clear on a $size, $scheme", async ({ scheme, size }) => {
    const demo = await runDemo();
    const context = await newContext({
      viewport: SIZES[size],
      colorScheme: scheme,
      reducedMotion: "reduce",
    });
    await context.addInitScript(WATCH_LABELS);
    const shown = await DemoPage.open(context, demo);
    const { page } = shown;
    const picture = async (name: string): Promise<void> => {
      if (PICTURES === undefined) return;
      const path = join(PICTURES, `${size}-${scheme}-${name}.png`);
      await page.screenshot({ path, fullPage: size === "phone" });
    };
    await shown.button("Type for me").click();
    await eventually(async () => (await shown.figure("Messages delivered", "server")) > 30, "text");
    await picture("calm");
    await expectClear(shown, SIZES[size].width);

    // On a phone the table is folded until somebody asks for it, here by keys.
    const table = page.locator("#panel");
    expect(await table.isVisible()).toBe(size === "desk");
    if (size === "phone") {
      await page.locator("#session summary").focus();
      await shown.press("Enter");
      await table.waitFor();
    }
    await shown.button("Terrible").click();
    await eventually(async () => (await shown.figure("Times sent again", "here")) > 20, "losses");
    await picture("faults");
    await expectClear(shown, SIZES[size].width);

    await shown.button("Pull the cable").click();
    await page.locator('#state[data-state="interrupted"]').waitFor();
    await picture("pulled");
    await expectClear(shown, SIZES[size].width);
    await shown.button("Stop typing").click();
    await shown.button("Good line").click();
    await agree(demo, [shown]);
    expect(shown.complaints).toEqual([]);
  });

  test("The chart's labels and the table's words have room at every width", async () => {
    const demo = await runDemo();
    const context = await newContext({ reducedMotion: "reduce" });
    await context.addInitScript(WATCH_LABELS);
    const shown = await DemoPage.open(context, demo);
    const { page } = shown;
    await shown.button("Type for me").click();
    await shown.button("Terrible").click();
    await eventually(async () => (await shown.figure("Times sent again", "here")) > 60, "losses");
    await shown.button("Pull the cable").click();
    await page.locator('#state[data-state="interrupted"]').waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate("document.querySelector('#session').open = true");
      await page.evaluate(LABELS_AGAIN);
      const labels = await page.evaluate<{ count: number; leftmost: number }>(
        `new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() =>
          resolve(globalThis.labels))))`,
      );
      expect({ width, isDrawn: labels.count > 20 }).toEqual({ width, isDrawn: true });
      expect({ width, isCut: labels.leftmost < 0 }).toEqual({ width, isCut: false });
      const crowded = await page.evaluate<string[]>(CROWDED);
      expect({ width, crowded }).toEqual({ width, crowded: [] });
      if (PICTURES === undefined) continue;
      await page.screenshot({ path: join(PICTURES, `width-${width}.png`) });
    }
  });

  test("The page says what to do next, by how many tabs there are", async () => {
    const demo = await runDemo();
    const context = await newContext();
    const shown = await DemoPage.open(context, demo);
    const says = (words: string): Promise<void> =>
      eventually(async () => {
        return (await shown.page.locator("#why").textContent())?.startsWith(words) === true;
      }, words);
    await says("Open a second tab");
    const other = await DemoPage.open(context, demo);
    await says("Type in both tabs");
    // It is known after a reload, too.
    await shown.page.reload();
    await shown.ready();
    await says("Type in both tabs");
    await other.page.close();
    await says("Open a second tab");
    expect(shown.complaints).toEqual([]);
  });

  test("Light and dark are the system's choice until somebody chooses here", async () => {
    const demo = await runDemo();
    const context = await newContext({ colorScheme: "dark" });
    const shown = await DemoPage.open(context, demo);
    const ground = (): Promise<string> =>
      shown.page.evaluate("getComputedStyle(document.body).backgroundColor");
    const dark = await ground();
    await shown.page.emulateMedia({ colorScheme: "light" });
    await eventually(async () => (await ground()) !== dark, "another ground");
    const light = await ground();

    await shown.button("Dark").click();
    expect(await ground()).toBe(dark);
    await shown.page.reload();
    await shown.ready();
    expect(await ground()).toBe(dark);
    await shown.button("Dark").click();
    expect(await ground()).toBe(light);
  });

  test("Nothing is drawn while nothing happens", async () => {
    const demo = await runDemo();
    const context = await newContext();
    await context.addInitScript(`
      const ask = requestAnimationFrame;
      globalThis.frames = 0;
      globalThis.requestAnimationFrame = (draw) => ask((atMs) => { frames++; draw(atMs); });
    `);
    const shown = await DemoPage.open(context, demo);
    await agree(demo, [shown]);
    let before = -1;
    // Two looks, half a second apart, between which no frame was drawn.
    await expect
      .poll(
        async () => {
          const [last, now] = [before, await shown.page.evaluate<number>("globalThis.frames")];
          before = now;
          return now - last;
        },
        { timeout: 25_000, interval: 500 },
      )
      .toBe(0);
    expect(before).toBeGreaterThan(0);
  });
});

/** Counts what is written on canvases, and how far to the left it begins. */
const WATCH_LABELS = `{
  const write = CanvasRenderingContext2D.prototype.fillText;
  globalThis.labels = { count: 0, leftmost: Infinity };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const share = { right: 1, center: 0.5 }[this.textAlign] ?? 0;
    const left = x - this.measureText(text).width * share;
    labels.leftmost = Math.min(labels.leftmost, left);
    labels.count++;
    write.call(this, text, x, y);
  };
}`;

/** From here on, with all that is in view drawn once more. */
const LABELS_AGAIN = `{
  globalThis.labels = { count: 0, leftmost: Infinity };
  dispatchEvent(new Event("storage"));
}`;

/** Words of the table that are wider than their cells or touch what stands before them. */
const CROWDED = `[...document.querySelectorAll("#panel tr")].flatMap((row) => {
  let before = -Infinity;
  return [...row.cells].flatMap((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const { left, right, width } = range.getBoundingClientRect();
    const isCrowded = width > 0 && left < before + 4;
    if (width > 0) before = right;
    return isCrowded ? [row.textContent] : [];
  });
})`;

/** The control that has the focus: its role and name, and how it shows that. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const labels = [...(at.labels ?? [])].map((each) => each.textContent);
  const named = document.getElementById(at.getAttribute("aria-labelledby") ?? "")?.textContent;
  const text = at.getAttribute("aria-label") ?? named ?? labels[0] ?? at.textContent;
  const roles = { A: "link", BUTTON: "button", TEXTAREA: "textbox", INPUT: "slider" };
  const role = at.getAttribute("role") ?? roles[at.tagName] ?? "";
  const name = (role + " " + text.trim()).trim();
  return { name, outline: outlineStyle + " " + outlineWidth };
})()`;

/** Nothing sticks out, everything to operate has a name and room, and all text stands out. */
async function expectClear({ page }: DemoPage, width: number): Promise<void> {
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  for (const control of CONTROLS.filter((each) => !FOLDS.includes(each))) {
    const [, role = "", name = ""] = /^(\S+) (.*)$/.exec(control) ?? [];
    const found = page.getByRole(role as "button", {
      name: NAMES_NOW.get(name) ?? new RegExp(`^${name}`),
    });
    const box = await found.boundingBox();
    const { x = -1, width: across = 0, height = 0 } = box ?? {};
    const isInReach = x >= 0 && x + across <= width && height >= TARGET_PX_MIN;
    expect({ control, isInReach }).toEqual({ control, isInReach: true });
  }
  const faint = (await page.evaluate<{ text: string; ratio: number }[]>(CONTRASTS)).filter(
    ({ ratio }) => ratio < CONTRAST_MIN,
  );
  expect(faint).toEqual([]);
}

/** Buttons that are called otherwise once they have been pressed. */
const NAMES_NOW: ReadonlyMap<string, RegExp> = new Map([
  ["Type for me", /^(Type for me|Stop typing)$/],
  ["Pull the cable", /^(Pull the cable|Plug it in)$/],
]);

/** Each piece of text with the contrast to what is behind it. */
const CONTRASTS = `(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const each of colours) {
      context.fillStyle = each;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (parts) => {
    const [r, g, b] = parts.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const at = node.parentElement;
    if (text === "" || !at.checkVisibility() || at.closest("script, style") !== null) continue;
    const grounds = [];
    for (let each = at; each !== null; each = each.parentElement) {
      grounds.unshift(getComputedStyle(each).backgroundColor);
    }
    const [one, other] = [over(grounds), over([...grounds, getComputedStyle(at).color])]
      .map(light)
      .sort((a, b) => b - a);
    found.push({ text, ratio: (one + 0.05) / (other + 0.05) });
  }
  return found;
})()`;
