import { nameOf, type Route } from '@guts/contract';
import { DEFAULT_LIMITS, type Store } from '@guts/core';
import { openStore } from '@guts/store';
import { type Api, type Caller, createApi, specFromWire } from '../src/index.ts';
import { destinationFacts } from './destination-facts.ts';
import { endedPass, leased, optionsFor, putInstances, workerBeat } from './rig.ts';

export const PROJECTS = { a: 'a'.repeat(32), b: 'b'.repeat(32) } as const;
export type Side = keyof typeof PROJECTS;

/** Everything that is made for a project has this in its id and its name: where it is seen, that project is seen. */
export const SECRET = { a: 'alpha', b: 'bravo' } as const;

const ROLES = {
  none: ['other'],
  reader: ['reader'],
  member: ['member', 'reader'],
  admin: ['admin', 'member', 'reader'],
} as const;
export type Role = keyof typeof ROLES;
/** Tokens are `a-reader`, `system-admin` and so on. */
export type Token = `${Side | 'system'}-${Role}`;

function callerOf(token: string | null): Caller | null {
  const [where = '', role = ''] = token?.split('-') ?? [];
  const roles = ROLES[role as Role] as readonly string[] | undefined;
  if (!roles) return null;
  const projectId = where === 'system' ? null : PROJECTS[where as Side];
  return { projectId, userId: `user-${token}`, roles, system: where === 'system' };
}

/** What each project has, by kind. */
export const things = (side: Side) => {
  const one = (kind: string): string => `${SECRET[side]}-${kind}`;
  return {
    source: one('source'),
    destination: one('destination'),
    mapping: one('mapping'),
    migration: one('migration'),
    operation: one('operation'),
    instance: one('instance'),
    /** Used by nothing, so that it may be deleted. */
    spareSource: one('spare-source'),
    spareDestination: one('spare-destination'),
    /** Their names are other than their ids. */
    sourceName: one('source-name'),
    destinationName: one('destination-name'),
    mappingName: one('mapping-name'),
    migrationName: one('migration-name'),
    instanceName: one('instance-name'),
  };
};

const DRIVERS = (['source', 'destination'] as const).map((side) => ({
  name: 'd',
  side,
  title: 'D',
  settings: { type: 'object' },
  secret: { type: 'object' },
}));

async function fillInventory(store: Store, side: Side): Promise<void> {
  const own = things(side);
  await putInstances(store, own.source, [
    { ref: own.instance, name: own.instanceName },
    { ref: `${own.instance}-2`, name: `${own.instanceName}-2` },
  ]);
}

