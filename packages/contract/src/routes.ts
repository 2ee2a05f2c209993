import Type, { type TObject, type TSchema } from 'typebox';
import { Id, Links, PageQuery } from './schemas/common.ts';
import { Endpoint, EndpointChange, NewEndpoint, Operation, ReapFields } from './schemas/endpoint.ts';
import { Datastore, Host, Instance, Network } from './schemas/inventory.ts';
import {
  Artifact,
  Disk,
  Migration,
  MigrationAction,
  NewMigration,
  Report,
  Step,
} from './schemas/migration.ts';
import { AuditLine, Event, Health, HealthReport, Service, ServiceChange } from './schemas/system.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `:name` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly params: TObject;
  readonly query: TObject;
  readonly body: TSchema | null;
  readonly status: number;
  readonly answer: TSchema | null;
}

const closed = { additionalProperties: false } as const;
const none = Type.Object({}, closed);
const byId = Type.Object({ id: Id }, closed);
const page = <T extends Record<string, TSchema>>(more: T) => Type.Object({ ...PageQuery, ...more }, closed);
const listOf = <K extends string, T extends TSchema>(key: K, item: T) =>
  Type.Object({ [key]: Type.Array(item), links: Links } as Record<K, ReturnType<typeof Type.Array<T>>> & {
    links: typeof Links;
  });
const named = { name: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })) };
const IdQuery = Type.Optional(Id);
const Statuses = Type.Optional(Type.String({ maxLength: 255, description: 'statuses, separated by commas' }));
const endpointQuery = (side: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: `id or name of the ${side}` }));

const ofSource = {
  source: Type.String({ minLength: 1, maxLength: 255, description: 'id or name of the source' }),
  ...named,
  search: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
};

function route<
  P extends TObject,
  Q extends TObject,
  B extends TSchema | null,
  A extends TSchema | null,
>(definition: {
  method: Route['method'];
  path: string;
  summary: string;
  tag: string;
  params: P;
  query: Q;
  body: B;
  status: number;
  answer: A;
}) {
  return definition;
}

const endpointRoutes = <S extends 'source' | 'destination', A extends readonly string[]>(
  side: S,
  actions: A,
) => {
  const tag = `${side}s`;
  const base = `/v1/${tag}`;
  const one = Type.Object({ [side]: Endpoint } as Record<S, typeof Endpoint>);
  const action = Type.Object(
    { action: Type.Unsafe<A[number]>({ type: 'string', enum: [...actions] }), ...ReapFields },
    closed,
  );
  const common = { tag, params: byId, query: none, status: 200 };
  return {
    list: route({
      ...common,
      method: 'GET',
      path: base,
      summary: `Lists ${tag}`,
      params: none,
      query: page(named),
      body: null,
      answer: listOf(`${side}s`, Endpoint),
    }),
    create: route({
      ...common,
      method: 'POST',
      path: base,
      summary: `Makes a ${side}`,
      params: none,
      body: NewEndpoint,
      status: 201,
      answer: one,
    }),
    show: route({
      ...common,
      method: 'GET',
      path: `${base}/:id`,
      summary: `Shows a ${side}`,
      body: null,
      answer: one,
    }),
    update: route({
      ...common,
      method: 'PATCH',
      path: `${base}/:id`,
      summary: `Changes a ${side}`,
      body: EndpointChange,
      answer: one,
    }),
    remove: route({
      ...common,
      method: 'DELETE',
      path: `${base}/:id`,
      summary: `Deletes a ${side}`,
      body: null,
      status: 204,
      answer: null,
    }),
    act: route({
      ...common,
      method: 'POST',
      path: `${base}/:id/actions`,
      summary: `Starts an operation on a ${side}; reap needs the role admin`,
      body: action,
      status: 202,
      answer: Type.Object({ operation: Operation }),
    }),
  };
};

const inventoryRoute = <K extends string, T extends TSchema>(key: K, item: T) =>
  route({
    method: 'GET',
    path: `/v1/${key}`,
    summary: `Lists ${key} of a source, as last refreshed`,
    tag: 'inventory',
    params: none,
    query: page(ofSource),
    body: null,
    status: 200,
    answer: listOf(key, item),
  });

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

