import { type BulkAnswer, checkJson, NewMigration, type NewMigrations } from '@guts/contract';
import { GutsError } from '@guts/core';
import type { ApiParts } from '../api-parts.ts';
import { envelope, explain } from '../errors.ts';
import type { Ids } from '../protocol/ids.ts';
import { migrationToWire } from '../wire/records.ts';
import { dryRun } from './dry-run.ts';
import { type Asker, makeMigration } from './new-migration.ts';

/** @throws GutsError `bad_request`, with the field as the body of a single creation has it */
function checked(item: unknown): NewMigration {
  const [fault] = checkJson({ ...NewMigration }, item);
  if (!fault) return item as NewMigration;
  throw new GutsError('bad_request', `${fault.field === '' ? 'it' : fault.field} ${fault.message}`, {
    field: fault.field === '' ? 'body' : `body.${fault.field}`,
    remedy: 'Each is as POST /v1/migrations takes it.',
  });
}

type Result = BulkAnswer['results'][number];

/** Makes many migrations one after the other: what is refused is told and keeps none of the others. */
export async function makeMigrations(
  parts: ApiParts,
  asker: Asker,
  ids: Ids,
  { migrations: items, dry_run: dry = false }: NewMigrations,
): Promise<BulkAnswer> {
  const make = async (item: unknown, index: number): Promise<Pick<Result, 'migration' | 'dry_run'>> => {
    const body = checked(item);
    if (dry || body.dry_run === true) {
      ids.unfinished();
      return { migration: null, dry_run: await dryRun(parts, asker.scope, body) };
    }
    const id = ids.at(index);
    const there = ids.resumed ? await parts.store.getMigration(id, asker.scope) : null;
    return { migration: migrationToWire(there ?? (await makeMigration(parts, asker, id, body))) };
  };
  const results: Result[] = [];
  for (const [index, item] of items.entries()) {
    try {
      results.push({ index, ...(await make(item, index)), error: null });
    } catch (thrown) {
      const { error, status } = explain(thrown, parts.log.child({ request_id: asker.requestId }));
      if (status >= 500) ids.unfinished();
      const told = envelope(error, status, asker.requestId).error;
      const field = (told.field ?? 'body').replace(/^body\b/, `body.migrations.${index}`);
      results.push({ index, migration: null, error: { ...told, field } });
    }
  }
  if (results.some(({ migration }) => migration !== null)) parts.nudge();
  const created = results.filter(({ migration }) => migration !== null).length;
  return { created, refused: results.filter(({ error }) => error !== null).length, results };
}
