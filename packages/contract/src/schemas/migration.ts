import {
  ACTIONS,
  ARTIFACT_KINDS,
  PHASES,
  STATUSES,
  STEP_NAMES,
  TRANSPORTS,
  VERIFY_POLICIES,
} from '@guts/core';
import Type from 'typebox';
import { Finding } from './finding.ts';
import { InstanceCheck, UnaskedRule } from './preflight-answer.ts';
import {
  Bytes,
  ErrorBody,
  FreeForm,
  Id,
  mapOf,
  Name,
  Nullable,
  StoredFault,
  Timestamp,
  Words,
} from './common.ts';

const closed = { additionalProperties: false } as const;
const Key = Type.String({ minLength: 1, maxLength: 255 });

export const NicMapping = Type.Object(
  {
    network: Key,
    subnet: Type.Optional(Key),
    addresses: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32 })),
    skip: Type.Optional(Type.Boolean()),
  },
  closed,
);
export const Mapping = Type.Object(
  {
    networks: Type.Optional(mapOf(NicMapping)),
    datastores: Type.Optional(mapOf(Key)),
    nics: Type.Optional(mapOf(NicMapping)),
    disks: Type.Optional(
      mapOf(Type.Object({ volume_type: Type.Optional(Key), skip: Type.Optional(Type.Boolean()) }, closed)),
    ),
  },
  closed,
);
export const Policies = Type.Object(
  {
    power: Type.Optional(Words(['guest', 'guest-only', 'off'])),
    shutdown_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    on_failure: Type.Optional(Words(['undo', 'keep'])),
    verify_data: Type.Optional(Words(VERIFY_POLICIES)),
    verify_boot: Type.Optional(Words(['require', 'report', 'off'])),
    boot_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
    boot_pattern: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 500 }))),
    commit: Type.Optional(Words(['manual', 'auto'])),
  },
  closed,
);
export const NewMigration = Type.Object(
  {
    name: Type.Optional(Name),
    source: Type.String({ minLength: 1, maxLength: 255, description: 'id or name' }),
    destination: Type.String({ minLength: 1, maxLength: 255, description: 'id or name' }),
    instance: Type.String({ minLength: 1, maxLength: 2000, description: 'ref, name or path' }),
    target_project: Type.Optional(Nullable(Name)),
    mode: Type.Optional(Words(['cold', 'warm'])),
    purpose: Type.Optional(Words(['production', 'rehearsal'])),
    priority: Type.Optional(Type.Integer({ minimum: -100, maximum: 100 })),
    transport: Type.Optional(Words(['auto', ...TRANSPORTS])),
    boot_from: Type.Optional(Words(['image', 'volume'])),
    keep_mac: Type.Optional(Type.Boolean()),
    keep_ip: Type.Optional(Type.Boolean()),
    mapping: Type.Optional(Mapping),
    named_mapping: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: 'id or name of a stored mapping; what `mapping` says wins over it',
      }),
    ),
    flavor: Type.Optional(Nullable(Name)),
    target_name: Type.Optional(Nullable(Name)),
    availability_zone: Type.Optional(Nullable(Name)),
    security_groups: Type.Optional(Type.Array(Name, { maxItems: 64 })),
    properties: Type.Optional(mapOf(Nullable(Type.String({ maxLength: 255 })))),
    policies: Type.Optional(Policies),
    dry_run: Type.Optional(
      Type.Boolean({ description: 'makes nothing: answers what would be made, with its preflight' }),
    ),
  },
  closed,
);
export type NewMigration = Type.Static<typeof NewMigration>;

/** How many may be asked for at once. */
export const BULK_MAX = 1000;
export const NewMigrations = Type.Object(
  {
    migrations: Type.Array(Type.Unsafe<unknown>({ description: 'as POST /v1/migrations takes it' }), {
      minItems: 1,
      maxItems: BULK_MAX,
      description: 'each is checked and made on its own',
    }),
    dry_run: Type.Optional(Type.Boolean({ description: 'of all of them' })),
  },
  closed,
);

