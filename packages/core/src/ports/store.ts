import type { Artifact, ArtifactKind, ArtifactSide, ArtifactStatus } from '../artifact.ts';
import type { ConsoleText, KeptConsole } from '../console.ts';
import type { Endpoint, EndpointSide } from '../endpoint.ts';
import type { DestinationFacts } from './destination-driver.ts';
import type { StoredError } from '../errors.ts';
import type { AuditLine, GutsEvent, NewEvent } from '../event.ts';
import type { InventoryKind, InventoryObject } from '../inventory.ts';
import type { AuditQuery, EndpointQuery, InventoryQuery, MigrationQuery, OperationQuery } from '../lists.ts';
import type {
  ActionRequest,
  DiskCheckpoint,
  DiskPass,
  DiskProgress,
  Migration,
  MigrationSpec,
  Mode,
  Purpose,
} from '../migration.ts';
import type { Decision, Demand, HeldWork, QueuedWork, SchedulingView } from '../schedule/types.ts';
import type { BusMessage } from './bus.ts';
import type { CursorStore } from './cursor-store.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { MappingStore } from './mapping-store.ts';
import type { SealedStore } from './sealed-store.ts';
import type { ThroughputStore } from './throughput-store.ts';
import type { Operation, OperationKind, OperationStatus } from '../operation.ts';
import type { Service } from '../service.ts';
import type { Phase, Status } from '../states.ts';
import type { StepName, StepRecord, StepStatus } from '../steps.ts';

/** Every question names the project it is asked for; null only for administrators. */
export interface ProjectScope {
  readonly projectId: string | null;
}

export interface NewEndpoint {
  readonly id: string;
  readonly projectId: string;
  readonly side: EndpointSide;
  readonly name: string;
  readonly driver: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly sealedSecret: string;
}
export interface EndpointStore {
  /** @throws GutsError `conflict` when the project has that name already */
  createEndpoint(endpoint: NewEndpoint, event: NewEvent): Promise<Endpoint>;
  getEndpoint(side: EndpointSide, id: string, scope: ProjectScope): Promise<Endpoint | null>;
  listEndpoints(side: EndpointSide, scope: ProjectScope, query: EndpointQuery): Promise<readonly Endpoint[]>;
  updateEndpoint(
    side: EndpointSide,
    id: string,
    change: {
      name?: string;
      settings?: Readonly<Record<string, unknown>>;
      sealedSecret?: string;
      status?: Endpoint['status'];
      statusReason?: string | null;
      report?: unknown;
      validated?: boolean;
    },
    event?: NewEvent,
  ): Promise<Endpoint>;
  /** @throws GutsError `conflict` while a migration that is not final uses it */
  deleteEndpoint(side: EndpointSide, id: string, event: NewEvent): Promise<void>;
  sealedSecret(side: EndpointSide, id: string): Promise<string | null>;
  /** What a refresh found at a destination, in the project of its credential. @throws GutsError `not_found` */
  putFacts(destinationId: string, facts: DestinationFacts): Promise<void>;
  /** Null: never refreshed. */
  getFacts(destinationId: string): Promise<DestinationFacts | null>;
}

export interface InventoryRow {
  readonly sourceId: string;
  readonly kind: InventoryKind;
  readonly ref: string;
  readonly name: string;
  readonly data: InventoryObject['data'];
  readonly updatedAt: string;
}
export interface InventoryStore {
  /**
   * Writes objects that a refresh saw. @param under the refresh: its epoch fences off whoever ran it before
   * @throws GutsError `lease_lost`
   */
  putInventory(sourceId: string, under: OperationLease, objects: readonly InventoryObject[]): Promise<void>;
  /** Drops what the refresh did not see, and notes on the source that it was refreshed. @throws GutsError `lease_lost` */
  finishInventory(sourceId: string, under: OperationLease): Promise<void>;
  getInventory(sourceId: string, kind: InventoryKind, ref: string): Promise<InventoryRow | null>;
  listInventory(
    sourceId: string,
    kind: InventoryKind,
    query: InventoryQuery,
  ): Promise<readonly InventoryRow[]>;
}

