/**
 * What the writer's and the reader's process have in common: they take orders from the process that
 * conducts the replay, tell it their progress and, at last, their books.
 */
import type { EndedInfo, Session } from "../../src/session/index.ts";
import type { Books } from "./books.ts";
import type { Change } from "./change.ts";
import { type EndWord, type Ending, PROGRESS_MS } from "./orders.ts";

export type ChangeSession = Session<Change, Change>;

/** Tells the conductor; without one there is nobody to tell. */
export function tell(word: EndWord): void {
  if (process.connected) process.send?.(word);
}

/**
 * Takes orders. The process lives for the conductor alone: it goes when the conductor goes, and
 * leaves Ctrl-C, which a terminal sends to all of them, to the conductor.
 */
export function takeOrders<Order>(obey: (order: Order) => void): void {
  process.on("message", obey);
  process.on("disconnect", () => process.exit(1));
  if (!process.connected) process.exit(1);
  process.on("SIGINT", () => {});
}

/** The session of one end with its books. Commands: `follow`, `obey`. */
export class End {
  readonly books: Books;
  #session: ChangeSession | undefined;
  #hasReported = false;

  constructor(books: Books) {
    this.books = books;
    setInterval(() => this.#tellProgress(), PROGRESS_MS);
  }

  /** The session is there; only one is expected. */
  follow(session: ChangeSession): void {
    this.#session = session;
    session.on("ended", (info: EndedInfo) => {
      tell({ kind: "ended", reason: info.reason, detail: info.detail });
    });
  }

  async obey({ kind }: Ending, isCloser: boolean): Promise<void> {
    if (kind === "finish" && this.#session !== undefined) {
      if (isCloser) this.#session.close();
      await this.#session.ended;
    }
    if (this.#hasReported) return;
    this.#hasReported = true;
    this.#tellProgress();
    tell(this.books.report());
  }

  #tellProgress(): void {
    const { sent, arrivals } = this.books;
    const unacknowledged = this.#session?.unacknowledged ?? 0;
    const { state, reason } = this.#session?.status ?? { state: "not there", reason: "" };
    const status = reason === "" ? state : `${state} (${reason})`;
    tell({ kind: "progress", sent, delivered: arrivals.delivered, unacknowledged, status });
  }
}
