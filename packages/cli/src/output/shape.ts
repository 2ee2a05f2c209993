import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';

/** As OpenStack's clients name them. */
export const FORMATS = ['table', 'json', 'yaml', 'csv', 'value'] as const;
export type Format = (typeof FORMATS)[number];

/** How an answer is to be written. */
export interface Shape {
  readonly format: Format;
  /** Titles (any case) of the columns or fields wanted; none: all. */
  readonly columns: readonly string[];
  /** Titles to sort a list by, the first one first. */
  readonly sortColumns: readonly string[];
  readonly descending: boolean;
  /** Terminal columns a table may take; 0: any. */
  readonly maxWidth: number;
  /** The table is to fit the terminal, where there is one. */
  readonly fitWidth: boolean;
  /** JSON on one line. */
  readonly noindent: boolean;
  /** Writes YAML; there when that is the format: its library is loaded for nothing else. */
  readonly yaml: (tree: unknown) => string;
}

export const PLAIN: Shape = {
  format: 'table',
  columns: [],
  sortColumns: [],
  descending: false,
  maxWidth: 0,
  fitWidth: false,
  noindent: false,
  yaml: () => {
    throw new TypeError('YAML was not asked for');
  },
};

/** By the last word of a command: those that write a list, and those that write the fields of one thing. */
const LISTS: readonly string[] = ['list', 'check', 'steps', 'disks', 'manifest', 'artifacts', 'events'];
const ONES: readonly string[] = [
  'show',
  'create',
  'set',
  'validate',
  'refresh',
  'cancel',
  'retry',
  'revert',
  'commit',
  'enable',
  'disable',
  'limit',
];

const collect = (one: string, before: readonly string[]): readonly string[] => [...before, one];

function width(given: string): number {
  if (/^\d{1,5}$/.test(given)) return Number(given);
  throw new InvalidArgumentError('A whole number of columns is needed; 0 sets no limit.');
}

/** Adds the options of {@link Shape} to every command below that writes a list or one thing. */
export function addShapeOptions(group: Command): void {
  const list = LISTS.includes(group.name());
  if (group.commands.length === 0 && (list || ONES.includes(group.name()))) {
    group
      .addOption(new Option('-f, --format <format>', 'how to write it').choices(FORMATS).default('table'))
      .option('-c, --column <title>', 'only this column; may be given again', collect, [])
      .option('--max-width <columns>', 'widest a table may be; 0: any', width, 0)
      .option('--fit-width', 'fits a table into the terminal', false)
      .option('--noindent', 'JSON on one line', false);
    if (list)
      group
        .option('--sort-column <title>', 'sorts by this column; may be given again', collect, [])
        .option('--sort-descending', 'the other way round', false);
  }
  for (const one of group.commands) addShapeOptions(one);
}

/** What a command was asked for. */
export async function shapeOf(command: Command): Promise<Shape> {
  const given = command.opts<{
    format?: Format;
    column?: string[];
    sortColumn?: string[];
    sortDescending?: boolean;
    maxWidth?: number;
    fitWidth?: boolean;
    noindent?: boolean;
  }>();
  return {
    format: given.format ?? PLAIN.format,
    columns: given.column ?? PLAIN.columns,
    sortColumns: given.sortColumn ?? PLAIN.sortColumns,
    descending: given.sortDescending ?? PLAIN.descending,
    maxWidth: given.maxWidth ?? PLAIN.maxWidth,
    fitWidth: given.fitWidth ?? PLAIN.fitWidth,
    noindent: given.noindent ?? PLAIN.noindent,
    yaml: given.format === 'yaml' ? (await import('yaml')).stringify : PLAIN.yaml,
  };
}