export interface NewMigration {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string | null;
  readonly planId: string | null;
  readonly name: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly instanceRef: string;
  readonly instanceName: string;
  readonly targetProject: string | null;
  readonly mode: Mode;
  readonly purpose: Purpose;
  readonly priority: number;
  readonly spec: MigrationSpec;
  readonly demand: Demand;
}

/** The right to run a migration. Every write under it carries the epoch and is refused once it is passed on. */
export interface Lease {
  readonly migrationId: string;
  readonly workerId: string;
  readonly epoch: number;
  /** How long it was granted for, from the moment the call was made; seconds. */
  readonly seconds: number;
}

export interface MigrationStore {
  /**
   * @throws GutsError `conflict` when a migration of the same instance that is not final (nor failed with nothing
   *   left) exists
   */
  createMigration(migration: NewMigration, event: NewEvent): Promise<Migration>;
  getMigration(id: string, scope: ProjectScope): Promise<Migration | null>;
  listMigrations(scope: ProjectScope, query: MigrationQuery): Promise<readonly Migration[]>;
  /** Moves by compare-and-swap on the status, without a lease (API and scheduler). Null: it had moved already. */
  moveMigration(
    id: string,
    from: readonly Status[],
    change: {
      status: Status;
      phase?: Phase | null;
      reason?: string | null;
      error?: StoredError | null;
      cancelRequested?: boolean;
      request?: ActionRequest | null;
    },
    event: NewEvent,
  ): Promise<Migration | null>;
  /** Asks the worker that runs it to turn to the undo. */
  requestCancel(id: string, event: NewEvent): Promise<Migration | null>;
  /**
   * One round of scheduling, in one transaction that no other round runs beside: reads what waits and what holds a
   * worker, asks `decide` (pure, called once), writes the reservations with an event each, and the reasons and
   * traces that changed. Statuses of {@link KEPT_STATUSES} keep their status while reserved.
   * @param options.aliveSeconds how fresh a worker's heartbeat must be
   * @param options.reservationSeconds how long the worker has to take what is reserved for it
   * @param options.limit at most so many waiting ones are looked at
   */
  scheduleRound(
    options: {
      readonly aliveSeconds: number;
      readonly reservationSeconds: number;
      readonly limit: number;
    },
    decide: (view: SchedulingView) => readonly Decision[],
  ): Promise<{ readonly waiting: number; readonly reserved: readonly Migration[] }>;
  /** Migrations reserved for this worker. */
  listReserved(workerId: string): Promise<readonly Migration[]>;
  /**
   * Turns a reservation into a lease with the next epoch. Null: not to be had.
   * @param recheck asked in the same transaction, apart from scheduling rounds: a reason, when the limits have no
   *   room for it any more (it goes back to the queue with that reason), or null
   */
  acquireLease(
    id: string,
    workerId: string,
    seconds: number,
    recheck?: (work: QueuedWork, holding: readonly HeldWork[], worker: Service) => string | null,
  ): Promise<{ lease: Lease; migration: Migration } | null>;
  /** False: it is lost. Also tells whether a cancel was requested. */
  renewLease(lease: Lease): Promise<{ held: boolean; cancelRequested: boolean }>;
  /** Gives it up in the middle: a running one is queued again, others keep their status. @throws GutsError `lease_lost` */
  releaseLease(lease: Lease, reason: string, event: NewEvent): Promise<void>;
  /**
   * Gives it up with a last status.
   * @throws GutsError `lease_lost`; `cancel_requested` for `completed` when a cancel was asked for meanwhile
   */
  finishLease(
    lease: Lease,
    change: { status: Status; phase: Phase | null; reason: string | null; error: StoredError | null },
    event: NewEvent,
  ): Promise<Migration>;
}

