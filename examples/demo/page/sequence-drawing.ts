/** One picture of the chart: rows, arrows, bars and labels, from what was seen and where it is. */
import { type Detail, fateOf, fitting, labelOf, type Piece } from "./sequence-labels.ts";
import { ROW_PX, type Timeline } from "./sequence-layout.ts";
import { colour } from "./theme.ts";
import type { Exchange } from "./traffic.ts";

/** Above the rows: whose line is which. */
export const HEAD_PX = 30;
/** Below the newest row. */
const FOOT_PX = 26;
/** Between a label and the line of the tab. */
const LABEL_GAP_PX = 8;
/** Narrower, and labels are short. */
const WIDE_PX = 470;
/** Silences from here on are named. */
const SILENCE_NAMED_MS = 1_500;
/** A request that was held for less has no bar. */
const HELD_SHOWN_MS = 80;

const COLOURS = ["ink", "muted", "accent", "other", "wait", "broken", "edge"] as const;

export type Palette = Readonly<Record<(typeof COLOURS)[number], string>>;

/** What is drawn: as it is, or as it was when the chart was stopped. */
export interface Scene {
  readonly exchanges: readonly Exchange[];
  readonly timeline: Timeline;
  readonly nowMs: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

interface Stroke {
  readonly tone: keyof Palette;
  readonly width: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

export function palette(): Palette {
  return Object.fromEntries(COLOURS.map((name) => [name, colour(name)])) as Palette;
}

export class Drawing {
  readonly #context: CanvasRenderingContext2D;
  readonly #palette: Palette;
  readonly #scene: Scene;
  readonly #size: Size;
  readonly #bottom: number;
  readonly #isShort: boolean;
  readonly #tabX: number;
  readonly #serverX: number;

  constructor(
    context: CanvasRenderingContext2D,
    colours: Palette,
    scene: Scene,
    size: Size,
    bottom: number,
  ) {
    this.#context = context;
    this.#palette = colours;
    this.#scene = scene;
    this.#size = size;
    this.#bottom = bottom;
    this.#isShort = size.width < WIDE_PX;
    this.#tabX = Math.round(
      this.#isShort ? Math.max(144, size.width * 0.48) : Math.max(252, size.width * 0.44),
    );
    this.#serverX = size.width - (this.#isShort ? 54 : 64);
  }

  draw(): void {
    const context = this.#context;
    const { width, height } = this.#size;
    context.save();
    context.beginPath();
    context.rect(0, HEAD_PX, width, height - HEAD_PX);
    context.clip();
    this.#lifelines();
    this.#silences();
    for (const exchange of this.#scene.exchanges) {
      if (exchange.sentAtMs <= this.#scene.nowMs && this.#isInView(exchange)) this.#draw(exchange);
    }
    context.restore();
    this.#head();
  }

  #isInView({ sentAtMs, overAtMs }: Exchange): boolean {
    const last = Math.min(overAtMs, this.#scene.nowMs);
    return this.#y(last) > 0 && this.#y(sentAtMs) < this.#size.height + ROW_PX;
  }

  #y(atMs: number): number {
    return this.#size.height - FOOT_PX + this.#scene.timeline.placeOf(atMs) - this.#bottom;
  }

  #head(): void {
    const context = this.#context;
    context.font = "600 12px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const [text, x, tone] of [
      ["this tab", this.#tabX, "accent"],
      ["server", this.#serverX, "other"],
    ] as const) {
      context.fillStyle = this.#palette[tone];
      context.fillText(text, x, HEAD_PX / 2 - 2);
    }
  }

