import { ARTIFACT_KINDS, type OperationStatus } from '@guts/core';
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

/** What a reap is told besides; the same on both sides. */
export const ReapFields = {
  remove: Type.Optional(Type.Boolean({ description: 'of a reap: also remove; else it only lists' })),
  confirm: Type.Optional(Type.Boolean({ description: 'of a reap that removes: must be true' })),
  include_unknown: Type.Optional(
    Type.Boolean({
      description:
        'of a reap: also what carries our marker but whose migration this database does not know; it may belong to another GUTS',
    }),
  ),
  only: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
      maxItems: 1000,
      description: 'of a reap: only these external ids',
    }),
  ),
};

/** The result of an operation `source.reap` or `destination.reap`. */
export const ReapResult = Type.Object({
  leftovers: Type.Array(
    Type.Object({
      kind: Words(ARTIFACT_KINDS),
      external_id: Type.String(),
      name: Nullable(Type.String()),
      migration_id: Type.String(),
      artifact_id: Type.String(),
      owner: Words(['known', 'unknown']),
      why: Type.String(),
      outcome: Words(['listed', 'removed', 'failed']),
      error: Nullable(Type.String()),
    }),
  ),
  unseen: Type.Optional(
    Type.Array(Type.Object({ project: Type.String(), reason: Type.String() }), {
      description: 'target projects that could not be looked into',
    }),
  ),
});
export type ReapResult = Type.Static<typeof ReapResult>;

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
