/**
 * Charts as SVG text: `bars` compares contestants, `lines` shows how a figure grows. They carry
 * their own background and turn dark where the reader's system is, so that they can stand in a page
 * as images. The same figures give the same text.
 */
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { CustomSeriesRenderItem, EChartsOption } from "echarts";
import type { Spread } from "../statistics.ts";

use([
  BarChart,
  CustomChart,
  GridComponent,
  LegendComponent,
  LineChart,
  SVGRenderer,
  TitleComponent,
]);

/** Each with what takes its place in the dark. */
const INK = { light: "#1f2328", dark: "#e6edf3" };
const FAINT = { light: "#d1d9e0", dark: "#3d444d" };
const PAPER = { light: "#ffffff", dark: "#0d1117" };

/** To be told apart on either paper. */
const COLOURS = ["#2f81f7", "#d9730d", "#2da44e", "#a371f7", "#e5534b", "#1b9aaa", "#8b949e"];

const WIDTH = 900;
const HEAD_HEIGHT = 64;
const FOOT_HEIGHT = 40;
const BAR_HEIGHT = 13;
const LINES_HEIGHT = 420;

/** Room for the names of contestants, and for the figures beside bars. */
const NAMES_WIDTH = 230;
const FIGURE_WIDTH = 64;

const COMPACT = new Intl.NumberFormat("en", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

/** One axis of figures, with bars of each series for each category. */
export interface Panel {
  /** What is shown, with its unit. */
  readonly name: string;
  /** A bar then says how many times as much, and begins at a power of ten. */
  readonly isLogarithmic?: boolean;
  readonly series: readonly {
    readonly name: string;
    /** In the order of the categories; undefined: there is none. */
    readonly values: readonly (Spread | undefined)[];
  }[];
}

/**
 * Bars from left to right, a group for each category, from top to bottom; panels stand side by side.
 * A thin line goes from the least value to the greatest.
 */
export function bars(
  title: string,
  categories: readonly string[],
  panels: readonly Panel[],
  isMarked: (category: string) => boolean = () => false,
): string {
  const barsEach = Math.max(...panels.map(({ series }) => series.length));
  const height = HEAD_HEIGHT + FOOT_HEIGHT + categories.length * (barsEach * BAR_HEIGHT + 10);
  const panelWidth = (WIDTH - NAMES_WIDTH) / panels.length;
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  return draw(height, {
    ...head(title, names),
    grid: panels.map((_, at) => ({
      left: NAMES_WIDTH + at * panelWidth,
      width: panelWidth - FIGURE_WIDTH,
      top: HEAD_HEIGHT,
      bottom: FOOT_HEIGHT,
    })),
    xAxis: panels.map((panel, gridIndex) => ({
      ...axis(panel.name, panel.isLogarithmic ?? false, valuesOf(panel)),
      gridIndex,
      nameGap: 24,
      splitNumber: 3,
    })),
    yAxis: panels.map((_, gridIndex) => ({
      type: "category" as const,
      gridIndex,
      data: [...categories],
      inverse: true,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: INK.light } },
      axisLabel: {
        show: gridIndex === 0,
        color: INK.light,
        interval: 0,
        formatter: (name: string) => (isMarked(name) ? `{marked|${name}}` : name),
        rich: { marked: { color: INK.light, fontWeight: "bold" as const } },
      },
    })),
    series: panels.flatMap((panel, at) =>
      panel.series.flatMap(({ name, values }, of) => {
        const place = { xAxisIndex: at, yAxisIndex: at, silent: true };
        const color = COLOURS[names.indexOf(name) % COLOURS.length] as string;
        return [
          {
            ...place,
            type: "bar" as const,
            name,
            itemStyle: { color },
            ...BAR_GAPS,
            data: values.map((value) => value?.median ?? "-"),
          },
          {
            ...place,
            type: "custom" as const,
            renderItem: whisker(of, panel.series.length),
            data: values.flatMap((value, category) =>
              value === undefined ? [] : [[value.low, category, value.high, value.median]],
            ),
            encode: { x: [0, 2], y: 1 },
          },
        ];
      }),
    ),
  });
}

const BAR_GAPS = { barGap: "8%", barCategoryGap: "24%" };

/** The line from the least value to the greatest, and the median as a number. */
function whisker(of: number, count: number): CustomSeriesRenderItem {
  return (_, api) => {
    const [low, category, high, median] = [0, 1, 2, 3].map((at) => Number(api.value(at)));
    const layout = api.barLayout?.({ ...BAR_GAPS, count })?.[of];
    const from = api.coord([low as number, category as number]);
    const to = api.coord([high as number, category as number]);
    const y = (from[1] as number) + (layout?.offsetCenter ?? 0);
    const [left, right] = [from[0] as number, to[0] as number];
    const style = { stroke: INK.light, fill: INK.light, lineWidth: 1 };
    return {
      type: "group",
      children: [
        { type: "line", shape: { x1: left, x2: right, y1: y, y2: y }, style },
        {
          type: "text",
          x: right + 5,
          y,
          style: {
            text: COMPACT.format(median as number),
            fill: INK.light,
            fontSize: 10,
            verticalAlign: "middle",
          },
        },
      ],
    };
  };
}

