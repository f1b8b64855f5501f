/** Which figures are drawn, and beside which. */
import { spread } from "../statistics.ts";
import { bars, type Panel } from "./chart.ts";
import type { Contestant } from "./contestant.ts";
import {
  CPU,
  CPU_PERCENT,
  CUTS,
  cutsName,
  DOUBLED,
  ECHO,
  ECHO_TOGETHER,
  GAP,
  IDLE,
  LOST,
  MEMORY,
  P50_MS,
  P50_US,
  P99_MS,
  P99_US,
  PACED,
  type Play,
  RATE,
  REORDERED,
  throughputName,
  WIRE,
  WIRE_DOWN,
  WIRE_UP,
} from "./plays.ts";
import { known, type Results } from "./results.ts";

interface Chart {
  readonly file: string;
  readonly title: string;
  readonly panels: readonly {
    readonly name: string;
    readonly isLogarithmic?: boolean;
    readonly series: readonly {
      readonly name: string;
      readonly play: string;
      readonly figure: string;
    }[];
  }[];
}

const WAYS = ["up", "down"] as const;

function throughput(messageBytes: number): Chart {
  const series = WAYS.map((name) => ({
    name,
    play: throughputName(messageBytes, name),
    figure: RATE,
  }));
  const size = messageBytes === 1_024 ? "1 KiB" : `${messageBytes} B`;
  return {
    file: `throughput-${messageBytes}.svg`,
    title: `Throughput, messages of ${size}`,
    panels: [
      { name: RATE, series },
      {
        name: WIRE,
        series: WAYS.map((name) => ({
          name: `bytes ${name}`,
          play: throughputName(messageBytes, name),
          figure: WIRE,
        })),
      },
    ],
  };
}

function cuts(parameters: (typeof CUTS)[number]): Chart {
  const play = cutsName(parameters);
  return {
    file: `cuts-${parameters.cutEveryMs}-${parameters.delayMs}.svg`,
    title: play.replace("cuts", "All connections cut"),
    panels: [
      {
        name: "messages of 6,400",
        series: [LOST, DOUBLED, REORDERED].map((figure) => ({ name: figure, play, figure })),
      },
      {
        name: "ms, logarithmic",
        isLogarithmic: true,
        series: [{ name: "largest gap", play, figure: GAP }],
      },
    ],
  };
}

const charts: readonly Chart[] = [
  throughput(64),
  throughput(1_024),
  {
    file: "echo.svg",
    title: "Echo, one message of 64 B in flight",
    panels: [
      { name: "a processor for each side: us, logarithmic", play: ECHO },
      { name: "one processor for both: us, logarithmic", play: ECHO_TOGETHER },
    ].map(({ name, play }) => ({
      name,
      isLogarithmic: true,
      series: [
        { name: "p50", play, figure: P50_US },
        { name: "p99", play, figure: P99_US },
      ],
    })),
  },
  {
    file: "paced.svg",
    title: "60 messages a second each way",
    panels: [
      {
        name: "echo, ms, logarithmic",
        isLogarithmic: true,
        series: [
          { name: "p50", play: PACED, figure: P50_MS },
          { name: "p99", play: PACED, figure: P99_MS },
        ],
      },
      {
        name: CPU,
        series: [{ name: "processor", play: PACED, figure: CPU }],
      },
      {
        name: WIRE,
        series: [
          { name: "bytes up", play: PACED, figure: WIRE_UP },
          { name: "bytes down", play: PACED, figure: WIRE_DOWN },
        ],
      },
    ],
  },
  {
    file: "idle.svg",
    title: IDLE,
    panels: [
      { name: MEMORY, series: [{ name: "memory", play: IDLE, figure: MEMORY }] },
      { name: CPU_PERCENT, series: [{ name: "processor", play: IDLE, figure: CPU_PERCENT }] },
    ],
  },
  ...CUTS.map(cuts),
];

/** By file, the text of each chart of which something was measured. */
export function drawAll(
  results: Results,
  plays: readonly Play[],
  contestants: readonly Contestant[],
): Map<string, string> {
  const texts = new Map<string, string>();
  for (const chart of charts) {
    const panels = chart.panels.map(({ series, ...panel }) => ({
      ...panel,
      series: series.map(({ name, play, figure }) => ({
        name,
        values: contestants.map((contestant) => {
          const played = plays.find((each) => each.name === play);
          const drawn = played?.figures.find((each) => each.name === figure);
          if (played === undefined || drawn === undefined) return undefined;
          const values = known(results.values(played, contestant, drawn));
          return values.length === 0 || results.hasFailed(played, contestant)
            ? undefined
            : spread(values);
        }),
      })),
    }));
    const shown = contestants.filter((_, at) => hasValue(panels, at));
    if (shown.length === 0) continue;
    const text = bars(
      chart.title,
      shown.map(({ name }) => name),
      panels.map((panel) => ({
        ...panel,
        series: panel.series.map(({ name, values }) => ({
          name,
          values: values.filter((_, at) => hasValue(panels, at)),
        })),
      })),
      (name) => shown.some((each) => each.name === name && each.kind === "holdfast"),
    );
    texts.set(chart.file, text);
  }
  return texts;
}

function hasValue(panels: readonly Panel[], at: number): boolean {
  return panels.some(({ series }) => series.some(({ values }) => values[at] !== undefined));
}
