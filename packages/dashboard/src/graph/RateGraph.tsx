import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatRate } from '../shared/format.ts';
import { useDark } from '../shell/theme.ts';
import type { Series } from './series.ts';
import { timeLabels } from './time-labels.ts';

const HEIGHT_PX = 200;
/** Between lines of the time axis, so that what stands below them has room. */
const TIME_PX = 80;
/** Between lines across: powers of two, as bytes are counted. */
const INCREMENTS = Array.from({ length: 40 }, (_, power) => 2 ** power);

interface Colours {
  readonly ink: string;
  readonly line: string;
  readonly grid: string;
}

/** A canvas knows no style sheet: the colours as they are now. They change with the theme. */
function coloursOf(dark: boolean): Colours {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--pf-t--global--${name}`).trim();
  return {
    ink: token('text--color--subtle') || (dark ? '#c7c7c7' : '#4d4d4d'),
    line: token('color--brand--default') || (dark ? '#92c5f9' : '#0066cc'),
    grid: token('border--color--default') || (dark ? '#4d4d4d' : '#c7c7c7'),
  };
}

/** Bytes per second over time, drawn on a canvas. */
export function RateGraph({ series, label }: { readonly series: Series; readonly label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const drawn = useRef<uPlot.AlignedData>([[], []]);
  const dark = useDark();
  useEffect(() => {
    const frame = place.current;
    if (!frame) return undefined;
    const { ink, line, grid } = coloursOf(dark);
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const made = new uPlot(
      {
        width: frame.clientWidth,
        height: HEIGHT_PX,
        // What stands below the last line of the time axis has room, too.
        padding: [null, 32, null, null],
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_self, _low, high) => [0, Math.max(high ?? 0, 1024) * 1.1] } },
        axes: [
          {
            ...axis,
            space: TIME_PX,
            values: (_self, splits, _axis, _space, step) => timeLabels(splits, step),
          },
          {
            ...axis,
            size: 90,
            incrs: INCREMENTS,
            values: (_self, splits) => splits.map((value) => formatRate(value)),
          },
        ],
        series: [
          {},
          {
            label,
            stroke: line,
            width: 2,
            fill: `color-mix(in srgb, ${line} 15%, transparent)`,
            spanGaps: false,
          },
        ],
      },
      drawn.current,
      frame,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: frame.clientWidth, height: HEIGHT_PX }));
    watch.observe(frame);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [dark, label]);
  useEffect(() => {
    drawn.current = [[...series.at], [...series.values]];
    plot.current?.setData(drawn.current);
  }, [series]);
  // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role -- what is drawn is a canvas
  return <div ref={place} role="img" aria-label={label} className="guts-graph" />;
}