export interface LinesAxis {
  /** What is shown, with its unit. */
  readonly name: string;
  readonly isLogarithmic?: boolean;
}

/** A figure over another, one line for each series, with what was measured as points. */
export interface Line {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: Spread }[];
}

/** Thin lines at the points go from the least value to the greatest. */
export function lines(title: string, x: LinesAxis, y: LinesAxis, series: readonly Line[]): string {
  const points = series.flatMap((each) => each.points);
  const names = series.map(({ name }) => name);
  return draw(LINES_HEIGHT, {
    ...head(title, names),
    grid: { left: 80, right: 32, top: HEAD_HEIGHT, bottom: 56 },
    xAxis: {
      ...axis(
        x.name,
        x.isLogarithmic ?? false,
        points.map((point) => point.x),
      ),
      nameGap: 30,
    },
    yAxis: {
      ...axis(
        y.name,
        y.isLogarithmic ?? false,
        points.flatMap((point) => [point.y.low, point.y.high]),
      ),
      nameGap: 52,
    },
    series: series.flatMap((each, at) => {
      const color = COLOURS[at % COLOURS.length] as string;
      return [
        {
          type: "line" as const,
          name: each.name,
          silent: true,
          symbol: "circle",
          symbolSize: 5,
          itemStyle: { color },
          lineStyle: { color, width: 2 },
          data: each.points.map((point) => [point.x, point.y.median]),
        },
        {
          type: "custom" as const,
          silent: true,
          renderItem: upright(color),
          data: each.points.map((point) => [point.x, point.y.low, point.y.high]),
          encode: { x: 0, y: [1, 2] },
        },
      ];
    }),
  });
}

function upright(stroke: string): CustomSeriesRenderItem {
  return (_, api) => {
    const [x, low, high] = [0, 1, 2].map((at) => Number(api.value(at))) as [number, number, number];
    const [x1, y1] = api.coord([x, low]) as [number, number];
    const [x2, y2] = api.coord([x, high]) as [number, number];
    return { type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 1 } };
  };
}

function head(title: string, names: readonly string[]): EChartsOption {
  return {
    animation: false,
    backgroundColor: PAPER.light,
    title: { text: title, left: 12, top: 10, textStyle: { fontSize: 15, color: INK.light } },
    legend: {
      show: names.length > 1,
      data: [...names],
      left: 12,
      top: 34,
      itemWidth: 14,
      itemHeight: 10,
      textStyle: { color: INK.light },
    },
  };
}

function valuesOf({ series }: Panel): number[] {
  return series.flatMap(({ values }) =>
    values.flatMap((value) => (value === undefined ? [] : [value.low, value.high])),
  );
}

function axis(name: string, isLogarithmic: boolean, values: readonly number[]) {
  return {
    type: isLogarithmic ? ("log" as const) : ("value" as const),
    name,
    nameLocation: "middle" as const,
    nameTextStyle: { color: INK.light },
    axisLabel: { color: INK.light, formatter: (value: number) => COMPACT.format(value) },
    axisLine: { show: true, lineStyle: { color: INK.light } },
    splitLine: { lineStyle: { color: FAINT.light } },
    ...(isLogarithmic ? { min: powerBelow(values) } : {}),
  };
}

/** The greatest power of ten that is below all values which a logarithmic axis can show. */
function powerBelow(values: readonly number[]): number {
  const positive = values.filter((value) => value > 0);
  return positive.length === 0 ? 1 : 10 ** Math.floor(Math.log10(Math.min(...positive)));
}

function draw(height: number, option: EChartsOption): string {
  const chart: ECharts = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ textStyle: { fontFamily: "sans-serif" }, ...option });
    const svg = chart.renderToSVGString({ useViewBox: true });
    return (
      svg
        // Charts are counted by the process in their names.
        .replaceAll(/\bzr\d+-/g, "chart-")
        // Hovering means nothing in an image.
        .replace(/<style\b.*<\/style>/s, () => `<style>${darkness()}</style>`)
        .replaceAll(/ class="chart-cls-\d+"/g, "")
        .trimEnd()
        .concat("\n")
    );
  } finally {
    // It has a timer that would keep the process.
    chart.dispose();
  }
}

/** A rule is stronger than an attribute of an element. */
function darkness(): string {
  const rules = [INK, FAINT, PAPER].flatMap(({ light, dark }) =>
    ["fill", "stroke"].map((part) => `[${part}="${light}"]{${part}:${dark}}`),
  );
  return `@media(prefers-color-scheme:dark){${rules.join("")}}`;
}