export type NewMigrations = Type.Static<typeof NewMigrations>;

/** Why it has its worker or none, as the scheduler last saw it. */
export const Trace = Type.Object({
  filters: Type.Array(
    Type.Object({
      name: Type.String(),
      left: Type.Integer({ description: 'workers that passed' }),
      reason: Nullable(Type.String()),
    }),
    { description: 'in the order they were asked' },
  ),
  weights: Type.Array(Type.Object({ worker_id: Id, weight: Type.Number() }), {
    description: 'the best workers that passed every filter, best first',
  }),
  limit: Nullable(
    Type.Object(
      {
        resource: Type.String(),
        used: Type.Number(),
        wanted: Type.Number(),
        limit: Type.Number(),
      },
      { description: 'the limit without room, when it is that' },
    ),
  ),
});
export type Trace = Type.Static<typeof Trace>;

/** What it asks of what it touches while it holds a worker. */
const Demand = Type.Object({
  host: Nullable(Type.String({ description: 'ref of the ESXi host' })),
  datastores: Type.Array(Type.String({ description: 'ref' })),
  streams: Type.Integer({ description: 'disks copied at once' }),
  bytes: Bytes,
  scratch_bytes: Bytes,
  transport: Type.Optional(Words(TRANSPORTS)),
});

const REVERT_TARGETS = ['park', 'remove'] as const;

export const Migration = Type.Object({
  id: Id,
  name: Type.String(),
  source_id: Id,
  destination_id: Id,
  plan_id: Nullable(Id),
  instance_ref: Type.String(),
  instance_name: Type.String(),
  target_project: Nullable(Type.String()),
  mode: Words(['cold', 'warm']),
  purpose: Words(['production', 'rehearsal']),
  priority: Type.Integer(),
  status: Words(STATUSES),
  phase: Nullable(Words(PHASES)),
  step: Nullable(Words(STEP_NAMES)),
  reason: Nullable(Type.String({ description: 'why it waits, or is in this status' })),
  error: Nullable(StoredFault),
  request: Nullable(
    Type.Object(
      { action: Words(ACTIONS), target: Type.Optional(Words(REVERT_TARGETS)) },
      { description: 'what was asked of it last' },
    ),
  ),
  demand: Demand,
  trace: Nullable(Trace),
  queued_at: Type.String({ format: 'date-time', description: 'when it last began to wait for a worker' }),
  cancel_requested: Type.Boolean(),
  actions: Type.Array(Words(ACTIONS), { description: 'what may be asked of it now' }),
  worker_id: Nullable(Id),
  spec: FreeForm,
  created_at: Timestamp,
  updated_at: Timestamp,
  started_at: Nullable(Timestamp),
  finished_at: Nullable(Timestamp),
});
export type Migration = Type.Static<typeof Migration>;

/** What a migration would be: nothing was made. */
export const DryRun = Type.Object({
  source_id: Id,
  destination_id: Id,
  target_project: Nullable(Type.String()),
  check: InstanceCheck,
  not_asked: Type.Array(UnaskedRule),
});
export type DryRun = Type.Static<typeof DryRun>;

/** What became of each one of many, in the order they were asked for. */
export const BulkAnswer = Type.Object({
  created: Type.Integer(),
  refused: Type.Integer(),
  results: Type.Array(
    Type.Object({
      index: Type.Integer({ description: 'from 0' }),
      migration: Nullable(Migration),
      error: Nullable(ErrorBody.properties.error),
      dry_run: Type.Optional(DryRun),
    }),
  ),
});
export type BulkAnswer = Type.Static<typeof BulkAnswer>;

