import { STATUS_RULES, type Status } from '@guts/core';
import { type Lane, layout } from './states-layout.ts';

const BOX = 190;
const LANE = 16;
const EDGE = 26;
const LEGEND = 56;
const FILL: Readonly<Record<'none' | 'reservation' | 'lease', string>> = {
  none: '#f3f4f6',
  reservation: '#fef3c7',
  lease: '#dbeafe',
};
const HOLDS: Readonly<Record<'none' | 'reservation' | 'lease', string>> = {
  none: 'holds no worker',
  reservation: 'a worker is reserved',
  lease: 'a worker runs it under a lease',
};
const DOWN = '#475569';
const UP = '#b45309';

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? Number(value.toFixed(1)) : value}"`)
    .join('');

/** Out of the box, along the lane, into the other box; with round corners. */
function path({ lane, side, startY, endY }: Lane, edgeX: number): string {
  const sign = side === 'right' ? 1 : -1;
  const far = edgeX + sign * (EDGE + (lane - 1) * LANE);
  const turn = 7;
  const down = endY > startY ? 1 : -1;
  const corner = (x: number): string => (x * sign).toFixed(1);
  return [
    `M${edgeX} ${startY.toFixed(1)}`,
    `H${far - sign * turn}`,
    `q${corner(turn)} 0 ${corner(turn)} ${down * turn}`,
    `V${(endY - down * turn).toFixed(1)}`,
    `q0 ${down * turn} ${corner(-turn)} ${down * turn}`,
    `H${edgeX + sign * 2}`,
  ].join(' ');
}

/** The life of a migration as SVG, made of the table of statuses alone. */
export function statesDrawing(): string {
  const { boxes, straight, lanes, height } = layout();
  const widest = (side: Lane['side']): number =>
    Math.max(0, ...lanes.filter((one) => one.side === side).map(({ lane }) => lane));
  const left = EDGE + widest('left') * LANE + 16;
  const width = left + BOX + EDGE + widest('right') * LANE + 16;
  const boxOf = (status: Status): (typeof boxes)[number] => {
    const found = boxes.find((one) => one.status === status);
    if (!found) throw new Error(`${status} has no place`);
    return found;
  };
  const marker = (id: string, colour: string): string =>
    `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="${colour}"/></marker>`;
  const line = (d: string, colour: string, id: string): string =>
    `<path${attributes({ d, fill: 'none', stroke: colour, 'stroke-width': 1.4, 'marker-end': `url(#${id})` })}/>`;
  const middle = left + BOX / 2;
  const drawn = [
    ...lanes.map((lane) =>
      lane.side === 'right' ? line(path(lane, left + BOX), DOWN, 'down') : line(path(lane, left), UP, 'up'),
    ),
    ...straight.map(({ from, to }) =>
      line(`M${middle} ${boxOf(from).top + boxOf(from).height} V${boxOf(to).top - 1}`, DOWN, 'down'),
    ),
    ...boxes.flatMap(({ status, top, height: tall }) => {
      const { holds, final } = STATUS_RULES[status];
      const frame = { x: left, y: top, width: BOX, height: tall, rx: 8, fill: FILL[holds], stroke: DOWN };
      const inner = { x: left + 4, y: top + 4, width: BOX - 8, height: tall - 8, rx: 5, fill: 'none' };
      const label = { x: middle, y: top + tall / 2 + 5, 'text-anchor': 'middle' };
      return [
        `<rect${attributes({ ...frame, 'stroke-width': 1.4 })}/>`,
        ...(final ? [`<rect${attributes({ ...inner, stroke: DOWN, 'stroke-width': 1 })}/>`] : []),
        `<text${attributes({ ...label, 'font-weight': 600 })}>${status}</text>`,
      ];
    }),
    ...(['none', 'reservation', 'lease'] as const).flatMap((holds, index) => {
      const y = height + index * 17;
      const frame = { x: 16, y, width: 14, height: 12, rx: 3, fill: FILL[holds], stroke: DOWN };
      return [
        `<rect${attributes(frame)}/>`,
        `<text${attributes({ x: 38, y: y + 10, 'font-size': 12 })}>${HOLDS[holds]}</text>`,
      ];
    }),
    `<text${attributes({ x: width - 16, y: height + 10, 'font-size': 12, 'text-anchor': 'end' })}>double frame: final</text>`,
  ];
  const whole = height + LEGEND;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img" aria-label="Statuses of a migration and where each leads" font-family="system-ui, sans-serif" font-size="14" fill="#111827">`,
    `<defs>${marker('down', DOWN)}${marker('up', UP)}</defs>`,
    `<rect${attributes({ width, height: whole, fill: '#ffffff' })}/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}
