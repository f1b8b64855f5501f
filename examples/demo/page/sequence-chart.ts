/**
 * The running chart: this tab and the server as two lines down which time runs, an arrow for each
 * request and each answer, the newest at the bottom. One canvas, drawn while something moves.
 */
import {
  Drawing,
  HEAD_PX,
  palette,
  type Palette,
  type Scene,
  type Size,
} from "./sequence-drawing.ts";
import { ROW_PX, Timeline } from "./sequence-layout.ts";
import type { Traffic } from "./traffic.ts";

/** How much of the way to where it should be the view makes in each frame. */
const GLIDE = 0.3;
/** After the last thing that happened nothing moves any more. */
const STILL_AFTER_MS = 5_000;

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

export class SequenceChart {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #traffic: Traffic;
  #timeline: Timeline = new Timeline();
  #stopped: Scene | undefined;
  #palette: Palette;
  #frame = 0;
  /** The place at the lower edge of the view. */
  #bottom = 0;
  #size: Size = { width: 0, height: 0 };

  constructor(canvas: HTMLCanvasElement, traffic: Traffic) {
    const context = canvas.getContext("2d");
    if (context === null) throw new Error("This browser draws nothing");
    this.#canvas = canvas;
    this.#context = context;
    this.#traffic = traffic;
    this.#palette = palette();
    new ResizeObserver(() => this.#resize()).observe(canvas);
    canvas.addEventListener("wheel", (event) => this.#handleWheel(event), { passive: false });
    canvas.addEventListener("pointerdown", ({ pointerId }) => canvas.setPointerCapture(pointerId));
    canvas.addEventListener("pointermove", (event) => this.#handleDrag(event));
    canvas.addEventListener("keydown", (event) => this.#handleKey(event));
  }

  get isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  /** Stops the view where it is; what happens meanwhile is there when it goes on. */
  stop(isStopped: boolean): void {
    const exchanges = this.#traffic.exchanges.map((each) => ({ ...each }));
    const timeline = this.#timeline.copy();
    this.#stopped = isStopped ? { exchanges, timeline, nowMs: performance.now() } : undefined;
    this.#canvas.dataset["stopped"] = String(isStopped);
    this.#wake();
  }

  /** The exchanges of another session. */
  begin(traffic: Traffic): void {
    this.#traffic = traffic;
    this.#timeline = new Timeline();
    this.#bottom = 0;
    this.#wake();
  }

  /** Something has happened. */
  note(): void {
    const { lastMs } = this.#timeline;
    const newsMs: number[] = [];
    for (const { sentAtMs, overAtMs } of this.#traffic.exchanges) {
      if (sentAtMs > lastMs) newsMs.push(sentAtMs);
      if (overAtMs > lastMs && overAtMs < Infinity) newsMs.push(overAtMs);
    }
    newsMs.sort((one, other) => one - other);
    for (const atMs of newsMs) this.#timeline.add(atMs);
    this.#wake();
  }

  /** Colours may be others. */
  repaint(): void {
    this.#palette = palette();
    this.#wake();
  }

  #wake(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#draw()) this.#wake();
    });
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.#size = { width, height };
    this.#wake();
  }

  #handleWheel(event: WheelEvent): void {
    if (!this.isStopped) return;
    event.preventDefault();
    this.#scroll(event.deltaY);
  }

  #handleDrag({ buttons, movementY }: PointerEvent): void {
    if (this.isStopped && buttons !== 0) this.#scroll(-movementY);
  }

  #handleKey(event: KeyboardEvent): void {
    const page = this.#size.height - HEAD_PX;
    const steps: Record<string, number> = {
      ArrowUp: -3 * ROW_PX,
      ArrowDown: 3 * ROW_PX,
      PageUp: -page,
      PageDown: page,
    };
    const step = steps[event.key];
    if (step === undefined || !this.isStopped) return;
    event.preventDefault();
    this.#scroll(step);
  }

  #scroll(pixels: number): void {
    const scene = this.#scene();
    const end = scene.timeline.placeOf(scene.nowMs);
    this.#bottom = Math.min(end, Math.max(Math.min(end, 0), this.#bottom + pixels));
    this.#wake();
  }

  #scene(): Scene {
    if (this.#stopped !== undefined) return this.#stopped;
    const { exchanges } = this.#traffic;
    return { exchanges, timeline: this.#timeline, nowMs: performance.now() };
  }

  /** Returns whether something still moves. */
  #draw(): boolean {
    const scene = this.#scene();
    const isMoving = this.#stopped === undefined && this.#follow(scene);
    const { width, height } = this.#size;
    if (width === 0 || height === 0) return false;
    const context = this.#context;
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    new Drawing(context, this.#palette, scene, this.#size, this.#bottom).draw();
    return isMoving;
  }

  #follow({ timeline, nowMs }: Scene): boolean {
    const end = timeline.placeOf(nowMs);
    const left = end - this.#bottom;
    const isFar = Math.abs(left) > this.#size.height;
    if (isStill.matches || isFar || Math.abs(left) < 0.5) this.#bottom = end;
    else this.#bottom += left * GLIDE;
    if (isStill.matches) return false;
    return this.#bottom !== end || nowMs - timeline.lastMs < STILL_AFTER_MS;
  }
}
