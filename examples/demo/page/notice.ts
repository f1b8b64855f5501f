/** What a person must know and cannot see otherwise: one thing at a time, the most urgent first. */
import { element } from "./elements.ts";

/** From the most urgent one on. */
const KINDS = ["outage", "end", "news"] as const;

type Kind = (typeof KINDS)[number];

/** What the button does about it, if there is anything to do. */
const BUTTONS: Readonly<Record<Kind, string | undefined>> = {
  outage: undefined,
  end: "Start anew",
  news: "OK",
};

export class Notice {
  readonly #box: HTMLElement = element("notice", HTMLElement);
  readonly #text: HTMLElement = element("notice-text", HTMLElement);
  readonly #button: HTMLButtonElement = element("notice-button", HTMLButtonElement);
  readonly #texts: Map<Kind, string> = new Map();

  constructor(startAnew: () => void) {
    this.#button.addEventListener("click", () => {
      const shown = this.#shown;
      this.set("news", undefined);
      if (shown === "end") startAnew();
    });
  }

  /**
   * Sets what is to be said, or that nothing is: that the server does not answer (`outage`), that
   * only starting anew helps (`end`), or what has happened (`news`).
   */
  set(kind: Kind, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(kind);
    else this.#texts.set(kind, text);
    const shown = this.#shown;
    this.#box.hidden = shown === undefined;
    if (shown === undefined) return;
    const [words = "", button] = [this.#texts.get(shown), BUTTONS[shown]];
    if (this.#text.textContent !== words) this.#text.textContent = words;
    this.#button.hidden = button === undefined;
    this.#button.textContent = button ?? "";
  }

  get #shown(): Kind | undefined {
    return KINDS.find((kind) => this.#texts.has(kind));
  }
}
