import { counted } from './counted.ts';
import type { Artifact } from './artifact.ts';
import type { DiskPass, DiskProgress, Migration } from './migration.ts';
import type { StoredError } from './errors.ts';
import type { Finding } from './preflight/finding.ts';
import type { Status } from './states.ts';
import type { StepRecord } from './steps.ts';

/** What `verify-data` says of one disk; stored with its pass. */
export interface Verification {
  /** `chunks`: re-read from the destination and compared chunk by chunk; `image-hash`: a hash of the stored bytes, the image service's own or ours of what it gives back, against ours of the sent ones. */
  readonly method: 'chunks' | 'image-hash';
  readonly matches: boolean;
  readonly bytesChecked: number;
  /** Not all of it was looked at. */
  readonly sampled: boolean;
  /** Bytes that differed, were copied again and are equal since. */
  readonly bytesRepaired: number;
  readonly detail: string;
}

/** What `verify-boot` found; the step's output. */
export interface BootProof {
  readonly proven: boolean;
  readonly by: 'console' | null;
  /** The console line that proves it, or why there is no proof. */
  readonly evidence: string;
}

export interface MigrationReport {
  readonly migrationId: string;
  readonly instance: string;
  readonly status: Status;
  /** One line for people. */
  readonly summary: string;
  readonly verified: boolean;
  readonly bytesTotal: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly durationSeconds: number | null;
  /** From the source's shutdown to the target's start; null while either is missing. */
  readonly downtimeSeconds: number | null;
  readonly boot: BootProof | null;
  readonly serverId: string | null;
  readonly findings: readonly Finding[];
  readonly disks: readonly {
    readonly key: string;
    readonly label: string;
    readonly capacityBytes: number;
    readonly bytesRead: number;
    readonly transport: string | null;
    readonly verification: Verification | null;
  }[];
  readonly steps: readonly {
    readonly step: string;
    readonly status: string;
    readonly attempt: number;
    readonly seconds: number | null;
    readonly note: string | null;
  }[];
  /** Objects that exist outside because of this migration. */
  readonly artifacts: readonly {
    readonly kind: string;
    readonly role: string;
    readonly externalId: string | null;
    readonly status: string;
  }[];
}

const seconds = (from: string | null | undefined, to: string | null | undefined): number | null =>
  from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;

function lastDone(steps: readonly StepRecord[], name: string): StepRecord | undefined {
  return steps.filter((step) => step.step === name && step.status === 'done').at(-1);
}

/** Of the last preflight: with its result, or, where it blocked, with its error. */
function preflightFindings(steps: readonly StepRecord[]): readonly Finding[] {
  const last = steps.filter((step) => step.step === 'preflight').at(-1);
  const output = last?.output as { findings?: readonly Finding[] } | null | undefined;
  const error = last?.error as StoredError | null | undefined;
  return output?.findings ?? (error?.details?.['findings'] as readonly Finding[] | undefined) ?? [];
}

/** Puts a migration's journal together for people and for machines. */
export function buildReport(
  migration: Migration,
  steps: readonly StepRecord[],
  artifacts: readonly Artifact[],
  disks: readonly DiskProgress[],
  passes: readonly DiskPass[],
): MigrationReport {
  const perDisk = disks.map((disk) => {
    const pass = passes.filter((one) => one.diskKey === disk.diskKey).at(-1);
    return {
      key: disk.diskKey,
      label: disk.label,
      capacityBytes: disk.capacityBytes,
      bytesRead: disk.bytesRead,
      transport: pass?.transport ?? null,
      verification: (pass?.verification ?? null) as Verification | null,
    };
  });
  const verified =
    perDisk.length > 0 &&
    perDisk.every(({ verification }) => verification?.matches === true && !verification.sampled);
  const boot = (lastDone(steps, 'verify-boot')?.output as BootProof | undefined) ?? null;
  const off = lastDone(steps, 'shutdown')?.output as { wasOn?: boolean; offAt?: string } | undefined;
  const server = artifacts.find((artifact) => artifact.kind === 'server' && artifact.status !== 'removed');
  const downtime = off?.wasOn === true ? seconds(off.offAt, lastDone(steps, 'provision')?.finishedAt) : null;
  return {
    migrationId: migration.id,
    instance: migration.instanceName,
    status: migration.status,
    summary: summarise(migration, perDisk.length, verified, boot),
    verified,
    bytesTotal: disks.reduce((sum, disk) => sum + disk.capacityBytes, 0),
    bytesRead: disks.reduce((sum, disk) => sum + disk.bytesRead, 0),
    bytesWritten: disks.reduce((sum, disk) => sum + disk.bytesWritten, 0),
    durationSeconds: seconds(migration.startedAt, migration.finishedAt),
    downtimeSeconds: downtime,
    boot,
    serverId: server?.externalId ?? null,
    findings: preflightFindings(steps),
    disks: perDisk,
    steps: steps.map((step) => ({
      step: step.step,
      status: step.status,
      attempt: step.attempt,
      seconds: seconds(step.startedAt, step.finishedAt),
      note: step.note,
    })),
    artifacts: artifacts
      .filter((artifact) => artifact.status !== 'removed')
      .map(({ kind, role, externalId, status }) => ({ kind, role, externalId, status })),
  };
}

function summarise(migration: Migration, disks: number, verified: boolean, boot: BootProof | null): string {
  if (migration.status !== 'completed' && migration.status !== 'committed') {
    return `${migration.status}${migration.error ? `: ${migration.error.message}` : ''}`;
  }
  const data = verified ? `verified (${counted(disks, 'disk')})` : 'data not verified';
  const booted = boot === null ? 'boot: not looked at' : boot.proven ? 'boot: proven' : 'boot: not proven';
  return `${migration.status}, ${data}, ${booted}`;
}
