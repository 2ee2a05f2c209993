import { setTimeout as sleep } from 'node:timers/promises';
import { retrieveOne } from '../collector.ts';
import { isFault, ObjectGoneError } from '../errors.ts';
import type { VSphereSession } from '../session.ts';
import { waitForTask } from '../tasks.ts';
import { waitUntil } from '../updates.ts';
import type { ManagedRef, XmlElement } from '../xml/element.ts';
import type { Structure } from '../xml/write.ts';

export type VmPowerState = 'poweredOn' | 'poweredOff' | 'suspended';

/** Starts a task on a managed object and waits for it. @throws VSphereFaultError */
export async function runTask(
  session: VSphereSession,
  method: string,
  self: ManagedRef,
  fields: Structure['fields'],
  signal: AbortSignal,
): Promise<XmlElement | null> {
  const task = (await session.callOne(method, self, fields, { signal })).ref();
  return waitForTask(session, task, { signal, what: method });
}

/** @throws VSphereFaultError `ManagedObjectNotFound` */
export async function powerState(
  session: VSphereSession,
  vm: ManagedRef,
  signal: AbortSignal,
): Promise<VmPowerState> {
  const found = await retrieveOne(session, vm, ['runtime.powerState'], signal);
  const state = found?.properties.get('runtime.powerState')?.text;
  if (state === undefined) throw new ObjectGoneError(vm, `${vm.value} does not exist`, 'powerState');
  return state as VmPowerState;
}

/** Does nothing when it is on already. */
export async function powerOn(session: VSphereSession, vm: ManagedRef, signal: AbortSignal): Promise<void> {
  if ((await powerState(session, vm, signal)) === 'poweredOn') return;
  try {
    await runTask(session, 'PowerOnVM_Task', vm, [], signal);
  } catch (error) {
    if (!isFault(error, 'InvalidPowerState') || (await powerState(session, vm, signal)) !== 'poweredOn')
      throw error;
  }
}

/** Cuts power; does nothing when it is off already. */
export async function powerOff(session: VSphereSession, vm: ManagedRef, signal: AbortSignal): Promise<void> {
  if ((await powerState(session, vm, signal)) === 'poweredOff') return;
  try {
    await runTask(session, 'PowerOffVM_Task', vm, [], signal);
  } catch (error) {
    if (!isFault(error, 'InvalidPowerState') || (await powerState(session, vm, signal)) !== 'poweredOff')
      throw error;
  }
}

/** Asks the guest to stop and waits for it; never cuts power. */
export async function shutdownGuest(
  session: VSphereSession,
  vm: ManagedRef,
  options: { readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<'off' | 'deadline' | 'no-tools'> {
  const { signal, deadlineSeconds } = options;
  try {
    await session.call('ShutdownGuest', vm, [], { signal });
  } catch (error) {
    if (isFault(error, 'ToolsUnavailable')) return 'no-tools';
    if (isFault(error, 'InvalidPowerState') && (await powerState(session, vm, signal)) === 'poweredOff')
      return 'off';
    throw error;
  }
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const isOff = waitUntil(session, vm, ['runtime.powerState'], either, (seen) =>
    seen.get('runtime.powerState')?.text === 'poweredOff' ? ('off' as const) : null,
  );
  const deadline = sleep(deadlineSeconds * 1000, 'deadline' as const, { signal: either });
  try {
    return await Promise.race([isOff, deadline]);
  } finally {
    over.abort();
    await Promise.allSettled([isOff, deadline]);
  }
}
