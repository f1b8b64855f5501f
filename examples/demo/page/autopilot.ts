/** Types by itself, so that one can watch with hands free. */

const CHARACTERS_PER_SECOND = 10;
const STEP_MS = 1_000 / CHARACTERS_PER_SECOND;

/** What is typed, one after the other. */
const SENTENCES = [
  "The line was cut in the middle of this sentence, and nobody could tell.",
  "What was lost on the way was sent again; what came twice was dropped.",
  "Pull the cable, wait a little, and plug it in: the letters are all there.",
  "Every letter arrives once, and in its place.",
];

/** Where the letters go. */
export interface Target {
  /** False when nothing can be typed. */
  readonly isReady: boolean;
  /** Characters that still fit. */
  readonly room: number;
  /** The letters that follow begin a line. */
  begin(): void;
  type(text: string): void;
}

export class Autopilot {
  readonly #target: Target;
  readonly #tell: (isOn: boolean) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sentence = 0;
  #typed = 0;
  #lastMs = 0;

  constructor(target: Target, tell: (isOn: boolean) => void) {
    this.#target = target;
    this.#tell = tell;
  }

  toggle(): void {
    if (this.#timer === undefined) this.#start();
    else this.stop();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#typed = 0;
    this.#tell(false);
  }

  #start(): void {
    this.#lastMs = performance.now();
    this.#timer = setInterval(() => this.#type(), STEP_MS);
    this.#tell(true);
  }

  /** Browsers slow down the timers of tabs that nobody sees: as many letters as are due. */
  #type(): void {
    const nowMs = performance.now();
    const due = Math.floor((nowMs - this.#lastMs) / STEP_MS + 0.5);
    if (due === 0 || !this.#target.isReady) return;
    this.#lastMs = nowMs;
    const sentence = SENTENCES[this.#sentence % SENTENCES.length] ?? "";
    const letters = sentence.slice(this.#typed, this.#typed + due);
    if (letters.length >= this.#target.room) {
      this.stop();
      return;
    }
    if (this.#typed === 0) this.#target.begin();
    this.#target.type(letters);
    this.#typed += letters.length;
    if (this.#typed < sentence.length) return;
    this.#sentence++;
    this.#typed = 0;
  }
}
