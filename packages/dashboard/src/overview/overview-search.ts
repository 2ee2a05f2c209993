/** How far back the overview looks; seconds. */
export const RANGES = { '1h': 3600, '8h': 8 * 3600, '24h': 24 * 3600, '7d': 7 * 24 * 3600 } as const;
export type RangeName = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as readonly RangeName[];
export const DEFAULT_RANGE: RangeName = '8h';

export interface OverviewSearch {
  /** Left out: {@link DEFAULT_RANGE}. */
  readonly range?: RangeName;
}

/** What is not understood is left out. */
export function readOverviewSearch(search: Record<string, unknown>): OverviewSearch {
  const range = RANGE_NAMES.find((one) => one === search['range']);
  return range === undefined || range === DEFAULT_RANGE ? {} : { range };
}
