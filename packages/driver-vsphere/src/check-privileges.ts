import type { Finding } from '@guts/core';
import {
  type Inventory,
  lackedPrivileges,
  type ManagedRef,
  readInventory,
  type VSphereSession,
} from '@guts/vsphere';

interface Need {
  readonly id: string;
  /** On what it must be held. */
  readonly on: 'machines' | 'datastores';
  /** Without it no machine is migrated; else something less is done. */
  readonly needed: boolean;
  /** What is done with it. */
  readonly use: string;
}

/** What a migration asks of a source, by the names of the vSphere API ("Required Privileges" of each method). */
const NEEDS: readonly Need[] = [
  { id: 'VirtualMachine.Interact.PowerOff', on: 'machines', needed: true, use: 'to shut machines down' },
  {
    id: 'VirtualMachine.Interact.PowerOn',
    on: 'machines',
    needed: true,
    use: 'to start a source again after a failure or revert',
  },
  {
    id: 'VirtualMachine.Config.ChangeTracking',
    on: 'machines',
    needed: false,
    use: 'to learn where data lies, so that empty space is not read',
  },
  {
    id: 'VirtualMachine.Provisioning.DiskRandomRead',
    on: 'machines',
    needed: false,
    use: 'to ask which areas of a disk hold data, and to read disks by VDDK (transport vddk)',
  },
  {
    id: 'VirtualMachine.State.CreateSnapshot',
    on: 'machines',
    needed: false,
    use: 'to make the snapshot that change tracking begins with',
  },
  {
    id: 'VirtualMachine.State.RemoveSnapshot',
    on: 'machines',
    needed: false,
    use: 'to remove that snapshot',
  },
  {
    id: 'VirtualMachine.Config.Annotation',
    on: 'machines',
    needed: false,
    use: "to note in a source's annotation where it went",
  },
  {
    id: 'VApp.Export',
    on: 'machines',
    needed: false,
    use: 'to read disks by an export lease (transport lease)',
  },
  {
    id: 'Datastore.Browse',
    on: 'datastores',
    needed: false,
    use: 'to find disks on their datastore (transport datastore)',
  },
  {
    id: 'Datastore.FileManagement',
    on: 'datastores',
    needed: false,
    use: 'to read disks from their datastore (transport datastore)',
  },
];
const NAMED = 3;

function finding({ id, needed, use }: Need, where: string, everywhere: boolean): Finding {
  return {
    severity: needed && everywhere ? 'blocker' : 'warning',
    code: 'source.privilege',
    message: `the user lacks the privilege ${id} ${where}; it is used ${use}`,
    remedy: `Give the user a role with ${id}, with propagation.`,
    subject: `privilege:${id}`,
  };
}

/** Names of the first few, and how many there are. */
function whereOf(names: readonly string[], all: number, on: Need['on']): string {
  const shown = names.slice(0, NAMED).map((name) => `"${name}"`);
  const more = names.length > NAMED ? `, … (${names.length} of ${all} ${on})` : '';
  return `on ${shown.join(', ')}${more}`;
}

/**
 * Each privilege that the user lacks, by its name. Asked on the root folder first, from where roles mostly propagate;
 * what is lacking there is asked on every machine and datastore that the user sees, for a user may be confined to
 * some of them.
 */
export async function checkPrivileges(session: VSphereSession, signal: AbortSignal): Promise<Finding[]> {
  const root = session.content.rootFolder;
  const ids = NEEDS.map(({ id }) => id);
  const atRoot = (await lackedPrivileges(session, [root], ids, signal))?.get(root.value) ?? [];
  const open = NEEDS.filter(({ id }) => atRoot.includes(id));
  if (open.length === 0) return [];
  const inventory: Inventory = await readInventory(session, signal);
  const findings: Finding[] = [];
  for (const on of ['machines', 'datastores'] as const) {
    const needs = open.filter((one) => one.on === on);
    const entities: readonly { readonly ref: ManagedRef; readonly name: string }[] = inventory[on];
    if (needs.length === 0) continue;
    const refs = entities.map(({ ref }) => ref);
    const lacked = await lackedPrivileges(
      session,
      refs,
      needs.map(({ id }) => id),
      signal,
    );
    for (const need of needs) {
      const without = entities.filter(({ ref }) => lacked?.get(ref.value)?.includes(need.id));
      if (entities.length === 0) findings.push(finding(need, 'on the root folder', true));
      else if (without.length === entities.length)
        findings.push(finding(need, `on all ${on} that it sees`, true));
      else if (without.length > 0)
        findings.push(
          finding(
            need,
            whereOf(
              without.map(({ name }) => name),
              entities.length,
              on,
            ),
            false,
          ),
        );
    }
  }
  return findings;
}
