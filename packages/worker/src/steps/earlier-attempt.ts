import { isDeepStrictEqual } from 'node:util';
import type { Instance, TargetDisk, TargetNic, TargetPlan } from '@guts/core';
import type { Journal } from '../journal.ts';
import type { PreflightOutput, StepContext } from '../context.ts';
import { removeServer } from './unmake-server.ts';

/** What preflight decided last, also when it was forgotten since. */
export async function lastPreflight(journal: Journal): Promise<PreflightOutput | null> {
  const records = (await journal.steps()).filter(
    ({ step, output }) => step === 'preflight' && output !== null,
  );
  return (records.at(-1)?.output as PreflightOutput | undefined) ?? null;
}

/** A guest that is off, or just started, tells no addresses: those that it told of the same NIC stand. */
export function withToldAddresses(instance: Instance, before: Instance | undefined): Instance {
  const nics = instance.nics.map((nic) => {
    const told = before?.nics.find(
      ({ key, mac, networkRef }) => key === nic.key && mac === nic.mac && networkRef === nic.networkRef,
    );
    return nic.addresses.length === 0 && told ? { ...nic, addresses: told.addresses } : nic;
  });
  return { ...instance, nics };
}

interface Changes {
  readonly disks: readonly TargetDisk[];
  readonly nics: readonly TargetNic[];
  /** What the server of the earlier plan is not made of. */
  readonly added: readonly (TargetDisk | TargetNic)[];
  /** The server itself is wanted otherwise. */
  readonly server: boolean;
}

/** What of the earlier plan is no more, or is otherwise now. */
function changesOf(before: TargetPlan, now: TargetPlan): Changes {
  const differs = (part: keyof TargetPlan): boolean => !isDeepStrictEqual(before[part], now[part]);
  const properties = differs('properties');
  const groups = differs('securityGroupIds');
  const zone = differs('availabilityZone');
  const stands = <T extends TargetDisk | TargetNic>(one: T, list: readonly T[]): boolean =>
    list.some((other) => isDeepStrictEqual(one, other));
  const isNew = <T extends TargetDisk | TargetNic>(one: T, list: readonly T[]): boolean =>
    list.every(({ key }) => key !== one.key);
  return {
    disks: before.disks.filter(
      // An image has its properties from its making.
      (disk) => zone || (properties && disk.target === 'image') || !stands(disk, now.disks),
    ),
    nics: before.nics.filter((nic) => groups || !stands(nic, now.nics)),
    added: [
      ...now.disks.filter((disk) => isNew(disk, before.disks)),
      ...now.nics.filter((nic) => isNew(nic, before.nics)),
    ],
    server: properties || zone || differs('dataDiskBus') || before.flavor.id !== now.flavor.id,
  };
}

async function discardRole({ journal, destination, signal }: StepContext, role: string): Promise<void> {
  const artifact = await journal.byRole(role);
  if (artifact) await journal.discard(destination, artifact, signal);
}

/**
 * Removes what an earlier attempt made that the plan of now has no use for: of disks and NICs that were removed at
 * the source or are otherwise now, and a server that was made of others. All else is kept. Done twice it is done.
 */
export async function dropChanged(context: StepContext, before: TargetPlan, plan: TargetPlan): Promise<void> {
  const { journal } = context;
  // As the journal gives it back.
  const now = JSON.parse(JSON.stringify(plan)) as TargetPlan;
  const { disks, nics, added, server } = changesOf(before, now);
  for (const { key, label } of [...disks, ...nics]) {
    const there = [...now.disks, ...now.nics].some((one) => one.key === key);
    const what = there ? 'is not as it was' : 'is no more';
    await journal.note(
      'preflight.changed',
      `${label} ${what} at the last attempt: it is not kept`,
      'warning',
    );
  }
  for (const { label } of added)
    await journal.note('preflight.changed', `${label} is new since the last attempt`, 'warning');
  const made = await journal.byRole('server');
  if (made && (server || disks.length + nics.length + added.length > 0))
    await removeServer(context, made, 'for the source or the plan is not as it was when it was made');
  for (const { key } of disks) {
    // Before the objects: were we killed in between, nobody may take others in their role for them.
    await journal.dropCheckpoints(key);
    for (const pass of await journal.passes()) if (pass.diskKey === key) await journal.forgetCopy(pass);
    for (const kind of ['attachment', 'volume', 'image']) await discardRole(context, `${kind}:${key}`);
  }
  for (const { key } of nics) await discardRole(context, `port:${key}`);
}
