import type { Migration } from './schemas/migration.ts';

/** The migration that was made. @throws TypeError when a dry run was asked for, which makes none */
export function made(answer: { readonly migration: Migration } | object): Migration {
  if ('migration' in answer) return answer.migration;
  throw new TypeError('a dry run makes no migration');
}