async function fill(store: Store, side: Side): Promise<void> {
  const own = things(side);
  const projectId = PROJECTS[side];
  const event = (resource: 'source' | 'destination' | 'mapping' | 'migration' | 'operation', id: string) => ({
    projectId,
    resource,
    resourceId: id,
    type: `${resource}.test`,
    severity: 'information' as const,
    message: `${id} was made`,
    data: {},
    audit: {
      id: `${SECRET[side]}-audit-${id}`,
      projectId,
      userId: `user-${side}`,
      requestId: `req-${SECRET[side]}`,
      action: 'test',
      resourceId: id,
      data: {},
    },
  });
  const end = { projectId, driver: 'd', settings: { url: `https://${SECRET[side]}.test` }, sealedSecret: '' };
  for (const [kind, id, name] of [
    ['source', own.source, own.sourceName],
    ['source', own.spareSource, own.spareSource],
    ['destination', own.destination, own.destinationName],
    ['destination', own.spareDestination, own.spareDestination],
  ] as const)
    await store.createEndpoint({ ...end, id, side: kind, name }, event(kind, id));
  await store.createMapping(
    {
      id: own.mapping,
      projectId,
      name: own.mappingName,
      description: null,
      mapping: specFromWire({ source: 's', destination: 'd', instance: 'i' }).mapping,
    },
    event('mapping', own.mapping),
  );
  await store.putFacts(
    own.destination,
    destinationFacts({
      project: { id: projectId, name: SECRET[side] },
      volumeTypes: [`${SECRET[side]}-type`],
      volumeTransports: [],
    }),
  );
  await store.createMigration(
    {
      id: own.migration,
      projectId,
      userId: `user-${side}`,
      planId: null,
      name: own.migrationName,
      sourceId: own.source,
      destinationId: own.destination,
      instanceRef: own.instance,
      instanceName: own.instanceName,
      targetProject: null,
      mode: 'cold',
      purpose: 'production',
      priority: 0,
      spec: specFromWire({ source: own.source, destination: own.destination, instance: own.instance }),
      demand: { host: 'host-1', datastores: ['ds-1'], streams: 1, bytes: 1, scratchBytes: 0 },
    },
    event('migration', own.migration),
  );
  const lease = await leased(store, own.migration, 'w');
  await endedPass(store, lease, SECRET[side]);
  await store.putConsole(lease, { text: `${SECRET[side]} login: `, truncated: false });
  const { audit: _once, ...released } = event('migration', own.migration);
  await store.releaseLease(lease, 'handed over', released);
  await store.createOperation(
    { id: own.operation, projectId, kind: 'source.validate', subjectId: own.source, input: {} },
    event('operation', own.operation),
  );
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}
export interface Asked {
  readonly method: Route['method'];
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface TwoProjects extends AsyncDisposable {
  readonly api: Api;
  ask(token: Token, asked: Asked): Promise<Answer>;
}

/** An API that serves two projects, each with one of everything. Ids that it makes are the same in each rig. */
export async function twoProjects(): Promise<TwoProjects> {
  const store = await openStore({ url: 'sqlite::memory:' });
  await store.upgrade();
  for (const side of ['a', 'b'] as const) await fillInventory(store, side);
  for (const side of ['a', 'b'] as const) await fill(store, side);
  await store.heartbeat(workerBeat({ drivers: DRIVERS }));
  const overrides = { [`host:${things('a').source}:host-1`]: 3, [`host:${things('b').source}:host-1`]: 4 };
  let made = 0;
  const started = performance.now();
  const api = createApi(
    optionsFor(store, {
      authenticate: (token) => Promise.resolve(callerOf(token)),
      limits: { ...DEFAULT_LIMITS, overrides },
      newId: () => `made-${(made += 1)}`,
      clock: {
        now: () => Date.now(),
        monotonic: () => performance.now() - started,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    }),
  );
  return {
    api,
    ask: async (token, { method, path, body, headers = {} }) => {
      const answer = await api.inject({
        method,
        url: path,
        headers: { 'x-auth-token': token, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return { status: answer.statusCode, text: answer.body, headers: answer.headers };
    },
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await store.close();
    },
  };
}

/** What a route is called with, so that it does what it is for. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** By path: what its `:id` or `:ref` names. */
function subject(route: Route, own: ReturnType<typeof things>): string {
  const removes = route.method === 'DELETE';
  if (route.path.startsWith('/v1/sources/')) return removes ? own.spareSource : own.source;
  if (route.path.startsWith('/v1/destinations/')) return removes ? own.spareDestination : own.destination;
  if (route.path.startsWith('/v1/mappings/')) return own.mapping;
  if (route.path.startsWith('/v1/migrations/')) return own.migration;
  if (route.path.startsWith('/v1/operations/')) return own.operation;
  if (route.path.startsWith('/v1/instances/')) return own.instance;
  if (route.path.startsWith('/v1/services/')) return 'w';
  throw new Error(`${nameOf(route)}: what does its path name? Say it in two-projects.ts.`);
}

/** What a body must have; a route that takes one must be here. */
function bodies(side: Side, own: ReturnType<typeof things>): Readonly<Record<string, Call['body']>> {
  const end = { name: `${SECRET[side]}-new`, driver: 'd', settings: {} };
  const migration = {
    source: own.source,
    destination: own.destination,
    instance: `${own.instance}-2`,
    named_mapping: own.mapping,
    name: `${SECRET[side]}-new`,
  };
  const question = { source: own.source, destination: own.destination, named_mapping: own.mapping };
  return {
    'sources.create': end,
    'destinations.create': end,
    'sources.update': { name: `${SECRET[side]}-changed` },
    'destinations.update': { name: `${SECRET[side]}-changed` },
    'sources.act': { action: 'refresh' },
    'destinations.act': { action: 'refresh' },
    'mappings.create': { name: `${SECRET[side]}-new`, mapping: {} },
    'mappings.update': { name: `${SECRET[side]}-changed` },
    'preflight.check': question,
    'preflight.summary': question,
    'migrations.create': migration,
    'migrations.bulk': { migrations: [migration] },
    'migrations.act': { action: 'cancel' },
    'events.ticket': { origin: 'https://horizon.example' },
    'services.update': { disabled: true, reason: 'test' },
  };
}

/** @throws Error for a route that nothing is known of */
export function callOf(route: Route, side: Side): Call {
  const own = things(side);
  const name = nameOf(route);
  const params = Object.fromEntries(
    Object.keys(route.params.properties).map((key) => [key, key === 'disk' ? '2000' : subject(route, own)]),
  );
  const needed = (route.query as { required?: string[] }).required ?? [];
  const query = Object.fromEntries(
    needed.map((key) => {
      if (key === 'source') return [key, own.source];
      throw new Error(`${name}: what is its query "${key}"? Say it in two-projects.ts.`);
    }),
  );
  const body = bodies(side, own)[name];
  if (route.body !== null && body === undefined)
    throw new Error(`${name}: what is its body? Say it in two-projects.ts.`);
  return { params, query, body };
}

/** The request of a call. @param project in its path; null: none */
export function askedOf(route: Route, call: Call, project: string | null): Asked {
  const path = route.path
    .replaceAll(/:(\w+)/g, (_all, key: string) => encodeURIComponent(call.params[key] ?? ''))
    .replace(/^\/v1(?=\/)/, project === null ? '/v1' : `/v1/${project}`);
  const search = new URLSearchParams(call.query).toString();
  return {
    method: route.method,
    path: search === '' ? path : `${path}?${search}`,
    ...(call.body === undefined ? {} : { body: call.body }),
  };
}
