import { GutsError } from '@guts/core';
import { preflightOutput, type StepContext } from '../context.ts';

/**
 * A disk that was added, removed or resized since preflight looked would be missing at the target, or be cut off.
 * @throws GutsError `conflict`
 */
export async function assertSameDisks(context: StepContext): Promise<void> {
  const { source, migration, signal } = context;
  const { plan, instance } = preflightOutput(context);
  const now = await source.inspect(migration.instanceRef, signal);
  const known = new Set(instance.disks.map(({ key }) => key));
  const added = now.disks.filter(({ key }) => !known.has(key)).map(({ label }) => `${label} was added`);
  const changed = plan.disks.flatMap(({ key, objectId, capacityBytes, label }) => {
    const disk = now.disks.find((one) => one.key === key);
    if (!disk) return [`${label} was removed`];
    if (disk.objectId !== objectId) return [`${label} is another disk`];
    if (disk.capacityBytes === capacityBytes) return [];
    return [`${label} has ${disk.capacityBytes} bytes instead of ${capacityBytes}`];
  });
  const all = [...added, ...changed];
  if (all.length === 0) return;
  throw new GutsError('conflict', `the source's disks are not those that preflight saw: ${all.join('; ')}`, {
    remedy: 'Retry: preflight looks at them again, and what still holds is kept.',
  });
}
