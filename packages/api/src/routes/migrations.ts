import { routes } from '@guts/contract';
import {
  buildReport,
  type EndpointSide,
  GutsError,
  type Migration,
  MIGRATION_SORT_KEYS,
  type ProjectScope,
  STATUSES,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { given, limitOf, momentOf, nextLink, pageOf, sortOf, statusesOf } from '../paging.ts';
import { serve } from '../serve.ts';
import {
  artifactToWire,
  diskToWire,
  eventToWire,
  migrationToWire,
  reportToWire,
  stepToWire,
} from '../wire/records.ts';
import { makeMigrations } from './bulk-migrations.ts';
import { consoleOf } from './console.ts';
import { dryRun } from './dry-run.ts';
import { act } from './migration-actions.ts';
import { manifestPage } from './manifest.ts';
import { makeMigration } from './new-migration.ts';

/** The id of what a filter names; what is not known (any more) is taken as an id, for its migrations may remain. */
async function endpointId(
  { store }: ApiParts,
  side: EndpointSide,
  text: string,
  scope: ProjectScope,
): Promise<string> {
  const byId = await store.getEndpoint(side, text, scope);
  if (byId) return byId.id;
  const [named] = await store.listEndpoints(side, scope, { limit: 1, name: text });
  return named?.id ?? text;
}

export function migrationRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { store } = parts;
  const get = async (id: string, scope: ProjectScope): Promise<Migration> => {
    const found = await store.getMigration(id, scope);
    if (!found) throw new GutsError('not_found', `there is no migration ${id}`);
    return found;
  };

  serve(app, routes.migrations.list, async ({ query, scope, href }) => {
    const page = await pageOf(query, (marker) => store.getMigration(marker, scope));
    const { name, instance, plan, status, source, destination } = query;
    const list = await store.listMigrations(scope, {
      ...page,
      ...sortOf(query, MIGRATION_SORT_KEYS),
      ...given({
        name,
        instance,
        planId: plan,
        status: statusesOf(status, STATUSES),
        sourceId: source && (await endpointId(parts, 'source', source, scope)),
        destinationId: destination && (await endpointId(parts, 'destination', destination, scope)),
        createdSince: query.created_since && momentOf(query.created_since, 'created_since'),
        updatedSince: query.updated_since && momentOf(query.updated_since, 'updated_since'),
      }),
    });
    const links = nextLink(
      href(routes.migrations.list.path),
      query,
      page.limit,
      list.at(-1)?.id,
      list.length,
    );
    return { migrations: list.map(migrationToWire), links };
  });

  serve(app, routes.migrations.create, async ({ body, ids, otherwise, ...asker }) => {
    if (body.dry_run === true) {
      otherwise();
      // Sent again it looks again: nothing was made that must not be made twice.
      ids.unfinished();
      return { dry_run: await dryRun(parts, asker.scope, body) };
    }
    const id = ids.at(0);
    const there = ids.resumed ? await store.getMigration(id, asker.scope) : null;
    const migration = there ?? (await makeMigration(parts, asker, id, body));
    parts.nudge();
    return { migration: migrationToWire(migration) };
  });

  serve(app, routes.migrations.bulk, ({ body, ids, ...asker }) => makeMigrations(parts, asker, ids, body));

  serve(app, routes.migrations.show, async ({ params, scope }) => ({
    migration: migrationToWire(await get(params.id, scope)),
  }));

  serve(app, routes.migrations.act, async ({ params, body, caller, scope, requestId }) => {
    const migration = await act(parts, await get(params.id, scope), body, { caller, requestId });
    return { migration: migrationToWire(migration) };
  });

  serve(app, routes.migrations.steps, async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { steps: (await store.listSteps(id)).map(stepToWire) };
  });

  serve(app, routes.migrations.disks, async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { disks: (await store.listDisks(id)).map(diskToWire) };
  });

  serve(app, routes.migrations.manifest, async ({ params, query, scope, href }) => {
    const { id } = await get(params.id, scope);
    return manifestPage(store, id, params.disk, query, href);
  });

  serve(app, routes.migrations.artifacts, async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { artifacts: (await store.listArtifacts(id)).map(artifactToWire) };
  });

  serve(app, routes.migrations.events, async ({ params, query, scope, href }) => {
    const { id } = await get(params.id, scope);
    const after = Number(query.after ?? 0);
    const limit = limitOf(query);
    const events = await store.listEvents(scope, { after, limit, resourceId: id });
    const path = href(routes.migrations.events.path.replace(':id', encodeURIComponent(id)));
    const next =
      events.length < limit ? null : `${path}?limit=${limit}&after=${events.at(-1)?.sequence ?? 0}`;
    return { events: events.map(eventToWire), links: { next } };
  });

  serve(app, routes.migrations.report, async ({ params, scope }) => {
    const migration = await get(params.id, scope);
    const [steps, artifacts, disks, passes] = await Promise.all([
      store.listSteps(migration.id),
      store.listArtifacts(migration.id),
      store.listDisks(migration.id),
      store.listPasses(migration.id),
    ]);
    return { report: reportToWire(buildReport(migration, steps, artifacts, disks, passes)) };
  });

  serve(app, routes.migrations.console, async ({ params, scope }) => ({
    console: await consoleOf(store, await get(params.id, scope)),
  }));
}
