import type { Generated } from 'kysely';

/** Rows as the database holds them: times in ms since the epoch, booleans 0 or 1, JSON as text. */
export interface EndpointRow {
  sequence: Generated<number>;
  id: string;
  project_id: string;
  side: string;
  name: string;
  driver: string;
  settings: string;
  sealed_secret: string;
  status: string;
  status_reason: string | null;
  report: string | null;
  /** What a refresh found at a destination; JSON. */
  facts: string | null;
  validated_at: number | null;
  refreshed_at: number | null;
  created_at: number;
  updated_at: number;
}
export interface InventoryTableRow {
  source_id: string;
  kind: string;
  ref: string;
  name: string;
  /** Lower case, for searching. */
  search: string;
  data: string;
  generation: string;
  updated_at: number;
  /** See parts/inventory-keys.ts; empty on what an older version wrote. */
  name_key: string;
}
/** What an instance is found by. */
export interface InventoryFacetRow {
  source_id: string;
  facet: string;
  value: string;
  ref: string;
}
export interface MappingRow {
  sequence: Generated<number>;
  id: string;
  project_id: string;
  name: string;
  description: string | null;
  mapping: string;
  created_at: number;
  updated_at: number;
}
export interface IdempotencyKeyRow {
  project_id: string;
  /** Empty: the local token. */
  user_id: string;
  client_key: string;
  base_id: string;
  sealed_digest: string;
  /** Null: not answered (yet). */
  status: number | null;
  answer: string | null;
  created_at: number;
  /** 0: given up. */
  taken_at: number;
}
export interface PlanRow {
  id: string;
  project_id: string;
  name: string;
  data: string;
  created_at: number;
  updated_at: number;
}
export interface MigrationRow {
  /** Order of creation. */
  sequence: Generated<number>;
  id: string;
  project_id: string;
  user_id: string | null;
  plan_id: string | null;
  name: string;
  source_id: string;
  destination_id: string;
  instance_ref: string;
  instance_name: string;
  /** See `instanceKey`; empty on what an older version wrote since. */
  instance_key: Generated<string>;
  /** `source/instance` while this migration owns the instance; unique; null once it is free for another. */
  instance_claim: string | null;
  target_project: string | null;
  mode: string;
  purpose: string;
  priority: number;
  spec: string;
  status: string;
  phase: string | null;
  step: string | null;
  reason: string | null;
  error: string | null;
  cancel_requested: number;
  request: string | null;
  demand: string | null;
  trace: string | null;
  /** Null on rows of older versions: as old as the row. */
  queued_at: number | null;
  reserved_worker_id: string | null;
  reserved_until: number | null;
  worker_id: string | null;
  epoch: number;
  lease_until: number | null;
  created_at: number;
  updated_at: number;
  started_at: number | null;
  finished_at: number | null;
}
export interface StepRow {
  sequence: Generated<number>;
  migration_id: string;
  step: string;
  attempt: number;
  status: string;
  epoch: number;
  output: string | null;
  error: string | null;
  note: string | null;
  started_at: number;
  finished_at: number | null;
}
export interface ArtifactRow {
  sequence: Generated<number>;
  id: string;
  migration_id: string;
  kind: string;
  side: string;
  role: string;
  /** The role until it is removed: unique per migration. */
  live_role: string | null;
  status: string;
  external_id: string | null;
  name: string | null;
  data: string;
  created_at: number;
  updated_at: number;
}
export interface DiskRow {
  migration_id: string;
  disk_key: string;
  position: number;
  data: string;
  updated_at: number;
}
export interface PassRow {
  migration_id: string;
  disk_key: string;
  number: number;
  kind: string;
  transport: string;
  capacity_bytes: number;
  bytes_read: number;
  bytes_written: number;
  change_id: string | null;
  tracking_uuid: string | null;
  snapshot_ref: string | null;
  manifest: string | null;
  verification: string | null;
  started_at: string;
  finished_at: string | null;
}
/** Bytes read from a migration's source within the piece of time that begins at `at`. */
export interface ThroughputRow {
  migration_id: string;
  project_id: string;
  at: number;
  bytes: number;
}
export interface OperationRow {
  sequence: Generated<number>;
  id: string;
  project_id: string;
  kind: string;
  subject_id: string;
  status: string;
  input: string;
  progress: string | null;
  result: string | null;
  error: string | null;
  worker_id: string | null;
  epoch: number;
  lease_until: number | null;
  created_at: number;
  updated_at: number;
}
export interface ServiceRow {
  id: string;
  binary_name: string;
  host: string;
  version: string;
  disabled: number;
  disabled_reason: string | null;
  heartbeat_at: number;
  started_at: number;
  slots: number;
  drivers: string;
  draining: Generated<number>;
  scratch_bytes: number | null;
  bytes_per_second: number | null;
  bytes_per_second_limit: number | null;
}
export interface EventRow {
  sequence: Generated<number>;
  project_id: string;
  resource: string;
  resource_id: string;
  type: string;
  severity: string;
  message: string;
  data: string;
  at: number;
}
export interface AuditRow {
  sequence: Generated<number>;
  id: string;
  at: number;
  project_id: string;
  user_id: string | null;
  request_id: string;
  action: string;
  resource_id: string | null;
  data: string;
}
export interface CheckpointRow {
  migration_id: string;
  disk_key: string;
  pass: number;
  first_chunk: number;
  chunk_size: number;
  digests: string;
  flushed_bytes: number;
}
/** One of each migration whose target was looked at. */
export interface ConsoleRow {
  migration_id: string;
  text: string;
  truncated: number;
  at: number;
}
export interface OutboxRow {
  sequence: Generated<number>;
  topic: string;
  about: string;
  recipient: string | null;
  created_at: number;
  claimed_by: string | null;
  claimed_until: number | null;
}
/** How far somebody has read the events. */
export interface CursorRow {
  name: string;
  sequence: number;
  held_by: string | null;
  held_until: number | null;
}
/** Rows that are locked, never read. */
export interface LockRow {
  name: string;
  taken_at: number;
}
export interface SchemaVersionRow {
  name: string;
  applied_at: number;
}
export interface Tables {
  endpoints: EndpointRow;
  inventory: InventoryTableRow;
  inventory_facets: InventoryFacetRow;
  mappings: MappingRow;
  idempotency_keys: IdempotencyKeyRow;
  plans: PlanRow;
  migrations: MigrationRow;
  steps: StepRow;
  artifacts: ArtifactRow;
  disks: DiskRow;
  passes: PassRow;
  throughput: ThroughputRow;
  operations: OperationRow;
  services: ServiceRow;
  events: EventRow;
  audit: AuditRow;
  checkpoints: CheckpointRow;
  consoles: ConsoleRow;
  outbox: OutboxRow;
  cursors: CursorRow;
  locks: LockRow;
  schema_versions: SchemaVersionRow;
}