export const MigrationAction = Type.Object(
  {
    action: Words(ACTIONS),
    confirm: Type.Optional(
      Type.Boolean({
        description: 'revert needs true: what was written on the target since cutover is lost',
      }),
    ),
    target: Type.Optional(
      Type.Unsafe<(typeof REVERT_TARGETS)[number]>({
        type: 'string',
        enum: [...REVERT_TARGETS],
        description: 'of a revert: park (default) stops and keeps the target, remove deletes it',
      }),
    ),
  },
  closed,
);
export type MigrationAction = Type.Static<typeof MigrationAction>;

export const Step = Type.Object({
  step: Words(STEP_NAMES),
  attempt: Type.Integer(),
  status: Words(['running', 'done', 'skipped', 'failed', 'undone']),
  error: Nullable(StoredFault),
  note: Nullable(Type.String()),
  started_at: Timestamp,
  finished_at: Nullable(Timestamp),
});
export type Step = Type.Static<typeof Step>;

export const Disk = Type.Object({
  key: Type.String(),
  object_id: Type.String(),
  label: Type.String(),
  capacity_bytes: Bytes,
  bytes_done: Bytes,
  bytes_total: Bytes,
  bytes_read: Bytes,
  bytes_written: Bytes,
  bytes_per_second: Nullable(Type.Number()),
  eta_seconds: Nullable(Type.Number()),
  state: Words(['waiting', 'copying', 'copied', 'verifying', 'verified', 'mismatch', 'skipped']),
});
export type Disk = Type.Static<typeof Disk>;

export const Artifact = Type.Object({
  id: Id,
  kind: Words(ARTIFACT_KINDS),
  side: Words(['source', 'destination', 'worker']),
  role: Type.String(),
  status: Words(['intended', 'created', 'removed', 'released']),
  external_id: Nullable(Type.String()),
  name: Nullable(Type.String()),
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type Artifact = Type.Static<typeof Artifact>;

export const Console = Type.Object({
  text: Type.String({
    description:
      'as the guest wrote it, its last 64 KiB from the start of a line on; may have escape sequences: never send it to a terminal as it is',
  }),
  at: Type.String({ format: 'date-time', description: 'when it was looked at last' }),
  truncated: Type.Boolean({ description: 'what came before it was left out' }),
});
export type Console = Type.Static<typeof Console>;

export const Verification = Type.Object({
  method: Words(['chunks', 'image-hash']),
  matches: Type.Boolean(),
  bytes_checked: Bytes,
  sampled: Type.Boolean({ description: 'not all of it was looked at' }),
  bytes_repaired: Bytes,
  detail: Type.String(),
});
export const Report = Type.Object({
  migration_id: Id,
  instance: Type.String(),
  status: Words(STATUSES),
  summary: Type.String(),
  verified: Type.Boolean(),
  bytes_total: Bytes,
  bytes_read: Bytes,
  bytes_written: Bytes,
  duration_seconds: Nullable(Type.Number()),
  downtime_seconds: Nullable(Type.Number()),
  boot: Nullable(
    Type.Object({ proven: Type.Boolean(), by: Nullable(Words(['console'])), evidence: Type.String() }),
  ),
  server_id: Nullable(Type.String()),
  findings: Type.Array(Finding),
  disks: Type.Array(
    Type.Object({
      key: Type.String(),
      label: Type.String(),
      capacity_bytes: Bytes,
      bytes_read: Bytes,
      transport: Nullable(Type.String()),
      verification: Nullable(Verification),
    }),
  ),
  steps: Type.Array(
    Type.Object({
      step: Type.String(),
      status: Type.String(),
      attempt: Type.Integer(),
      seconds: Nullable(Type.Number()),
      note: Nullable(Type.String()),
    }),
  ),
  artifacts: Type.Array(
    Type.Object({
      kind: Type.String(),
      role: Type.String(),
      external_id: Nullable(Type.String()),
      status: Type.String(),
    }),
  ),
});
export type Report = Type.Static<typeof Report>;
