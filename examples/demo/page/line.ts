/** The page's line: made, looked at and set by plain requests, which never meet its faults. */
import type { LineFaults, LineReport, Refusal } from "../messages.ts";

/** Often enough for numbers that people read. */
const LOOK_EVERY_MS = 1_000;

/** Beyond this the server is taken for gone. */
const ANSWER_WITHIN_MS = 5_000;

/** Why there is no report. */
export class LineError extends Error {
  override readonly name = "LineError";
  readonly code: "gone" | "unreachable" | "refused";

  constructor(code: LineError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

export function makeLine(): Promise<LineReport> {
  return ask("/lines", { method: "POST" });
}

export function lookAtLine(id: string): Promise<LineReport> {
  return ask(pathOf(id), {});
}

export interface LineListeners {
  report(report: LineReport): void;
  error(error: LineError): void;
}

/** Looks at a line again and again while somebody sees the page, and sets it. */
export class LineWatch {
  readonly id: string;
  readonly #listeners: LineListeners;
  readonly #stop: AbortController = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is still to be set; of each fault the newest value. */
  #wanted: Partial<LineFaults> | undefined;
  #isBusy = false;

  constructor(id: string, listeners: LineListeners) {
    this.id = id;
    this.#listeners = listeners;
    const { signal } = this.#stop;
    const wake = (): void => {
      if (document.visibilityState === "visible") this.look();
    };
    document.addEventListener("visibilitychange", wake, { signal });
    this.look();
  }

  /** Sets some faults, as soon as what is under way is over. */
  set(faults: Partial<LineFaults>): void {
    this.#wanted = { ...this.#wanted, ...faults };
    this.look();
  }

  look(): void {
    if (!this.#isBusy && !this.#stop.signal.aborted) void this.#ask();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isBusy = true;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    try {
      const report = await (wanted === undefined
        ? lookAtLine(this.id)
        : ask(pathOf(this.id), putting(wanted)));
      if (!this.#stop.signal.aborted) this.#listeners.report(report);
    } catch (error) {
      const isKept = error instanceof LineError && error.code === "unreachable";
      // It is said again when the server answers again, unless something newer was chosen.
      if (isKept && wanted !== undefined)
        this.#wanted = { ...wanted, ...(this.#wanted as Partial<LineFaults> | undefined) };
      if (!this.#stop.signal.aborted) this.#listeners.error(error as LineError);
      this.#schedule();
      return;
    } finally {
      this.#isBusy = false;
    }
    if (this.#wanted === undefined) this.#schedule();
    else this.look();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted || document.visibilityState !== "visible") return;
    this.#timer = setTimeout(() => this.look(), LOOK_EVERY_MS);
  }
}

/** The id may be what somebody else has kept in this tab. */
function pathOf(id: string): string {
  return `/lines/${encodeURIComponent(id)}`;
}

function putting(faults: Partial<LineFaults>): RequestInit {
  const headers = { "content-type": "application/json" };
  return { method: "PUT", headers, body: JSON.stringify(faults) };
}

/** @throws LineError */
async function ask(path: string, init: RequestInit): Promise<LineReport> {
  let response: Response;
  let content: LineReport | Refusal;
  try {
    response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    content = (await response.json()) as LineReport | Refusal;
  } catch {
    throw new LineError("unreachable", "The demo's server does not answer.");
  }
  if (response.ok) return content as LineReport;
  const { error } = content as Refusal;
  throw new LineError(response.status === 404 ? "gone" : "refused", error);
}
