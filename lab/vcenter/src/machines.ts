import { join } from 'node:path';
import { ContentId } from './disk/content-id.ts';
import { Disk } from './disk/disk.ts';
import { fill } from './disk/fill.ts';
import { Tracking } from './disk/tracking.ts';
import { placeDisks, newDiskUuid } from './model/machine-disk.ts';
import { machineProperties } from './model/machine-properties.ts';
import { Machine } from './model/machine.ts';
import type { MachineSpec } from './options.ts';
import type { Ref } from './soap/values.ts';
import type { Vim } from './vim.ts';

export class BadMachine extends Error {
  readonly code = 'bad_machine';
}

/** Makes a machine with its disks and puts it into the inventory. @throws BadMachine */
export async function addMachine(vim: Vim, spec: MachineSpec): Promise<Machine> {
  check(vim, spec);
  const number = vim.inventory.nextNumber();
  const ref: Ref = { type: 'VirtualMachine', id: `vm-${number}` };
  const folder = vim.world.folderAt(spec.folder ?? []);
  const vApp = spec.vApp === undefined ? undefined : vim.world.vAppIn(folder.ref, spec.vApp);
  const host = vim.world.hosts[0];
  if (host === undefined) throw new BadMachine('A machine needs at least one host.');
  const machine = new Machine(
    ref,
    spec,
    { folder: folder.ref, vApp, host, pool: vim.world.pool, datacenter: vim.world.datacenterName },
    directoryFor(vim, spec.name),
  );
  const specs = spec.disks ?? [];
  for (const [index, place] of placeDisks(specs).entries()) {
    const diskSpec = specs[index];
    if (diskSpec === undefined) continue;
    const file = index === 0 ? machine.directory : `${machine.directory}_${index}`;
    const disk = await Disk.create(
      join(vim.settings.stateDir, ref.id, `disk-${index}.raw`),
      diskSpec.sizeBytes,
    );
    machine.disks.push({
      ...place,
      spec: diskSpec,
      disk,
      uuid: newDiskUuid(),
      objectNumber: number,
      datastore: diskSpec.datastore ?? vim.world.datastoreNames[0] ?? '',
      basePath: `${machine.directory}/${file}.vmdk`,
      tracking: new Tracking(),
      content: new ContentId(),
    });
    if (diskSpec.source !== undefined) await fill(disk, diskSpec.source);
    disk.packed = diskSpec.packed ?? null;
  }
  vim.machines.set(ref.id, machine);
  vim.inventory.add({ ref, properties: machineProperties(machine, vim.world) });
  vim.world.attach(vApp ?? folder.ref, ref);
  return machine;
}

/** Takes a machine out of the inventory, its disks with it. */
export async function removeMachine(vim: Vim, machine: Machine): Promise<void> {
  vim.machines.delete(machine.ref.id);
  vim.world.detach(machine.placement.vApp ?? machine.placement.folder, machine.ref);
  for (const snapshot of machine.snapshots) vim.inventory.remove(snapshot.ref);
  vim.inventory.remove(machine.ref);
  for (const disk of machine.disks) await disk.disk.close();
}

function check(vim: Vim, spec: MachineSpec): void {
  if (spec.name === '' || spec.name.length > 80)
    throw new BadMachine('A machine needs a name of 1 to 80 characters.');
  for (const disk of spec.disks ?? []) {
    if (disk.datastore !== undefined && vim.world.datastore(disk.datastore) === undefined) {
      throw new BadMachine(
        `${spec.name}: no datastore "${disk.datastore}"; there are ${vim.world.datastoreNames.join(', ')}.`,
      );
    }
  }
  for (const nic of spec.nics ?? []) {
    if (vim.world.network(nic.network) === undefined) {
      throw new BadMachine(`${spec.name}: no network "${nic.network}"; give it in \`networks\`.`);
    }
  }
}

/** A directory name on the datastore: the machine's, without what file names cannot have, made unique. */
function directoryFor(vim: Vim, name: string): string {
  const base = name.replace(/[/\\%\p{Cc}]/gu, '_');
  const taken = new Set([...vim.machines.values()].map((m) => m.directory));
  let directory = base;
  for (let n = 1; taken.has(directory); n += 1) directory = `${base}_${n}`;
  return directory;
}
