/** Small plots of the last half minute. */
import uPlot from "uplot";
import { colour } from "./theme.ts";

const SAMPLE_EVERY_MS = 250;
const WINDOW_MS = 30_000;
const SAMPLES_MAX = WINDOW_MS / SAMPLE_EVERY_MS;

/** What a plot shows at one moment: this tab's value and the server's; null: not known. */
export type Sample = readonly [here: number | null, there: number | null];

export interface PlotSpec {
  /** The scale ends here at least, so that a small change does not look like a large one. */
  readonly scaleMin: number;
  /** Shows how much was added at each moment, not how much there is. */
  readonly isRate?: boolean;
}

export class Plot {
  readonly #plot: uPlot;
  readonly #spec: PlotSpec;
  readonly #times: number[] = Array.from({ length: SAMPLES_MAX }, (_, place) => place);
  readonly #values: [(number | null)[], (number | null)[]] = [nothing(), nothing()];
  #last: Sample = [null, null];
  /** Samples in a row that were like the one before: a plot full of them need not be drawn. */
  #sameCount = 0;

  constructor(place: HTMLElement, spec: PlotSpec) {
    this.#spec = spec;
    const { clientWidth: width, clientHeight: height } = place;
    const series = (["accent", "other"] as const).map((name): uPlot.Series => {
      return {
        stroke: () => colour(name),
        width: 1.5,
        points: { show: false },
        ...(name === "other" && { dash: [4, 2] }),
        ...(uPlot.paths.stepped !== undefined && { paths: uPlot.paths.stepped({ align: 1 }) }),
      };
    });
    const options: uPlot.Options = {
      width: Math.max(1, width),
      height: Math.max(1, height),
      padding: [3, 2, 2, 2],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: {
        x: { time: false, range: [0, SAMPLES_MAX - 1] },
        y: { range: (_plot, _min, max) => [0, Math.max(spec.scaleMin, max)] },
      },
      series: [{}, ...series],
    };
    this.#plot = new uPlot(options, this.#data, place);
    new ResizeObserver(() => {
      const size = { width: place.clientWidth, height: place.clientHeight };
      // Folded away it has none.
      if (size.width > 0 && size.height > 0) this.#plot.setSize(size);
    }).observe(place);
  }

  add(sample: Sample): void {
    const shown = this.#spec.isRate === true ? this.#growth(sample) : sample;
    this.#last = sample;
    let isSame = true;
    for (const [at, values] of this.#values.entries()) {
      const value = shown[at] ?? null;
      isSame &&= values.at(-1) === value;
      values.push(value);
      values.shift();
    }
    this.#sameCount = isSame ? this.#sameCount + 1 : 0;
    if (this.#sameCount <= SAMPLES_MAX) this.#plot.setData(this.#data);
  }

  repaint(): void {
    this.#plot.redraw();
  }

  get #data(): uPlot.AlignedData {
    return [this.#times, ...this.#values];
  }

  #growth(sample: Sample): Sample {
    const [here, there] = sample.map((value, at) => {
      const before = this.#last[at] ?? null;
      // A counter that fell is another session's.
      return value === null || before === null ? null : Math.max(0, value - before);
    });
    return [here ?? null, there ?? null];
  }
}

/** Calls back at the pace of the plots. */
export function sampling(take: () => void): void {
  setInterval(take, SAMPLE_EVERY_MS);
}

function nothing(): null[] {
  return Array.from({ length: SAMPLES_MAX }, () => null);
}
