import Type from 'typebox';
import { STATUSES } from '@guts/core';
import { Bytes, FreeForm, Id, Nullable, Timestamp, Words } from './common.ts';
import { OPERATION_STATUSES } from './endpoint.ts';

const BINARIES = ['guts-api', 'guts-scheduler', 'guts-migration'] as const;

export const Service = Type.Object({
  id: Id,
  binary: Words(BINARIES),
  host: Type.String(),
  version: Type.String(),
  disabled: Type.Boolean({ description: 'finishes what it has, gets nothing new' }),
  disabled_reason: Nullable(Type.String()),
  draining: Type.Boolean({ description: 'disabled, and what it runs is handed over now' }),
  alive: Type.Boolean(),
  heartbeat_at: Timestamp,
  started_at: Timestamp,
  slots: Type.Integer({ description: 'how many migrations at once' }),
  slots_used: Type.Integer({ description: 'migrations reserved for it or run by it now' }),
  scratch_bytes: Nullable(Bytes),
  bytes_per_second: Nullable(Type.Number({ description: 'bandwidth of a worker; null: not told' })),
  bytes_per_second_limit: Nullable(
    Type.Number({ description: 'what all copies of a worker together may move; null: no limit' }),
  ),
  drivers: Type.Array(
    Type.Object({
      name: Type.String(),
      side: Words(['source', 'destination']),
      title: Type.String(),
      settings: FreeForm,
      secret: FreeForm,
      transports: Type.Optional(
        Type.Array(Type.String(), { description: 'of a source: what this worker has what it needs for' }),
      ),
    }),
  ),
});
export type Service = Type.Static<typeof Service>;

/** A slower copy would not end, and holds its source all the while; bytes per second. */
const LEAST_LIMIT = 64 * 1024;

export const ServiceChange = Type.Object(
  {
    disabled: Type.Optional(Type.Boolean()),
    drain: Type.Optional(
      Type.Boolean({ description: 'with disabled: hand over what it runs now, instead of finishing it' }),
    ),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'needed to disable' })),
    bytes_per_second_limit: Type.Optional(
      Nullable(
        Type.Integer({
          minimum: LEAST_LIMIT,
          maximum: Number.MAX_SAFE_INTEGER,
          description:
            'what all copies of a worker together may move, from its next heartbeat on; null: no limit',
        }),
      ),
    ),
  },
  { additionalProperties: false },
);

export const Event = Type.Object({
  sequence: Type.Integer(),
  resource: Words(['migration', 'operation', 'source', 'destination', 'service', 'mapping']),
  resource_id: Id,
  type: Type.String(),
  severity: Words(['information', 'warning', 'error']),
  message: Type.String(),
  data: FreeForm,
  at: Timestamp,
});
export type Event = Type.Static<typeof Event>;

export const AuditLine = Type.Object({
  id: Id,
  at: Timestamp,
  user_id: Nullable(Id),
  request_id: Type.String(),
  action: Type.String(),
  resource_id: Nullable(Id),
  data: FreeForm,
});
export type AuditLine = Type.Static<typeof AuditLine>;

const counts = <const S extends string>(statuses: readonly S[]) =>
  Type.Object(
    Object.fromEntries(statuses.map((one) => [one, Type.Integer()])) as Record<
      S,
      ReturnType<typeof Type.Integer>
    >,
  );

/** How the whole is, for who has a token. */
export const HealthReport = Type.Object({
  status: Words(['ok', 'degraded']),
  version: Type.String(),
  problems: Type.Array(Type.Object({ message: Type.String(), remedy: Type.String() })),
  database: Type.Object({
    latency_ms: Type.Number(),
    pending: Type.Array(Type.String(), { description: 'changes of the schema that are not made yet' }),
    ahead: Type.Array(Type.String(), { description: 'changes that a newer version made' }),
  }),
  bus: Type.Object({
    kind: Words(['in-process', 'rabbitmq']),
    connected: Type.Boolean(),
    since: Timestamp,
    detail: Nullable(Type.String()),
    outbox_pending: Type.Integer({ description: 'messages that wait to be sent' }),
    outbox_oldest_seconds: Nullable(Type.Number()),
  }),
  services: Type.Array(
    Type.Object({
      binary: Words(BINARIES),
      alive: Type.Integer(),
      dead: Type.Integer({ description: 'those whose heartbeat is too old' }),
      disabled: Type.Integer({ description: 'of those alive' }),
    }),
  ),
  migrations: counts(STATUSES),
  operations: counts(OPERATION_STATUSES),
});
export type HealthReport = Type.Static<typeof HealthReport>;

/** What anybody may know; with the token of an administrator also the report. */
export const Health = Type.Object({
  status: Words(['ok', 'degraded', 'unavailable']),
  version: Type.String(),
  database: Words(['ok', 'outdated', 'unreachable']),
  bus: Words(['ok', 'disconnected']),
  report: Type.Optional(HealthReport),
});
export type Health = Type.Static<typeof Health>;
