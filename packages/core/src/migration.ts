import type { StoredError } from './errors.ts';
import type { Demand, SchedulingTrace } from './schedule/types.ts';
import type { Action, Phase, Status } from './states.ts';
import type { StepName } from './steps.ts';

export type Mode = 'cold' | 'warm';
export type Purpose = 'production' | 'rehearsal';

/** Where one NIC goes. `network` and `subnet` are names or ids at the destination. */
export interface NicMapping {
  readonly network: string;
  readonly subnet?: string;
  /** Exact addresses wanted, instead of the guest's own. */
  readonly addresses?: readonly string[];
  /** Leave this NIC out of the target. */
  readonly skip?: boolean;
}

/** Where one disk goes. */
export interface DiskMapping {
  readonly volumeType?: string;
  /** Leave this disk out of the target. */
  readonly skip?: boolean;
}

export interface Mapping {
  /** Source network name or ref → destination; `*` is the default. */
  readonly networks: Readonly<Record<string, NicMapping>>;
  /** Source datastore name or ref → volume type; `*` is the default. */
  readonly datastores: Readonly<Record<string, string>>;
  /** Per NIC, by device key or MAC (in either case); wins over `networks`. */
  readonly nics: Readonly<Record<string, NicMapping>>;
  /** Per disk, by device key; wins over `datastores`. */
  readonly disks: Readonly<Record<string, DiskMapping>>;
}

export const TRANSPORTS = ['lease', 'datastore', 'vddk'] as const;
export type TransportName = (typeof TRANSPORTS)[number];
export type Transport = 'auto' | TransportName;
export type BootFrom = 'image' | 'volume';

export const VERIFY_POLICIES = ['full', 'both', 'sampled', 'off'] as const;
export type VerifyPolicy = (typeof VERIFY_POLICIES)[number];

/** How source and target are treated. */
export interface Policies {
  /** `guest`: ask the guest to stop, then power off at the deadline; `guest-only`: fail at the deadline; `off`: cut power. */
  readonly power: 'guest' | 'guest-only' | 'off';
  readonly shutdownSeconds: number;
  readonly onFailure: 'undo' | 'keep';
  /**
   * `full`: every chunk is read from the destination and compared; `both`: from the source once more, too; `sampled`: a
   * tenth of them, and `off`, only when the operator says so.
   */
  readonly verifyData: VerifyPolicy;
  /** `require`: no proof of a boot is a failure; `report`: it is only reported; `off`: not looked at. */
  readonly verifyBoot: 'require' | 'report' | 'off';
  readonly bootSeconds: number;
  /** Regular expression which the console shows once the guest is up. */
  readonly bootPattern: string | null;
  readonly commit: 'manual' | 'auto';
}

export const DEFAULT_POLICIES: Policies = {
  power: 'guest',
  shutdownSeconds: 300,
  onFailure: 'undo',
  verifyData: 'full',
  verifyBoot: 'report',
  bootSeconds: 300,
  bootPattern: null,
  commit: 'manual',
};

/** What a person asked for. Stored as given; never changed afterwards. */
export interface MigrationSpec {
  readonly transport: Transport;
  readonly bootFrom: BootFrom;
  readonly keepMac: boolean;
  readonly keepIp: boolean;
  readonly mapping: Mapping;
  /** Flavor name or id; null: the smallest that fits. */
  readonly flavor: string | null;
  readonly targetName: string | null;
  readonly availabilityZone: string | null;
  readonly securityGroups: readonly string[];
  /** Image properties set or, with null, left out: they win over the derived ones. */
  readonly properties: Readonly<Record<string, string | null>>;
  readonly policies: Policies;
}

/** What a person asked for last, kept until it is done: a worker that takes over, or a retry, follows it. */
export interface ActionRequest {
  readonly action: Action;
  /** Of a revert: `park` stops and locks the target and keeps it; `remove` deletes it. */
  readonly target?: 'park' | 'remove';
}

export interface Migration {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string | null;
  readonly planId: string | null;
  readonly name: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly instanceRef: string;
  readonly instanceName: string;
  /** Project at the destination; null: the credential's own. */
  readonly targetProject: string | null;
  readonly mode: Mode;
  readonly purpose: Purpose;
  readonly priority: number;
  readonly spec: MigrationSpec;
  readonly status: Status;
  readonly phase: Phase | null;
  readonly step: StepName | null;
  /** Why it waits, or why it is in this status. */
  readonly reason: string | null;
  readonly error: StoredError | null;
  readonly request: ActionRequest | null;
  readonly demand: Demand;
  /** Why it has its worker or none, as the scheduler last saw it. */
  readonly trace: SchedulingTrace | null;
  /** When it last began to wait for a worker; ISO 8601. */
  readonly queuedAt: string;
  /** Set by cancel while a worker runs it; the worker turns to the undo. */
  readonly cancelRequested: boolean;
  readonly workerId: string | null;
  readonly epoch: number;
  /** ISO 8601, by the database's clock. */
  readonly leaseUntil: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface DiskProgress {
  readonly migrationId: string;
  readonly diskKey: string;
  readonly objectId: string;
  readonly label: string;
  readonly capacityBytes: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Bytes that crossed the wire from the source. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  readonly state: 'waiting' | 'copying' | 'copied' | 'verifying' | 'verified' | 'mismatch' | 'skipped';
}

/** One sync of one disk's data. */
export interface DiskPass {
  readonly migrationId: string;
  readonly diskKey: string;
  readonly number: number;
  readonly kind: 'full' | 'delta';
  readonly transport: string;
  readonly capacityBytes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly changeId: string | null;
  readonly trackingUuid: string | null;
  readonly snapshotRef: string | null;
  /** What was copied and how it was digested, as JSON; the digests themselves are the pass's checkpoints. */
  readonly manifest: unknown;
  /** What was compared on the destination, once it was. */
  readonly verification: unknown;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

/**
 * A part of a pass that is safe on the destination: everything before `flushedBytes` has been written and flushed.
 * Each holds only the digests since the one before it, so that a large disk's checkpoints stay small. They stay when
 * the pass has ended: together they are its manifest.
 */
export interface DiskCheckpoint {
  readonly migrationId: string;
  readonly diskKey: string;
  readonly pass: number;
  /** Index of the first chunk of `digests`. */
  readonly firstChunk: number;
  /** How many chunks they are of. */
  readonly chunks: number;
  /** Bytes. */
  readonly chunkSize: number;
  /** Of the digests; 16 bytes in hexadecimal. */
  readonly key: string;
  /** As the copier writes them. */
  readonly digests: string;
  /** Bytes from the start of the disk; the end of the last of the chunks. */
  readonly flushedBytes: number;
}
