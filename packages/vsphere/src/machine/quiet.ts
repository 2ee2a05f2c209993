import { retrieveOne } from '../collector.ts';
import { isFault } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import { waitUntil } from '../updates.ts';
import type { ManagedRef } from '../xml/element.ts';

const ENDED = ['success', 'error'];

/**
 * Waits until no task runs on a machine (or other managed entity): one that a client started before it died goes
 * on, and what it does is done once it has ended (vSphere API, ManagedEntity.recentTask).
 */
export async function waitQuiet(
  session: VSphereSession,
  entity: ManagedRef,
  signal: AbortSignal,
): Promise<void> {
  const found = await retrieveOne(session, entity, ['recentTask'], signal);
  const tasks = found?.properties.get('recentTask')?.all('ManagedObjectReference') ?? [];
  for (const task of tasks) {
    try {
      await waitUntil(session, task.ref(), ['info.state'], signal, (properties) =>
        ENDED.includes(properties.get('info.state')?.text ?? '') ? true : null,
      );
    } catch (error) {
      // Tasks that ended some minutes ago are forgotten.
      if (!isFault(error, 'ManagedObjectNotFound')) throw error;
    }
  }
}
