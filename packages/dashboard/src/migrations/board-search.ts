import type { Migration } from '@guts/contract';

export const SORTS = ['name', 'status', 'step', 'started'] as const;
export type BoardSort = (typeof SORTS)[number];
export const GROUPS = ['active', 'attention', 'done'] as const;
export type Group = (typeof GROUPS)[number];

/** What the board shows: all of it stands in the address. */
export interface BoardSearch {
  /** Part of a name. */
  readonly q?: string;
  readonly group?: Group;
  readonly sort?: BoardSort;
  readonly desc?: boolean;
}

const oneOf = <T extends string>(words: readonly T[], value: unknown): T | undefined =>
  words.find((word) => word === value);

/** What is not understood is left out: an old address still opens. */
export function readBoardSearch(search: Record<string, unknown>): BoardSearch {
  const group = oneOf(GROUPS, search['group']);
  const sort = oneOf(SORTS, search['sort']);
  // A search for `10` is parsed to a number.
  const q = ['string', 'number'].includes(typeof search['q']) ? String(search['q']) : '';
  return {
    ...(q === '' ? {} : { q }),
    ...(group === undefined ? {} : { group }),
    ...(sort === undefined ? {} : { sort }),
    ...(search['desc'] === true ? { desc: true } : {}),
  };
}

const GROUP_OF: Readonly<Record<Migration['status'], Group>> = {
  queued: 'active',
  scheduled: 'active',
  running: 'active',
  cancelling: 'active',
  reverting: 'active',
  committing: 'active',
  awaiting_cutover: 'attention',
  failed: 'attention',
  completed: 'attention',
  cancelled: 'done',
  reverted: 'done',
  committed: 'done',
};
export const groupOf = ({ status }: Pick<Migration, 'status'>): Group => GROUP_OF[status];

/** In the order of what one looks for: what runs first, then what waits, then what ended. */
const RANK: readonly Migration['status'][] = [
  'failed',
  'awaiting_cutover',
  'cancelling',
  'reverting',
  'committing',
  'running',
  'scheduled',
  'queued',
  'completed',
  'committed',
  'reverted',
  'cancelled',
];
const rank = ({ status }: Migration): number => RANK.indexOf(status);

/** Numbers in names as numbers. */
const NAMES = new Intl.Collator(undefined, { numeric: true });

/** Of texts without words, such as times: many times faster than by a language's rules. */
function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

const compare: Readonly<Record<BoardSort, (a: Migration, b: Migration) => number>> = {
  name: (a, b) => NAMES.compare(a.name, b.name),
  status: (a, b) => rank(a) - rank(b),
  step: (a, b) => (a.step ?? '').localeCompare(b.step ?? ''),
  started: (a, b) => byText(a.started_at ?? a.created_at, b.started_at ?? b.created_at),
};

/** Those that fit, in the order that was asked for; else the newest first. */
export function boardRows(all: Iterable<Migration>, { q, group, sort, desc }: BoardSearch): Migration[] {
  const wanted = q?.toLowerCase();
  const rows = [...all].filter(
    (one) =>
      (group === undefined || groupOf(one) === group) &&
      (wanted === undefined ||
        one.name.toLowerCase().includes(wanted) ||
        one.instance_name.toLowerCase().includes(wanted)),
  );
  const newest = (a: Migration, b: Migration): number =>
    byText(b.created_at, a.created_at) || byText(b.id, a.id);
  if (sort === undefined) return rows.sort(newest);
  const sign = desc ? -1 : 1;
  return rows.sort((a, b) => sign * compare[sort](a, b) || newest(a, b));
}
