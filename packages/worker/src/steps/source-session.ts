import { type DiskSession, type Extent, GutsError, type OpenDisk, type TargetDisk } from '@guts/core';
import { preflightOutput, type StepContext } from '../context.ts';

/**
 * Opens disks of the source for as long as the work lasts, recorded before and after. It is ended well when the work
 * ends well, else ill.
 * @throws what the source or the work throws
 */
export async function withSourceDisks<T>(
  context: StepContext,
  keys: readonly string[],
  areas: ReadonlyMap<string, readonly Extent[]>,
  work: (session: DiskSession) => Promise<T>,
): Promise<T> {
  const { source, journal, log, signal } = context;
  const { plan, instance } = preflightOutput(context);
  const lease = await journal.intend({ kind: 'lease', side: 'source', role: 'lease', name: null, data: {} });
  const session = await source.openDisks(instance, plan.transport, keys, areas, signal);
  let result: T;
  try {
    await journal.created(lease.artifact, session.externalId ?? 'none');
    result = await work(session);
    await session.complete(signal);
  } catch (error) {
    // The cause decides what happens next; what is left of the session is ended by whoever takes over.
    await session
      .abort(AbortSignal.timeout(30_000))
      .catch((failed: unknown) => log.warn({ err: failed }, 'the reading of the source could not be ended'));
    throw error;
  }
  await journal.settled(lease.artifact, 'removed');
  return result;
}

/** @throws GutsError `disk_transport` when the session has no such disk */
export function diskOf({ disks }: DiskSession, { key, label }: TargetDisk): OpenDisk {
  const open = disks.find((one) => one.key === key);
  if (!open) throw new GutsError('disk_transport', `the source gave no access to ${label}`);
  return open;
}
