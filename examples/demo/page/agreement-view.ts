/** Whether this tab and the server have the same text: the sign, the two digests, and why. */
import { element } from "./elements.ts";
import { type Circumstances, wordsOfAgreement, wordsOfCause } from "./words.ts";

/** A short way is no news: sign and digests would flicker with every letter. */
const UNDERWAY_SHOWN_AFTER_MS = 400;

const NO_DIGEST = "········";

export class AgreementView {
  readonly #box: HTMLElement = element("agreement", HTMLElement);
  readonly #word: HTMLElement = element("agreement-word", HTMLElement);
  readonly #here: HTMLElement = element("digest-here", HTMLElement);
  readonly #server: HTMLElement = element("digest-server", HTMLElement);
  readonly #why: HTMLElement = element("why", HTMLElement);
  #underwaySinceMs = Infinity;

  show(nowMs: number, now: Circumstances): void {
    const { document, status, isPulled } = now;
    const isOver = status.state === "ended";
    const agreement = isOver ? "unknown" : document.agreement;
    const isDown = isPulled || status.state === "interrupted";
    this.#underwaySinceMs =
      agreement === "underway" ? Math.min(this.#underwaySinceMs, nowMs) : Infinity;
    put(this.#why, wordsOfCause(now));
    const isBrief =
      agreement === "underway" &&
      !isDown &&
      nowMs - this.#underwaySinceMs < UNDERWAY_SHOWN_AFTER_MS;
    if (isBrief) return;
    const { digest, serverDigest } = document;
    put(this.#here, serverDigest === undefined ? NO_DIGEST : digest);
    put(this.#server, serverDigest ?? NO_DIGEST);
    put(this.#word, wordsOfAgreement(now));
    this.#box.dataset["agreement"] = agreement;
  }
}

function put(place: HTMLElement, text: string): void {
  if (place.textContent !== text) place.textContent = text;
}