  #lifelines(): void {
    const context = this.#context;
    context.strokeStyle = this.#palette.edge;
    context.lineWidth = 1;
    for (const x of [this.#tabX, this.#serverX]) {
      context.beginPath();
      context.moveTo(x + 0.5, HEAD_PX);
      context.lineTo(x + 0.5, this.#size.height);
      context.stroke();
    }
  }

  #silences(): void {
    const context = this.#context;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const { place, pixels, ms } of this.#scene.timeline.silences()) {
      const y = this.#size.height - FOOT_PX + place - pixels / 2 - this.#bottom;
      if (ms < SILENCE_NAMED_MS || y < 0 || y > this.#size.height) continue;
      context.fillStyle = this.#palette.muted;
      context.fillText(`${seconds(ms)} later`, (this.#tabX + this.#serverX) / 2, y);
    }
  }

  #draw(exchange: Exchange): void {
    const { nowMs } = this.#scene;
    const { sentAtMs, overAtMs, oneWayMs, request, answer, hasArrived } = exchange;
    const isOver = overAtMs <= nowMs;
    const fate = isOver ? exchange.fate : "out";
    const isLost = isOver && !hasArrived && fate !== "answered" && fate !== "damaged";
    const arrivedMs = sentAtMs + (isOver ? Math.min(oneWayMs, overAtMs - sentAtMs) : oneWayMs);
    const leftMs = isOver ? Math.max(arrivedMs, overAtMs - oneWayMs) : nowMs;
    const from = { x: this.#tabX, y: this.#y(sentAtMs) };
    const there = { x: this.#serverX, y: this.#y(arrivedMs) };

    if (isLost) this.#broken(from, there, fate === "dropped");
    else this.#arrow(from, part(from, there, (nowMs - sentAtMs) / oneWayMs), this.#style(request));
    this.#label((detail) => labelOf(exchange, request, detail), from.y);
    if (!isLost) this.#bar(exchange, arrivedMs, leftMs, isOver);
    if (!isOver) return;

    const back = { x: this.#serverX, y: this.#y(leftMs) };
    const home = { x: this.#tabX, y: this.#y(overAtMs) };
    if (fate === "answered") {
      this.#arrow(back, home, this.#style(answer));
      this.#label((detail) => labelOf(exchange, answer, detail), home.y);
      return;
    }
    if (!isLost) this.#broken(back, home, fate === "dropped");
    this.#label((detail) => fateOf(exchange, detail), home.y);
  }

  #style(facts: Exchange["request"]): Stroke {
    if (facts === undefined || facts.isOtherUnreadable) return { tone: "broken", width: 1 };
    if (facts.again.length > 0) return { tone: "wait", width: 2.5 };
    if (facts.fresh.length > 0) return { tone: "accent", width: 2.5 };
    return { tone: "muted", width: 1 };
  }

  #arrow(from: Point, to: Point, { tone, width }: Stroke): void {
    const context = this.#context;
    const angle = Math.atan2(to.y - from.y, to.x - from.x);
    context.strokeStyle = this.#palette[tone];
    context.fillStyle = this.#palette[tone];
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x - 6 * Math.cos(angle), to.y - 6 * Math.sin(angle));
    context.stroke();
    context.beginPath();
    context.moveTo(to.x, to.y);
    for (const side of [-0.42, 0.42]) {
      context.lineTo(to.x - 9 * Math.cos(angle + side), to.y - 9 * Math.sin(angle + side));
    }
    context.fill();
  }

  /** Somewhere on the way it ends. */
  #broken(from: Point, to: Point, isFaint: boolean): void {
    const context = this.#context;
    const tip = part(from, to, 0.55);
    context.strokeStyle = this.#palette[isFaint ? "muted" : "broken"];
    context.lineWidth = 1.5;
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(tip.x, tip.y);
    context.stroke();
    context.setLineDash([]);
    context.lineWidth = 2;
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(tip.x - 4, tip.y - 4 * side);
      context.lineTo(tip.x + 4, tip.y + 4 * side);
    }
    context.stroke();
  }

  #bar(exchange: Exchange, fromMs: number, toMs: number, isOver: boolean): void {
    const heldMs = exchange.answer?.heldMs ?? toMs - fromMs;
    if (heldMs < HELD_SHOWN_MS) return;
    const context = this.#context;
    const top = this.#y(fromMs);
    const height = Math.max(6, this.#y(toMs) - top);
    // Two that overlap stand side by side.
    const lane = (exchange.request?.exchange ?? 0) % 2;
    context.fillStyle = this.#palette.other;
    context.globalAlpha = isOver ? 0.55 : 1;
    context.beginPath();
    context.roundRect(this.#serverX + 3 + lane * 7, top, 5, height, 2.5);
    context.fill();
    context.globalAlpha = 1;
    if (!isOver) return;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = this.#palette.muted;
    context.fillText(seconds(heldMs), this.#serverX + 19, top + height / 2);
  }

  /** Ends at the line of the tab, and says as much as there is room for. */
  #label(piecesOf: (detail: Detail) => readonly Piece[], y: number): void {
    const context = this.#context;
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "right";
    context.textBaseline = "middle";
    const space = this.#isShort ? 5 : 8;
    const pieces = fitting(piecesOf, (all) => {
      const widths = all.map(({ text }) => context.measureText(text).width + space);
      return widths.reduce((sum, width) => sum + width, LABEL_GAP_PX) <= this.#tabX;
    });
    let right = this.#tabX - LABEL_GAP_PX;
    for (const { text, tone } of pieces.toReversed()) {
      context.fillStyle = this.#palette[tone];
      context.fillText(text, right, y);
      right -= context.measureText(text).width + space;
    }
  }
}

/** The point at a share of the way. */
function part(from: Point, to: Point, share: number): Point {
  const some = Math.min(1, Math.max(0, share));
  return { x: from.x + (to.x - from.x) * some, y: from.y + (to.y - from.y) * some };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
