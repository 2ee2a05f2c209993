import { retrieveOne } from '../collector.ts';
import { isFault, ProtocolError } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import type { ManagedRef, XmlElement } from '../xml/element.ts';
import { struct } from '../xml/write.ts';
import { runTask } from './power.ts';

/**
 * Changed block tracking on or off; nothing to do when it is so. A running machine tracks only after a snapshot was
 * made and removed.
 */
export async function setChangeTracking(
  session: VSphereSession,
  vm: ManagedRef,
  enabled: boolean,
  signal: AbortSignal,
): Promise<void> {
  const found = await retrieveOne(session, vm, ['config.changeTrackingEnabled'], signal);
  // Unset: the machine cannot track.
  if ((found?.properties.get('config.changeTrackingEnabled')?.text === 'true') === enabled) return;
  const spec = struct([['changeTrackingEnabled', enabled]]);
  await runTask(session, 'ReconfigVM_Task', vm, [['spec', spec]], signal);
}

export interface Snapshot {
  readonly ref: ManagedRef;
  readonly name: string;
  readonly description: string;
}

/** @returns the snapshot's reference */
export async function createSnapshot(
  session: VSphereSession,
  vm: ManagedRef,
  options: {
    readonly name: string;
    readonly description: string;
    readonly quiesce: boolean;
    readonly signal: AbortSignal;
  },
): Promise<ManagedRef> {
  const fields = [
    ['name', options.name],
    ['description', options.description],
    ['memory', false],
    ['quiesce', options.quiesce],
  ] as const;
  const result = await runTask(session, 'CreateSnapshot_Task', vm, fields, options.signal);
  if (!result) throw new ProtocolError('CreateSnapshot_Task gave no snapshot');
  return result.ref();
}

/** Removes one snapshot, keeps its children, and waits until its data is consolidated. */
export async function removeSnapshot(
  session: VSphereSession,
  snapshot: ManagedRef,
  signal: AbortSignal,
): Promise<void> {
  const fields = [
    ['removeChildren', false],
    ['consolidate', true],
  ] as const;
  await runTask(session, 'RemoveSnapshot_Task', snapshot, fields, signal);
}

/** The machine that a snapshot is of; null when the snapshot is gone (VirtualMachineSnapshot.vm, since 4.1). */
export async function machineOfSnapshot(
  session: VSphereSession,
  snapshot: ManagedRef,
  signal: AbortSignal,
): Promise<ManagedRef | null> {
  try {
    const found = await retrieveOne(session, snapshot, ['vm'], signal);
    return found?.properties.get('vm')?.ref() ?? null;
  } catch (error) {
    if (isFault(error, 'ManagedObjectNotFound')) return null;
    throw error;
  }
}

/** Every snapshot of a machine, parents first. */
export async function listSnapshots(
  session: VSphereSession,
  vm: ManagedRef,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const found = await retrieveOne(session, vm, ['snapshot'], signal);
  const tree = found?.properties.get('snapshot')?.all('rootSnapshotList') ?? [];
  const flat = (nodes: readonly XmlElement[]): Snapshot[] =>
    nodes.flatMap((node) => [
      {
        ref: node.get('snapshot').ref(),
        name: node.textOf('name') ?? '',
        description: node.textOf('description') ?? '',
      },
      ...flat(node.all('childSnapshotList')),
    ]);
  return flat(tree);
}
