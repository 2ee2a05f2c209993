import { BULK_MAX, type Driver, routes } from '@guts/contract';
import {
  GutsError,
  type HeldWork,
  type Limits,
  type Migration,
  type ProjectScope,
  type Service,
  STATUS_RULES,
  STATUSES,
  type Store,
  Usage,
} from '@guts/core';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from '../api-parts.ts';
import { OFFERED_SECONDS } from '../fresh.ts';
import { limitOf, nextLink, PAGE_MAX } from '../paging.ts';
import { serve } from '../serve.ts';
import { slotsUsed } from '../slots-used.ts';
import { snake } from '../wire/snake.ts';
import { findEndpoint } from './endpoints.ts';
import { readVolumes } from './volumes.ts';

const HOLDING = STATUSES.filter((status) => STATUS_RULES[status].holds !== 'none');
const PAGE = 1000;

/** Each driver once, with who has it; the newest worker's schemas are told. */
function driversOf(services: readonly Service[]): Driver[] {
  const found = new Map<string, Driver>();
  const alive = services.filter((one) => one.alive);
  for (const { id, drivers } of alive.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1)))
    for (const { name, side, title, settings, secret } of drivers) {
      const known = found.get(`${side}/${name}`);
      if (known) known.workers.push(id);
      else
        found.set(`${side}/${name}`, {
          name,
          side,
          title,
          settings: { ...settings },
          secret: { ...secret },
          workers: [id],
        });
    }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, driver]) => driver);
}

/** Migrations of all projects that have a worker, or are promised one. */
async function holding(store: Pick<Store, 'listMigrations'>): Promise<Migration[]> {
  const all: Migration[] = [];
  for (let marker: string | undefined; ;) {
    const page = await store.listMigrations(
      { projectId: null },
      { limit: PAGE, status: HOLDING, ...(marker === undefined ? {} : { marker }) },
    );
    all.push(...page.filter(({ workerId }) => workerId !== null));
    marker = page.at(-1)?.id;
    if (page.length < PAGE) return all;
  }
}

/** What the limits count of a migration: nothing else of it matters to them. */
function workOf(migration: Migration): HeldWork {
  const { id, projectId, planId, priority, phase, sourceId, destinationId, targetProject, demand } =
    migration;
  return {
    id,
    projectId,
    planId,
    priority,
    phase,
    sourceId,
    destinationId,
    targetProject,
    demand,
    direction: 'forward',
    sourceDriver: '',
    destinationDriver: '',
    queuedAt: Date.parse(migration.queuedAt),
    workerId: migration.workerId ?? '',
  };
}

/** Limits of single things, such as `host:SOURCE-ID:host-12`, that are about what may be seen. */
async function ownOverrides(
  store: Pick<Store, 'getEndpoint'>,
  overrides: Limits['overrides'],
  view: ProjectScope,
): Promise<Record<string, number>> {
  if (view.projectId === null) return { ...overrides };
  const own: Record<string, number> = {};
  for (const [key, limit] of Object.entries(overrides)) {
    const [, id = ''] = key.split(':');
    const source = await store.getEndpoint('source', id, view);
    if (source ?? (await store.getEndpoint('destination', id, view))) own[key] = limit;
  }
  return own;
}

interface Bounds {
  readonly limits: Limits;
  /** Bytes. */
  readonly bodyLimit: number;
  /** Of one caller; 0: no limit. */
  readonly requestsPerMinute: number;
}

/** Drivers, volumes and limits. */
export function resourceRoutes(
  app: FastifyInstance,
  parts: ApiParts,
  { limits, bodyLimit, requestsPerMinute }: Bounds,
): void {
  const { store } = parts;

  serve(app, routes.drivers, async () => ({
    drivers: driversOf(await store.listServices(OFFERED_SECONDS)),
  }));

  serve(app, routes.volumes, async ({ query, scope, href }) => {
    const source = await findEndpoint(parts, 'source', query.source, scope);
    const limit = limitOf(query);
    const { marker, instance, datastore } = query;
    const at = marker?.indexOf('/') ?? 0;
    if (marker !== undefined && at < 1)
      throw new GutsError('bad_request', `the marker "${marker}" is the id of no volume`, {
        field: 'query.marker',
      });
    const after = marker === undefined ? null : { instance: marker.slice(0, at), key: marker.slice(at + 1) };
    const volumes = await readVolumes(store, source.id, { limit, after, instance, datastore });
    const links = nextLink(href(routes.volumes.path), query, limit, volumes.at(-1)?.id, volumes.length);
    return { volumes, links };
  });

  serve(app, routes.limits, async ({ view }) => {
    const all = await holding(store);
    const usage = new Usage(all.map(workOf), limits);
    const own = all.filter(({ projectId }) => projectId === view.projectId || view.projectId === null);
    const takes = own.flatMap((one) => usage.takesOf(workOf(one)));
    const resources = [...new Set(takes.map(({ resource }) => resource))];
    const [services, taken] = await Promise.all([store.listServices(OFFERED_SECONDS), slotsUsed(store)]);
    const alive = services.filter((one) => one.alive && !one.disabled);
    const { overrides, ...byDefault } = limits;
    return {
      limits: { ...snake(byDefault), overrides: await ownOverrides(store, overrides, view) },
      used: resources.map(({ key, limit, used }) => ({ resource: key, limit, used })),
      slots: {
        total: alive.reduce((sum, one) => sum + one.slots, 0),
        used: alive.reduce((sum, one) => sum + (taken.get(one.id) ?? 0), 0),
      },
      api: {
        page: PAGE_MAX,
        bulk_migrations: BULK_MAX,
        body_bytes: bodyLimit,
        bulk_body_bytes: routes.migrations.bulk.bodyLimit ?? bodyLimit,
        requests_per_minute: requestsPerMinute === 0 ? null : requestsPerMinute,
      },
    };
  });
}
