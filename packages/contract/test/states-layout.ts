import { STATUS_RULES, type Status, STATUSES } from '@guts/core';

/** One status in the column, with the ends of its edges. Pixels. */
export interface Box {
  readonly status: Status;
  readonly top: number;
  readonly height: number;
}
/** An edge beside the column, in a lane of its own; 1 is the innermost. */
export interface Lane {
  readonly from: Status;
  readonly to: Status;
  readonly side: 'right' | 'left';
  readonly lane: number;
  readonly startY: number;
  readonly endY: number;
}
export interface Layout {
  readonly boxes: readonly Box[];
  /** Edges to the status right below. */
  readonly straight: readonly { readonly from: Status; readonly to: Status }[];
  readonly lanes: readonly Lane[];
  readonly height: number;
}

const GAP = 22;
const PORT = 13;
const MARGIN = 16;
const LEAST = 46;

/** Every status above those that it leads to and that come later in the table. */
export function order(): readonly Status[] {
  const seen = new Set<Status>();
  const done: Status[] = [];
  const visit = (status: Status): void => {
    if (seen.has(status)) return;
    seen.add(status);
    const later = STATUSES.slice(STATUSES.indexOf(status) + 1);
    for (const next of STATUS_RULES[status].leadsTo.toReversed()) if (later.includes(next)) visit(next);
    done.push(status);
  };
  for (const status of STATUSES) visit(status);
  return done.toReversed();
}

interface Edge {
  readonly from: Status;
  readonly to: Status;
  readonly fromRow: number;
  readonly toRow: number;
}

/** Lanes by length, shortest innermost; two edges share one only where their rows do not touch. */
function assignLanes(edges: readonly Edge[]): ReadonlyMap<Edge, number> {
  const taken: [number, number][][] = [];
  const lanes = new Map<Edge, number>();
  const span = ({ fromRow, toRow }: Edge): [number, number] => [
    Math.min(fromRow, toRow),
    Math.max(fromRow, toRow),
  ];
  const length = (edge: Edge): number => span(edge)[1] - span(edge)[0];
  for (const edge of edges.toSorted((a, b) => length(a) - length(b))) {
    const [low, high] = span(edge);
    const free = taken.findIndex((lane) => lane.every(([from, to]) => high < from || to < low));
    const at = free === -1 ? taken.length : free;
    (taken[at] ??= []).push([low, high]);
    lanes.set(edge, at + 1);
  }
  return lanes;
}

/**
 * The statuses in one column; edges downwards on its right, back upwards on its left, and straight to a neighbour
 * below. No edge can cross a box.
 */
export function layout(): Layout {
  const column = order();
  const edges: Edge[] = column.flatMap((from, fromRow) =>
    STATUS_RULES[from].leadsTo.map((to) => ({ from, to, fromRow, toRow: column.indexOf(to) })),
  );
  const beside = edges.filter((edge) => edge.toRow !== edge.fromRow + 1);
  const sides = { right: 'right', left: 'left' } as const;
  const of = (side: 'right' | 'left'): Edge[] =>
    beside.filter((edge) => (side === 'right') === edge.toRow > edge.fromRow);
  // Ends on one side of a box, from above: what goes up before what goes down, and within each in the order in
  // which a longer edge does not cross a shorter one.
  const ends = (status: Status, side: 'right' | 'left'): Edge[] => {
    const other = ({ from, fromRow, toRow }: Edge): number => (from === status ? toRow : fromRow);
    const row = column.indexOf(status);
    const touching = of(side)
      .filter(({ from, to }) => from === status || to === status)
      .toSorted((a, b) => other(b) - other(a));
    return [...touching.filter((edge) => other(edge) < row), ...touching.filter((edge) => other(edge) > row)];
  };
  const boxes: Box[] = [];
  let top = MARGIN;
  for (const status of column) {
    const most = Math.max(ends(status, 'right').length, ends(status, 'left').length);
    const height = Math.max(LEAST, (most + 1) * PORT);
    boxes.push({ status, top, height });
    top += height + GAP;
  }
  const portY = (status: Status, side: 'right' | 'left', edge: Edge): number => {
    const box = boxes.find((one) => one.status === status);
    if (!box) throw new Error(`${status} has no place`);
    const own = ends(status, side);
    return box.top + (box.height * (own.indexOf(edge) + 1)) / (own.length + 1);
  };
  const lanes = Object.values(sides).flatMap((side) => {
    const lane = assignLanes(of(side));
    return of(side).map((edge) => ({
      from: edge.from,
      to: edge.to,
      side,
      lane: lane.get(edge) ?? 1,
      startY: portY(edge.from, side, edge),
      endY: portY(edge.to, side, edge),
    }));
  });
  const straight = edges
    .filter((edge) => edge.toRow === edge.fromRow + 1)
    .map(({ from, to }) => ({ from, to }));
  return { boxes, straight, lanes, height: top - GAP + MARGIN };
}
