/** What a person must know and cannot see otherwise. */
import { element } from "./elements.ts";

export class Notice {
  readonly #box: HTMLElement = element("notice", HTMLElement);
  readonly #text: HTMLElement = element("notice-text", HTMLElement);
  readonly #button: HTMLButtonElement = element("anew", HTMLButtonElement);

  constructor(startAnew: () => void) {
    this.#button.addEventListener("click", startAnew);
  }

  /** Something that needs nobody: it goes when it is over. */
  tell(text: string): void {
    this.#show(text, false);
  }

  /** Something that only starting anew helps against. */
  ask(text: string): void {
    this.#show(text, true);
  }

  clear(): void {
    this.#box.hidden = true;
  }

  /** Clears what needed nobody. */
  clearTold(): void {
    if (this.#button.hidden) this.clear();
  }

  #show(text: string, isQuestion: boolean): void {
    this.#button.hidden = !isQuestion;
    this.#box.hidden = false;
    if (this.#text.textContent !== text) this.#text.textContent = text;
  }
}
