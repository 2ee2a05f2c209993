import Type from 'typebox';
import { FreeForm, Id, Nullable, Timestamp, Words } from './common.ts';

export const Service = Type.Object({
  id: Id,
  binary: Words(['guts-api', 'guts-scheduler', 'guts-migration']),
  host: Type.String(),
  version: Type.String(),
  disabled: Type.Boolean(),
  disabled_reason: Nullable(Type.String()),
  alive: Type.Boolean(),
  heartbeat_at: Timestamp,
  started_at: Timestamp,
  slots: Type.Integer(),
  drivers: Type.Array(
    Type.Object({
      name: Type.String(),
      side: Words(['source', 'destination']),
      title: Type.String(),
      settings: FreeForm,
      secret: FreeForm,
    }),
  ),
});
export type Service = Type.Static<typeof Service>;

export const ServiceChange = Type.Object(
  { disabled: Type.Boolean(), reason: Type.Optional(Type.String({ maxLength: 500 })) },
  { additionalProperties: false },
);

export const Event = Type.Object({
  sequence: Type.Integer(),
  resource: Words(['migration', 'operation', 'source', 'destination', 'service']),
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

export const Health = Type.Object({
  status: Words(['ok', 'degraded']),
  version: Type.String(),
  database: Words(['ok', 'outdated', 'unreachable']),
});
export type Health = Type.Static<typeof Health>;
