import { routes } from '@guts/contract';
import {
  buildReport,
  compileBootPattern,
  demandOf,
  type EndpointSide,
  GutsError,
  type Migration,
  MIGRATION_SORT_KEYS,
  type NewMigration,
  type ProjectScope,
  STATUSES,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { auditLine } from '../audit.ts';
import { given, limitOf, nextLink, pageOf, sortOf, statusesOf } from '../paging.ts';
import { serve } from '../serve.ts';
import { refuseUnsupported } from '../supported.ts';
import { specFromWire } from '../wire/new-migration.ts';
import {
  artifactToWire,
  diskToWire,
  eventToWire,
  migrationToWire,
  reportToWire,
  stepToWire,
} from '../wire/records.ts';
import { findEndpoint } from './endpoints.ts';
import { findInstance } from './find-instance.ts';
import { act } from './migration-actions.ts';

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
  const { store, newId } = parts;
  const get = async (id: string, scope: ProjectScope): Promise<Migration> => {
    const found = await store.getMigration(id, scope);
    if (!found) throw new GutsError('not_found', `there is no migration ${id}`);
    return found;
  };

  serve(app, routes.migrations.list, 'reader', async ({ query, scope, href }) => {
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
        createdSince: query.created_since,
        updatedSince: query.updated_since,
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

  serve(app, routes.migrations.create, 'member', async ({ body, caller, scope, requestId }) => {
    refuseUnsupported(body);
    const spec = specFromWire(body);
    const { bootPattern } = spec.policies;
    if (bootPattern !== null) compileBootPattern(bootPattern, 'body.policies.boot_pattern');
    const source = await findEndpoint(parts, 'source', body.source, scope);
    const destination = await findEndpoint(parts, 'destination', body.destination, scope);
    const instance = await findInstance(parts, source, body.instance);
    const id = newId();
    const made: NewMigration = {
      id,
      projectId: caller.projectId,
      userId: caller.userId,
      planId: null,
      name: body.name ?? instance.name.slice(0, 255),
      sourceId: source.id,
      destinationId: destination.id,
      instanceRef: instance.ref,
      instanceName: instance.name,
      targetProject: body.target_project ?? null,
      mode: 'cold',
      purpose: body.purpose ?? 'production',
      priority: body.priority ?? 0,
      spec,
      demand: demandOf(instance),
    };
    const facts = { instance: instance.ref, source: source.id };
    const migration = await store.createMigration(made, {
      projectId: caller.projectId,
      resource: 'migration',
      resourceId: id,
      type: 'migration.created',
      severity: 'information',
      message: `migration of "${instance.name}" queued`,
      data: { status: 'queued' },
      audit: auditLine(parts, { caller, requestId }, 'migration.create', id, facts),
    });
    parts.nudge();
    return { migration: migrationToWire(migration) };
  });

  serve(app, routes.migrations.show, 'reader', async ({ params, scope }) => ({
    migration: migrationToWire(await get(params.id, scope)),
  }));

  serve(app, routes.migrations.act, 'member', async ({ params, body, caller, scope, requestId }) => {
    const migration = await act(parts, await get(params.id, scope), body, { caller, requestId });
    return { migration: migrationToWire(migration) };
  });

  serve(app, routes.migrations.steps, 'reader', async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { steps: (await store.listSteps(id)).map(stepToWire) };
  });

  serve(app, routes.migrations.disks, 'reader', async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { disks: (await store.listDisks(id)).map(diskToWire) };
  });

  serve(app, routes.migrations.artifacts, 'reader', async ({ params, scope }) => {
    const { id } = await get(params.id, scope);
    return { artifacts: (await store.listArtifacts(id)).map(artifactToWire) };
  });

  serve(app, routes.migrations.events, 'reader', async ({ params, query, scope, href }) => {
    const { id } = await get(params.id, scope);
    const after = Number(query.after ?? 0);
    const limit = limitOf(query);
    const events = await store.listEvents(scope, { after, limit, resourceId: id });
    const path = href(routes.migrations.events.path.replace(':id', encodeURIComponent(id)));
    const next =
      events.length < limit ? null : `${path}?limit=${limit}&after=${events.at(-1)?.sequence ?? 0}`;
    return { events: events.map(eventToWire), links: { next } };
  });

  serve(app, routes.migrations.report, 'reader', async ({ params, scope }) => {
    const migration = await get(params.id, scope);
    const [steps, artifacts, disks, passes] = await Promise.all([
      store.listSteps(migration.id),
      store.listArtifacts(migration.id),
      store.listDisks(migration.id),
      store.listPasses(migration.id),
    ]);
    return { report: reportToWire(buildReport(migration, steps, artifacts, disks, passes)) };
  });
}
