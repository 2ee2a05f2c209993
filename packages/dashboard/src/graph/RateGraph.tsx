import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatRate } from '../shared/format.ts';
import { useDark } from '../shell/theme.ts';
import type { Series } from './series.ts';

const HEIGHT_PX = 200;

function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Bytes per second over time, drawn on a canvas. */
export function RateGraph({ series, label }: { readonly series: Series; readonly label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useDark();
  useEffect(() => {
    const frame = place.current;
    if (!frame) return undefined;
    const [ink, line, grid] = [
      token('--pf-t--global--text--color--subtle'),
      token('--pf-t--global--color--brand--default'),
      token('--pf-t--global--border--color--default'),
    ];
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
    const made = new uPlot(
      {
        width: frame.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_self, _low, high) => [0, Math.max(high ?? 0, 1024) * 1.1] } },
        axes: [
          axis,
          { ...axis, size: 90, values: (_self, splits) => splits.map((value) => formatRate(value)) },
        ],
        series: [{}, { label, stroke: line, width: 2, fill: `${line}22`, spanGaps: false }],
      },
      [[], []],
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
    plot.current?.setData([[...series.at], [...series.values]]);
  }, [series, dark]);
  return <div ref={place} role="img" aria-label={label} className="guts-graph" />;
}