/** The API as values: guts-api serves them, clients call them, the OpenAPI document is made from them. */
export const routes = {
  health: route({
    method: 'GET',
    path: '/healthcheck',
    summary: 'Whether this API can serve',
    tag: 'system',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: Health,
  }),
  healthReport: route({
    method: 'GET',
    path: '/v1/health',
    summary: 'How database, bus and daemons are, and how much work there is',
    tag: 'system',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: HealthReport,
  }),
  sources: endpointRoutes('source', ['validate', 'refresh', 'reap'] as const),
  destinations: endpointRoutes('destination', ['validate', 'reap'] as const),
  operations: {
    list: route({
      method: 'GET',
      path: '/v1/operations',
      summary: 'Lists operations',
      tag: 'operations',
      params: none,
      query: page({ subject: IdQuery, status: Statuses }),
      body: null,
      status: 200,
      answer: listOf('operations', Operation),
    }),
    show: route({
      method: 'GET',
      path: '/v1/operations/:id',
      summary: 'Shows an operation',
      tag: 'operations',
      params: byId,
      query: none,
      body: null,
      status: 200,
      answer: Type.Object({ operation: Operation }),
    }),
  },
  inventory: {
    instances: inventoryRoute('instances', Instance),
    networks: inventoryRoute('networks', Network),
    datastores: inventoryRoute('datastores', Datastore),
    hosts: inventoryRoute('hosts', Host),
    instance: route({
      method: 'GET',
      path: '/v1/instances/:ref',
      summary: 'Shows an instance',
      tag: 'inventory',
      params: Type.Object({ ref: Type.String({ minLength: 1, maxLength: 255 }) }, closed),
      query: Type.Object({ source: ofSource.source }, closed),
      body: null,
      status: 200,
      answer: Type.Object({ instance: Instance }),
    }),
  },
  migrations: {
    list: route({
      ...forMigrations,
      method: 'GET',
      path: '/v1/migrations',
      summary: 'Lists migrations',
      query: page({
        ...named,
        status: Statuses,
        source: endpointQuery('source'),
        destination: endpointQuery('destination'),
      }),
      body: null,
      answer: listOf('migrations', Migration),
    }),
    create: route({
      ...forMigrations,
      method: 'POST',
      path: '/v1/migrations',
      summary: 'Makes a migration and queues it',
      body: NewMigration,
      status: 202,
      answer: oneMigration,
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
      answer: oneMigration,
    }),
    steps: ofMigration('steps', Step, 'Its steps with their attempts'),
    disks: ofMigration('disks', Disk, 'Progress per disk'),
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
      answer: Type.Object({ events: Type.Array(Event) }),
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
  },
  services: {
    list: route({
      method: 'GET',
      path: '/v1/services',
      summary: 'Lists daemons',
      tag: 'services',
      params: none,
      query: none,
      body: null,
      status: 200,
      answer: Type.Object({ services: Type.Array(Service) }),
    }),
    update: route({
      method: 'PATCH',
      path: '/v1/services/:id',
      summary: 'Disables (and drains) or enables a daemon',
      tag: 'services',
      params: byId,
      query: none,
      body: ServiceChange,
      status: 200,
      answer: Type.Object({ service: Service }),
    }),
    remove: route({
      method: 'DELETE',
      path: '/v1/services/:id',
      summary: 'Forgets a daemon that is dead',
      tag: 'services',
      params: byId,
      query: none,
      body: null,
      status: 204,
      answer: null,
    }),
  },
  audit: route({
    method: 'GET',
    path: '/v1/audit',
    summary: 'Who changed what',
    tag: 'system',
    params: none,
    query: page({}),
    body: null,
    status: 200,
    answer: listOf('audit', AuditLine),
  }),
};

/** Server-sent events: `id` is the sequence, `data` an {@link Event}. Query: `after`, `resource_id`. */
export const EVENT_STREAM_PATH = '/v1/events/stream';
