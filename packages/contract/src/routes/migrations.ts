import { MIGRATION_SORT_KEYS } from '@guts/core';
import Type, { type TSchema } from 'typebox';
import { Id, Links, PageQuery } from '../schemas/common.ts';
import {
  Artifact,
  BulkAnswer,
  Console,
  Disk,
  DryRun,
  Migration,
  MigrationAction,
  NewMigration,
  NewMigrations,
  Report,
  Step,
} from '../schemas/migration.ts';
import { Manifest, ManifestPiece, MANIFEST_PAGE_MAX } from '../schemas/manifest.ts';
import { Event } from '../schemas/system.ts';
import { byId, closed, exactly, listOf, named, none, page, route, Since, Statuses } from './define.ts';

const ofMigration = <K extends string, T extends TSchema>(key: K, item: T, summary: string) =>
  route({
    method: 'GET',
    path: `/v1/migrations/:id/${key}`,
    summary,
    tag: 'migrations',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: Type.Object({ [key]: Type.Array(item) } as Record<K, ReturnType<typeof Type.Array<T>>>),
  });

const oneMigration = Type.Object({ migration: Migration });
const forMigrations = { tag: 'migrations', params: none, query: none, status: 200 };

export const migrationRoutes = {
  list: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations',
    summary: 'Lists migrations',
    query: page(
      {
        ...named,
        status: Statuses,
        source: exactly('id or name of the source'),
        destination: exactly('id or name of the destination'),

        plan: exactly('id of the plan'),
        instance: exactly('ref or name of the instance'),
        created_since: Since,
        updated_since: Since,
      },
      MIGRATION_SORT_KEYS,
    ),
    body: null,
    answer: listOf('migrations', Migration),
  }),
  create: route({
    ...forMigrations,
    method: 'POST',
    path: '/v1/migrations',
    summary: 'Makes a migration and queues it; with dry_run it makes none',
    body: NewMigration,
    status: 202,
    otherStatus: 200,
    refusesUnsupported: true,
    creates: true,
    answer: Type.Union([oneMigration, Type.Object({ dry_run: DryRun })]),
  }),
  bulk: route({
    ...forMigrations,
    method: 'POST',
    path: '/v1/migrations/bulk',
    summary: 'Makes many migrations, each on its own: what is refused keeps none of the others',
    body: NewMigrations,
    creates: true,
    bodyLimit: 8 * 1024 * 1024,
    answer: BulkAnswer,
  }),
  show: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations/:id',
    summary: 'Shows a migration',
    params: byId,
    body: null,
    answer: oneMigration,
  }),
  act: route({
    ...forMigrations,
    method: 'POST',
    path: '/v1/migrations/:id/actions',
    summary: 'Cancels, retries, cuts over, reverts or commits',
    params: byId,
    body: MigrationAction,
    status: 202,
    refusesUnsupported: true,
    answer: oneMigration,
  }),
  steps: ofMigration('steps', Step, 'Its steps with their attempts'),
  disks: ofMigration('disks', Disk, 'Progress per disk'),
  manifest: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations/:id/disks/:disk/manifest',
    summary: 'The digests of what was copied of a disk, page by page',
    params: Type.Object(
      { id: Id, disk: Type.String({ minLength: 1, maxLength: 255, description: 'key of the disk' }) },
      closed,
    ),
    query: Type.Object(
      {
        after: Type.Optional(
          Type.String({
            pattern: '^[0-9]{1,15}$',
            description: 'only pieces whose first chunk comes after this one',
          }),
        ),
        limit: Type.Optional(
          Type.String({
            pattern: '^[1-9][0-9]{0,3}$',
            description: `pieces; at most ${MANIFEST_PAGE_MAX}; default 20`,
          }),
        ),
      },
      closed,
    ),
    body: null,
    answer: Type.Object({ manifest: Manifest, pieces: Type.Array(ManifestPiece), links: Links }),
  }),
  artifacts: ofMigration('artifacts', Artifact, 'What was made outside because of it'),
  events: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations/:id/events',
    summary: 'What happened',
    params: byId,
    query: Type.Object(
      { after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })), limit: PageQuery.limit },
      closed,
    ),
    body: null,
    answer: listOf('events', Event),
  }),
  report: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations/:id/report',
    summary: 'Its report',
    params: byId,
    body: null,
    answer: Type.Object({ report: Report }),
  }),
  console: route({
    ...forMigrations,
    method: 'GET',
    path: '/v1/migrations/:id/console',
    summary: 'What the console of its server showed when its boot was looked for',
    params: byId,
    body: null,
    answer: Type.Object({ console: Console }),
  }),
};