export interface NewArtifact {
  readonly id: string;
  readonly kind: ArtifactKind;
  readonly side: ArtifactSide;
  readonly role: string;
  readonly name: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Every write here throws GutsError `lease_lost` when the lease is not the current one. */
export interface JournalStore {
  /** @throws GutsError `cancel_requested` for `committing` when a cancel was asked for while it ran forward */
  setPosition(
    lease: Lease,
    status: Status,
    phase: Phase,
    step: StepName | null,
    event: NewEvent,
  ): Promise<void>;
  /** The next attempt, counted from 1. */
  beginStep(lease: Lease, step: StepName, event: NewEvent): Promise<StepRecord>;
  finishStep(
    lease: Lease,
    step: StepName,
    attempt: number,
    result: { status: StepStatus; output?: unknown; error?: StoredError | null; note?: string | null },
    event: NewEvent,
  ): Promise<void>;
  listSteps(migrationId: string): Promise<readonly StepRecord[]>;
  /** Returns the artifact of that role if it is recorded already and not removed. */
  intendArtifact(lease: Lease, artifact: NewArtifact): Promise<Artifact>;
  recordArtifact(
    lease: Lease,
    id: string,
    change: { status: ArtifactStatus; externalId?: string; data?: Readonly<Record<string, unknown>> },
    event?: NewEvent,
  ): Promise<void>;
  listArtifacts(migrationId: string): Promise<readonly Artifact[]>;
  /** By the artifact's own id, whatever its migration. */
  getArtifact(id: string): Promise<Artifact | null>;
  /** What the migration asks of hosts, datastores and workers, once it is known exactly. */
  setDemand(lease: Lease, demand: Demand): Promise<void>;
  /** The migration's disks are these from now on, in this order; what was read since is added to its throughput. */
  putDisks(lease: Lease, disks: readonly DiskProgress[]): Promise<void>;
  listDisks(migrationId: string): Promise<readonly DiskProgress[]>;
  /**
   * Disks whose progress was written at that time or later, of migrations that a worker runs now.
   * @param since milliseconds, by the database's clock
   */
  listMovedDisks(
    scope: ProjectScope,
    since: number,
  ): Promise<readonly { readonly disk: DiskProgress; readonly at: number }[]>;
  putPass(lease: Lease, pass: DiskPass): Promise<void>;
  listPasses(migrationId: string): Promise<readonly DiskPass[]>;
  /** Adds to a pass's checkpoints; one with the same first chunk is replaced, later ones are dropped. */
  putCheckpoint(lease: Lease, checkpoint: DiskCheckpoint): Promise<void>;
  /** Other digests for the same chunks of the same pass; the checkpoints behind it stay. */
  replaceDigests(lease: Lease, checkpoint: DiskCheckpoint): Promise<void>;
  /** In their order. @param page of those whose first chunk is after `after`, so many at most; all when left out */
  listCheckpoints(
    migrationId: string,
    diskKey: string,
    pass: number,
    page?: { readonly after?: number; readonly limit: number },
  ): Promise<readonly DiskCheckpoint[]>;
  dropCheckpoints(lease: Lease, diskKey: string): Promise<void>;
  /** Instead of what was kept before. */
  putConsole(lease: Lease, console: ConsoleText): Promise<void>;
  /** Null: nothing is kept. */
  getConsole(migrationId: string): Promise<KeptConsole | null>;
  addEvent(lease: Lease, event: NewEvent): Promise<void>;
}

/** The right to run an operation. */
export interface OperationLease {
  readonly operationId: string;
  readonly epoch: number;
}

export interface OperationStore {
  createOperation(
    operation: {
      id: string;
      projectId: string;
      kind: OperationKind;
      subjectId: string;
      input: Readonly<Record<string, unknown>>;
    },
    event: NewEvent,
  ): Promise<Operation>;
  getOperation(id: string, scope: ProjectScope): Promise<Operation | null>;
  listOperations(scope: ProjectScope, query: OperationQuery): Promise<readonly Operation[]>;
  /**
   * Takes the oldest queued one, or one whose lease expired, unless another one of the same kind and subject runs:
   * one worker at a time refreshes a source.
   */
  claimOperation(workerId: string, seconds: number): Promise<Operation | null>;
  /** False: it is lost. */
  renewOperation(id: string, epoch: number, seconds: number, progress: string | null): Promise<boolean>;
  /** Gives it up in the middle: it waits for another worker. False: it is lost. */
  requeueOperation(id: string, epoch: number): Promise<boolean>;
  finishOperation(
    id: string,
    epoch: number,
    result: { status: 'done' | 'failed' | 'cancelled'; result?: unknown; error?: StoredError | null },
    event: NewEvent,
  ): Promise<boolean>;
}

export interface ServiceStore {
  /**
   * The first of an id makes its record: disabled, with the reason, as the newest record of the same host and binary
   * is, unless an enabled one of them is alive; and limited as it is, unless one without a limit is alive.
   */
  heartbeat(
    service: Omit<
      Service,
      | 'alive'
      | 'heartbeatAt'
      | 'startedAt'
      | 'disabled'
      | 'disabledReason'
      | 'draining'
      | 'bytesPerSecondLimit'
    >,
  ): Promise<Pick<Service, 'disabled' | 'draining' | 'bytesPerSecondLimit'>>;
  /** @param aliveSeconds how fresh a heartbeat must be */
  listServices(aliveSeconds: number): Promise<readonly Service[]>;
  /** To enable one clears the mark of the dead ones of its host and binary, too. */
  setServiceDisabled(
    id: string,
    change: { readonly disabled: boolean; readonly draining: boolean; readonly reason: string | null },
  ): Promise<Service | null>;
  /** What its copies may move from its next heartbeat on; holds for the dead ones of its host and binary, too. */
  setServiceLimit(id: string, bytesPerSecond: number | null): Promise<Service | null>;
  /**
   * A daemon's own end: its record goes. What disables or limits it stays for whoever starts next on its host, as the
   * record `stopped-<id>`, unless an enabled one, or one without a limit, of the same binary is alive there.
   */
  endService(id: string): Promise<void>;
  /** Drops a record, and with it what disables or limits its successor. */
  removeService(id: string): Promise<void>;
}

export interface EventStore {
  listEvents(
    scope: ProjectScope,
    query: { after: number; limit: number; resourceId?: string; newest?: boolean },
  ): Promise<readonly GutsEvent[]>;
}

export interface AuditEntry extends AuditLine {
  readonly at: string;
}
export interface AuditStore {
  /** For what leaves no event. */
  addAudit(entry: AuditLine): Promise<void>;
  listAudit(scope: ProjectScope, query: AuditQuery): Promise<readonly AuditEntry[]>;
}

/**
 * Messages written in the transaction of the change they announce: created and moved migrations that wait
 * (`migration.queued`), reservations (`migration.scheduled`, to the worker), requested cancels
 * (`migration.action`, to the worker) and new operations (`operation.queued`).
 */
export interface OutboxStore {
  /** Takes up to `limit`, oldest first, and keeps others from taking them for so many seconds. */
  claimOutbox(
    owner: string,
    limit: number,
    seconds: number,
  ): Promise<readonly { readonly id: number; readonly message: BusMessage }[]>;
  /** They were published: forgets them. */
  settleOutbox(ids: readonly number[]): Promise<void>;
  /** How many wait, and for how long the oldest has; seconds. */
  outboxState(): Promise<{ readonly pending: number; readonly oldestSeconds: number | null }>;
}

/** How many rows there are in each status; a status that none has may be left out. */
export interface WorkCounts {
  readonly migrations: Readonly<Partial<Record<Status, number>>>;
  readonly operations: Readonly<Partial<Record<OperationStatus, number>>>;
}

/** The database: the truth. One contract suite runs against every implementation. */
export interface Store
  extends
    EndpointStore,
    InventoryStore,
    MigrationStore,
    JournalStore,
    OperationStore,
    ServiceStore,
    EventStore,
    AuditStore,
    OutboxStore,
    IdempotencyStore,
    MappingStore,
    SealedStore,
    CursorStore,
    ThroughputStore {
  /** Brings the schema up to this version; forward only. */
  upgrade(): Promise<{ readonly applied: readonly string[] }>;
  /** Whether the schema is the one this version needs. */
  check(): Promise<{
    /** Nothing is pending. A schema that is ahead serves this version too: changes only add. */
    readonly current: boolean;
    readonly pending: readonly string[];
    /** Changes that a newer version made. */
    readonly ahead: readonly string[];
  }>;
  countWork(scope: ProjectScope): Promise<WorkCounts>;
  close(): Promise<void>;
}
