import type { ArtifactKind } from './artifact.ts';
import type { Mode } from './migration.ts';
import type { Phase } from './states.ts';

/** Every step's name, in no order that matters; the order per mode is in {@link stepsFor}. */
export const STEP_NAMES = [
  'preflight',
  'reserve',
  'baseline',
  'transfer',
  'sync',
  'await-cutover',
  'shutdown',
  'final-sync',
  'verify-data',
  'convert',
  'provision',
  'verify-boot',
  'release',
] as const;
export type StepName = (typeof STEP_NAMES)[number];

export interface StepDefinition {
  readonly name: StepName;
  readonly phase: Phase;
  readonly doc: string;
  /** Steps whose results it reads. */
  readonly needs: readonly StepName[];
  /** Kinds of artifact it may make. */
  readonly makes: readonly ArtifactKind[];
  /** What undoing it does, in words for people. */
  readonly reversion: string;
}

const DEFINITIONS: Readonly<Record<StepName, StepDefinition>> = {
  preflight: {
    name: 'preflight',
    phase: 'copy',
    doc: 'Reads the instance and the destination, finds what would go wrong, decides every mapping.',
    needs: [],
    makes: [],
    reversion: 'nothing to undo',
  },
  reserve: {
    name: 'reserve',
    phase: 'copy',
    doc: 'Makes the ports and the empty volumes, and sees that the worker can write to them.',
    needs: ['preflight'],
    makes: ['port', 'volume', 'attachment'],
    reversion: 'attachments, volumes and ports are deleted',
  },
  baseline: {
    name: 'baseline',
    phase: 'copy',
    doc: 'Turns changed block tracking on where it serves the copy.',
    needs: ['preflight'],
    makes: ['change_tracking', 'snapshot'],
    reversion: 'snapshots are removed and tracking is set as it was',
  },
  transfer: {
    name: 'transfer',
    phase: 'copy',
    doc: 'Copies every disk whole, with a digest per chunk.',
    needs: ['preflight', 'reserve'],
    makes: ['lease', 'attachment', 'image', 'volume'],
    reversion: 'leases are aborted, attachments, images and volumes deleted',
  },
  sync: {
    name: 'sync',
    phase: 'sync',
    doc: 'Copies what changed since the last pass.',
    needs: ['transfer'],
    makes: ['snapshot', 'attachment'],
    reversion: 'snapshots are removed',
  },
  'await-cutover': {
    name: 'await-cutover',
    phase: 'sync',
    doc: 'Waits for the time, the window or the word.',
    needs: [],
    makes: [],
    reversion: 'nothing to undo',
  },
  shutdown: {
    name: 'shutdown',
    phase: 'cutover',
    doc: 'Stops the guest; cuts power at the deadline if the policy allows.',
    needs: ['preflight'],
    makes: ['power_state'],
    reversion: 'the source is powered on again if it was on, once the target is seen off or gone',
  },
  'final-sync': {
    name: 'final-sync',
    phase: 'cutover',
    doc: 'Copies what changed up to the shutdown.',
    needs: ['transfer', 'shutdown'],
    makes: ['lease', 'attachment'],
    reversion: 'leases and attachments are removed',
  },
  'verify-data': {
    name: 'verify-data',
    phase: 'cutover',
    doc: 'Reads the destination and compares it with the digests made while copying; copies again what differs.',
    needs: ['transfer'],
    makes: ['attachment', 'lease'],
    reversion: 'attachments and leases are removed',
  },
  convert: {
    name: 'convert',
    phase: 'cutover',
    doc: 'Makes the guest fit the new hypervisor.',
    needs: ['transfer'],
    makes: [],
    reversion: 'nothing to undo: a conversion never works on the only copy',
  },
  provision: {
    name: 'provision',
    phase: 'cutover',
    doc: 'Makes the server and waits until it is active.',
    needs: ['preflight', 'reserve', 'transfer', 'shutdown'],
    makes: ['server'],
    reversion: 'the server is deleted',
  },
  'verify-boot': {
    name: 'verify-boot',
    phase: 'cutover',
    doc: 'Looks for proof that the guest is up.',
    needs: ['provision'],
    makes: [],
    reversion: 'nothing to undo',
  },
  release: {
    name: 'release',
    phase: 'cutover',
    doc: 'Drops what only the copy needed.',
    needs: ['provision'],
    makes: [],
    reversion: 'nothing to undo',
  },
};

const ORDER: Readonly<Record<Mode, readonly StepName[]>> = {
  // A cold copy reads a machine that is off: it is shut down before tracking and transfer.
  cold: [
    'preflight',
    'reserve',
    'shutdown',
    'baseline',
    'transfer',
    'verify-data',
    'convert',
    'provision',
    'verify-boot',
    'release',
  ],
  warm: [
    'preflight',
    'reserve',
    'baseline',
    'transfer',
    'sync',
    'await-cutover',
    'shutdown',
    'final-sync',
    'verify-data',
    'convert',
    'provision',
    'verify-boot',
    'release',
  ],
};

/** The steps of a mode in their order. */
export function stepsFor(mode: Mode): readonly StepDefinition[] {
  return ORDER[mode].map((name) => DEFINITIONS[name]);
}

export function stepDefinition(name: StepName): StepDefinition {
  return DEFINITIONS[name];
}

export type StepStatus = 'running' | 'done' | 'skipped' | 'failed' | 'undone';

/** One attempt at one step, as the journal keeps it. */
export interface StepRecord {
  readonly migrationId: string;
  readonly step: StepName;
  /** Counts from 1. */
  readonly attempt: number;
  readonly status: StepStatus;
  readonly epoch: number;
  /** What later steps read; JSON. */
  readonly output: unknown;
  readonly error: unknown;
  /** A line for people: what was chosen or why it was skipped. */
  readonly note: string | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}
