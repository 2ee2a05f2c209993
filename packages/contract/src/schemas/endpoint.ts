import type { OperationStatus } from '@guts/core';
import Type from 'typebox';
import { FreeForm, Id, Name, Nullable, StoredFault, Timestamp, Words } from './common.ts';

/** A source or a destination; its secret is never shown. */
export const Endpoint = Type.Object({
  id: Id,
  name: Name,
  driver: Type.String(),
  settings: FreeForm,
  status: Words(['unknown', 'valid', 'invalid']),
  status_reason: Nullable(Type.String()),
  report: Type.Unknown(),
  validated_at: Nullable(Timestamp),
  refreshed_at: Nullable(Timestamp),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Endpoint = Type.Static<typeof Endpoint>;

export const NewEndpoint = Type.Object(
  {
    name: Name,
    driver: Type.String({ minLength: 1, maxLength: 32 }),
    settings: FreeForm,
    secret: Type.Optional(FreeForm),
  },
  { additionalProperties: false },
);
export type NewEndpoint = Type.Static<typeof NewEndpoint>;

export const EndpointChange = Type.Object(
  {
    name: Type.Optional(Name),
    settings: Type.Optional(FreeForm),
    secret: Type.Optional(FreeForm),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type EndpointChange = Type.Static<typeof EndpointChange>;

export const OPERATION_STATUSES = [
  'queued',
  'running',
  'done',
  'failed',
  'cancelled',
] as const satisfies readonly OperationStatus[];

export const Operation = Type.Object({
  id: Id,
  kind: Type.String(),
  subject_id: Id,
  status: Words(OPERATION_STATUSES),
  progress: Nullable(Type.String()),
  result: Type.Unknown(),
  error: Nullable(StoredFault),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Operation = Type.Static<typeof Operation>;
