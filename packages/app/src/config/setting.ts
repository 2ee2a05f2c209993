import type { Kind } from './kinds.ts';

/** What reads a setting. `guts all` reads what the three daemons read. */
export const READERS = {
  api: 'guts-api',
  scheduler: 'guts-scheduler',
  migration: 'guts-migration',
  db: 'guts db',
  secret: 'guts secret',
} as const;
export type Reader = keyof typeof READERS;

/** Every daemon, and what looks after the database. */
export const EVERY: readonly Reader[] = ['api', 'scheduler', 'migration', 'db', 'secret'];
export const DAEMONS: readonly Reader[] = ['api', 'scheduler', 'migration'];

/** What defaults are made from. */
export interface Surroundings {
  /** The state folder, as it is set. */
  readonly stateDir: string;
  readonly hostName: string;
}

/** One setting. What else there is to know of it (reference, sample, masks, checks) is made from this. */
export interface Setting<T> {
  /** In the file; `GUTS_` and its upper case is the environment variable. */
  readonly name: string;
  readonly kind: Kind<T & {}>;
  readonly initial: (around: Surroundings) => T;
  /** The default in words, when it is none that is the same everywhere. */
  readonly initially: string | null;
  /** What a number counts; null: things, or no number. */
  readonly unit: string | null;
  readonly readBy: readonly Reader[];
  /** `password`: the value may hold one, which is masked; `file`: names a file whose content is secret. */
  readonly secret: 'password' | 'file' | null;
  /** The file must be there when a daemon starts. */
  readonly mustExist: boolean;
  /** Must be the same on every host. */
  readonly everywhere: boolean;
  /** What it is for: Markdown, on one line. */
  readonly means: string;
  /** A value for the sample; null: the default. */
  readonly example: string | null;
}

interface Given<T, D extends T | null> {
  readonly kind: Kind<T>;
  /** The same everywhere, or made from what is around; null: none. */
  readonly initial: D | ((around: Surroundings) => D);
  readonly initially?: string;
  readonly unit?: string;
  readonly readBy: readonly Reader[];
  readonly secret?: 'password' | 'file';
  readonly mustExist?: boolean;
  readonly everywhere?: boolean;
  readonly means: string;
  readonly example?: string;
}

export function setting<T, D extends T | null>(name: string, given: Given<T, D>): Setting<T | D> {
  const { initial } = given;
  return {
    name,
    kind: given.kind as Kind<(T | D) & {}>,
    initial: typeof initial === 'function' ? (initial as (around: Surroundings) => D) : () => initial,
    initially: given.initially ?? null,
    unit: given.unit ?? null,
    readBy: given.readBy,
    secret: given.secret ?? null,
    mustExist: given.mustExist ?? false,
    everywhere: given.everywhere ?? false,
    means: given.means,
    example: given.example ?? null,
  };
}

export function variableOf({ name }: { readonly name: string }): string {
  return `GUTS_${name.toUpperCase()}`;
}

/** Settings that belong together, under a heading. */
export interface Group {
  readonly title: string;
  readonly settings: Readonly<Record<string, Setting<unknown>>>;
}
