import { retrieveOne } from '../collector.ts';
import type { VSphereSession } from '../session.ts';
import type { ManagedRef } from '../xml/element.ts';
import { struct } from '../xml/write.ts';
import { runTask } from './power.ts';

/** The machine's notes; '' when it has none (vSphere API, VirtualMachineConfigInfo.annotation). */
export async function readAnnotation(
  session: VSphereSession,
  vm: ManagedRef,
  signal: AbortSignal,
): Promise<string> {
  const found = await retrieveOne(session, vm, ['config.annotation'], signal);
  return found?.properties.get('config.annotation')?.text ?? '';
}

/** Nothing to do when they say so already. */
export async function writeAnnotation(
  session: VSphereSession,
  vm: ManagedRef,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  if ((await readAnnotation(session, vm, signal)) === text) return;
  await runTask(session, 'ReconfigVM_Task', vm, [['spec', struct([['annotation', text]])]], signal);
}
