import { retrieveOne } from '../collector.ts';
import { isFault } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import { waitUntil } from '../updates.ts';
import type { ManagedRef } from '../xml/element.ts';

export interface RunningTask {
  readonly ref: ManagedRef;
  /** The method, such as `CreateSnapshot_Task`, or what the server calls it. */
  readonly name: string;
}

const ended = (state: string | undefined): boolean => state === 'success' || state === 'error';

/** Null: it has ended; tasks that ended some minutes ago are forgotten. */
async function running(
  session: VSphereSession,
  ref: ManagedRef,
  signal: AbortSignal,
): Promise<RunningTask | null> {
  try {
    const found = await retrieveOne(session, ref, ['info.state', 'info.name', 'info.descriptionId'], signal);
    if (!found) return null;
    const text = (path: string): string | undefined => found.properties.get(path)?.text;
    if (ended(text('info.state'))) return null;
    return { ref, name: text('info.name') ?? text('info.descriptionId') ?? ref.value };
  } catch (error) {
    if (isFault(error, 'ManagedObjectNotFound')) return null;
    throw error;
  }
}

/**
 * Tasks that are queued or running on a machine (or other managed entity), whoever started them: one whose client
 * died goes on (vSphere API, ManagedEntity.recentTask).
 */
export async function runningTasks(
  session: VSphereSession,
  entity: ManagedRef,
  signal: AbortSignal,
): Promise<readonly RunningTask[]> {
  const found = await retrieveOne(session, entity, ['recentTask'], signal);
  const recent = found?.properties.get('recentTask')?.all('ManagedObjectReference') ?? [];
  const tasks: RunningTask[] = [];
  for (const task of recent) {
    const one = await running(session, task.ref(), signal);
    if (one) tasks.push(one);
  }
  return tasks;
}

/** Waits until a task has ended, well or not, or is forgotten. */
export async function waitEnded(
  session: VSphereSession,
  { ref }: RunningTask,
  signal: AbortSignal,
): Promise<void> {
  try {
    await waitUntil(session, ref, ['info.state'], signal, (properties) =>
      ended(properties.get('info.state')?.text) ? true : null,
    );
  } catch (error) {
    if (!isFault(error, 'ManagedObjectNotFound')) throw error;
  }
}
